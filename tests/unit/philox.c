/* philox.c: the random map. Known answers are those published with Random123 (kat_vectors, philox4x32 with 10 rounds);
 * the attention tile is held to the accumulators of m16n8 that its comment describes. */
#include "cam/philox.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void check(uint64_t key, const uint32_t counter[4], const uint32_t answer[4]) {
    cam_philox_words got = cam_philox(key, counter[0], counter[1], counter[2], counter[3]);
    assert_memory_equal(got.w, answer, sizeof got.w);
}

static void published_vectors(void **state) {
    (void)state;
    check(0, (const uint32_t[]){0, 0, 0, 0}, (const uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    check(UINT64_MAX, (const uint32_t[]){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
          (const uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    check(0x299f31d0a4093822u, (const uint32_t[]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
          (const uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void lanes_are_halves_low_first(void **state) {
    (void)state;
    cam_philox_words words = {{0x00010000, 0x00030002, 0x00050004, 0x00070006}};
    for (uint32_t j = 0; j < 8; j++)
        assert_int_equal(cam_philox_lane(words, j), j);
}

static void thresholds_round_to_nearest(void **state) {
    (void)state;
    assert_int_equal(cam_dropout_threshold(0), 0);
    assert_int_equal(cam_dropout_threshold(0.1), 6554); /* 6553.6 */
    assert_int_equal(cam_dropout_threshold(0.5), 32768);
    assert_true(cam_dropout_scale(32768) == 2.0f);
    assert_true(cam_dropout_scale(0) == 1.0f);
}

/* Lane l, register j of a 16x16 tile in two m16n8 accumulators: rows l / 4 and 8 below, two columns, two accumulators.
 */
static void attention_tile_is_two_accumulators(void **state) {
    (void)state;
    for (uint32_t l = 0; l < 32; l++)
        for (uint32_t j = 0; j < 8; j++) {
            uint32_t q = l / 4 + (j & 2 ? 8 : 0), k = 2 * (l % 4) + (j & 1) + (j & 4 ? 8 : 0);
            assert_int_equal(cam_attention_call(0, q, k), l);
            assert_int_equal(cam_attention_lane(q, k), j);
        }
}

/* The same elements as the transposed tile's warp finds them. */
static void transposed_tile_reaches_each_decision_once(void **state) {
    (void)state;
    int seen[32][8] = {{0}};
    for (uint32_t l = 0; l < 32; l++)
        for (uint32_t j = 0; j < 8; j++) {
            uint32_t k = l / 4 + 8 * (j / 2 % 2), q = 8 * (j / 4) + 2 * (l % 4) + j % 2;
            seen[cam_attention_call(0, q, k)][cam_attention_lane(q, k)]++;
        }
    for (int l = 0; l < 32; l++)
        for (int j = 0; j < 8; j++)
            assert_int_equal(seen[l][j], 1);
}

static void attention_tiles_do_not_meet(void **state) {
    (void)state;
    assert_int_equal(cam_attention_call(0, 0, 16), 32);
    assert_int_equal(cam_attention_call(0, 16, 0), 64 * 32);
    assert_int_equal(cam_attention_call(1, 0, 0), 64 * 64 * 32);
    assert_int_equal(cam_attention_call(0, 1023, 1023), 64 * 64 * 32 - 1);
    assert_int_equal(cam_attention_far_call(3, 1023, 1000), cam_attention_call(3, 1023, 1000));
    assert_int_equal(cam_attention_far_call(0, 0, 1024), cam_attention_call(511, 1023, 1023) + 1);
    assert_int_equal(cam_attention_far_call(511, 8191, 8191), UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(lanes_are_halves_low_first),
        cmocka_unit_test(thresholds_round_to_nearest),
        cmocka_unit_test(attention_tile_is_two_accumulators),
        cmocka_unit_test(transposed_tile_reaches_each_decision_once),
        cmocka_unit_test(attention_tiles_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
