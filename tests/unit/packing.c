/* packing.c: the index arrays of a packed batch. Positions are those of Hugging Face's
 * create_position_ids_from_input_ids; the example of its own test is included: ids 12 31 13 1 have positions 2 3 4 1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packing.h"
#include <string.h>

static int32_t all_ids[] = {5, 6, 12, 31, 13, 1, 5, 1, 9, 6, 5, 40, 6};
static int64_t offsets[] = {0, 2, 6, 10, 13};
static const cam_token_rows rows = {.ids = all_ids, .offsets = offsets, .rows = 4};

enum { T = 10, B = 3, GUARD = -77 };

typedef struct buffers {
    int32_t ids[T + 1], positions[T + 1], token_row[T + 1], token_index[T + 1];
    int32_t cu_seqlens[B + 2], first_token[B + 1], row_ids[B + 1];
} buffers;

static cam_packed_batch over(buffers *b) {
    int32_t *all = (int32_t *)b;
    for (size_t i = 0; i < sizeof *b / sizeof *all; i++)
        all[i] = GUARD;
    return (cam_packed_batch){.token_capacity = T,
                              .sequence_capacity = B,
                              .ids = b->ids,
                              .positions = b->positions,
                              .token_row = b->token_row,
                              .token_index = b->token_index,
                              .cu_seqlens = b->cu_seqlens,
                              .first_token = b->first_token,
                              .row_ids = b->row_ids};
}

static void test_pack(void **state) {
    (void)state;
    static const int32_t list[] = {2, 0, 1};
    static const buffers expected = {{5, 1, 9, 6, 5, 6, 12, 31, 13, 1, GUARD},
                                     {2, 1, 3, 4, 2, 3, 2, 3, 4, 1, GUARD},
                                     {2, 2, 2, 2, 0, 0, 1, 1, 1, 1, GUARD},
                                     {0, 1, 2, 3, 0, 1, 0, 1, 2, 3, GUARD},
                                     {0, 4, 6, 10, GUARD},
                                     {0, 4, 6, GUARD},
                                     {2, 0, 1, GUARD}};
    buffers b;
    cam_packed_batch batch = over(&b);
    assert_int_equal(cam_packing_pack(&batch, &rows, list, 3, 1, 2), CAM_OK);
    assert_memory_equal(&b, &expected, sizeof b);
    assert_int_equal(batch.tokens, 10);
    assert_int_equal(batch.sequences, 3);
    assert_int_equal(batch.longest, 4);
}

static void test_fewer_rows_and_arrays(void **state) {
    (void)state;
    static const int32_t list[] = {3, 3};
    static const int32_t ids[] = {5, 40, 6, 5, 40, 6, GUARD}, cu_seqlens[] = {0, 3, 6, GUARD};
    buffers b;
    cam_packed_batch batch = over(&b);
    batch.positions = batch.token_row = batch.token_index = batch.first_token = batch.row_ids = NULL;
    assert_int_equal(cam_packing_pack(&batch, &rows, list, 2, 1, 2), CAM_OK);
    assert_memory_equal(b.ids, ids, sizeof ids);
    assert_memory_equal(b.cu_seqlens, cu_seqlens, sizeof cu_seqlens);
    assert_int_equal(b.positions[0], GUARD);
    assert_int_equal(batch.longest, 3);
    assert_int_equal(cam_packing_pack(&batch, &rows, list, 0, 1, 2), CAM_OK);
    assert_int_equal(batch.tokens, 0);
    assert_int_equal(b.cu_seqlens[0], 0);
}

static void test_too_small_writes_nothing(void **state) {
    (void)state;
    static const int32_t list[] = {0, 1, 2, 3}, far[] = {0, 4}, below[] = {-1};
    buffers b, before;
    cam_packed_batch batch = over(&b);
    before = b;
    assert_int_equal(cam_packing_pack(&batch, &rows, list, 4, 1, 2), CAM_E_INTERNAL);     /* 4 sequences, 13 tokens */
    assert_int_equal(cam_packing_pack(&batch, &rows, list + 1, 3, 1, 2), CAM_E_INTERNAL); /* 11 tokens */
    assert_int_equal(cam_packing_pack(&batch, &rows, far, 2, 1, 2), CAM_E_INTERNAL);
    assert_int_equal(cam_packing_pack(&batch, &rows, below, 1, 1, 2), CAM_E_INTERNAL);
    assert_memory_equal(&b, &before, sizeof b);
}

static void test_count(void **state) {
    (void)state;
    static const int32_t list[] = {0, 3, 3};
    int64_t longest = -1;
    assert_int_equal(cam_packing_tokens(&rows, list, 3, &longest), 8);
    assert_int_equal(longest, 3);
    assert_int_equal(cam_packing_tokens(&rows, list, 0, &longest), 0);
    assert_int_equal(longest, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_fewer_rows_and_arrays),
        cmocka_unit_test(test_too_small_writes_nothing),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
