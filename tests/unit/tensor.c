/* tensor.c: arithmetic on views. Overlap is held to a count of shared bytes, for every pair of small views. */
#include "cam/tensor.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static float memory[64];

static void dtypes_are_those_of_safetensors(void **state) {
    (void)state;
    assert_string_equal(cam_dtype_name(CAM_BF16), "BF16");
    assert_string_equal(cam_dtype_name(CAM_F64), "F64");
    assert_int_equal(cam_dtype_size(CAM_BF16), 2);
    assert_int_equal(cam_dtype_size(CAM_F16), 2);
    assert_int_equal(cam_dtype_size(CAM_F32), 4);
    assert_int_equal(cam_dtype_size(CAM_I32), 4);
    assert_int_equal(cam_dtype_size(CAM_F64), 8);
}

static void counts_and_bytes(void **state) {
    (void)state;
    cam_tensor wide = cam_tensor_2d(memory, CAM_F32, 4, 12), part = cam_tensor_columns(wide, 4, 3);
    assert_int_equal(cam_tensor_count(wide), 48);
    assert_int_equal(cam_tensor_bytes(wide), 192);
    assert_ptr_equal(part.data, memory + 4);
    assert_int_equal(cam_tensor_count(part), 12);
    assert_int_equal(cam_tensor_bytes(part), (3 * 12 + 3) * 4);
    assert_int_equal(cam_tensor_bytes(cam_tensor_rows(part, 2, 0)), 0);
    assert_int_equal(cam_tensor_count(CAM_NONE), 0);
    assert_int_equal(cam_tensor_bytes(CAM_NONE), 0);
    assert_ptr_equal(cam_tensor_rows(part, 2, 1).data, memory + 28);
}

static void contiguity(void **state) {
    (void)state;
    cam_tensor wide = cam_tensor_2d(memory, CAM_F32, 4, 12);
    assert_true(cam_tensor_is_contiguous(wide));
    assert_true(cam_tensor_is_contiguous(cam_tensor_rows(wide, 1, 2)));
    assert_true(cam_tensor_is_contiguous(cam_tensor_columns(wide, 0, 12)));
    assert_false(cam_tensor_is_contiguous(cam_tensor_columns(wide, 0, 11)));
    assert_true(cam_tensor_is_contiguous(cam_tensor_rows(cam_tensor_columns(wide, 3, 2), 1, 1)));
    assert_true(cam_tensor_is_contiguous(cam_tensor_1d(memory, CAM_F32, 5)));
    assert_true(cam_tensor_is_contiguous(CAM_NONE));
}

static void absent_views_stay_absent(void **state) {
    (void)state;
    cam_tensor sized = cam_tensor_2d(NULL, CAM_F32, 4, 12);
    assert_null(cam_tensor_columns(sized, 4, 3).data);
    assert_null(cam_tensor_rows(sized, 2, 1).data);
    assert_false(cam_tensor_overlaps(sized, cam_tensor_1d(memory, CAM_F32, 9)));
}

static void columns_that_interleave_do_not_overlap(void **state) {
    (void)state;
    cam_tensor qkv = cam_tensor_2d(memory, CAM_F32, 5, 12);
    cam_tensor q = cam_tensor_columns(qkv, 0, 4), k = cam_tensor_columns(qkv, 4, 4), v = cam_tensor_columns(qkv, 8, 4);
    assert_false(cam_tensor_overlaps(q, k) || cam_tensor_overlaps(k, q));
    assert_false(cam_tensor_overlaps(q, v) || cam_tensor_overlaps(v, q));
    assert_true(cam_tensor_overlaps(q, qkv) && cam_tensor_overlaps(qkv, v));
    assert_true(cam_tensor_overlaps(cam_tensor_columns(qkv, 3, 2), q));
    assert_false(cam_tensor_overlaps(cam_tensor_rows(q, 3, 2), cam_tensor_rows(k, 0, 5)));
}

static int shares_bytes(cam_tensor a, cam_tensor b) {
    unsigned char used[sizeof memory] = {0};
    for (int64_t r = 0; r < a.shape[0]; r++)
        memset(used + ((char *)a.data - (char *)memory) + r * a.row_stride * 4, 1, (size_t)a.shape[1] * 4);
    for (int64_t r = 0; r < b.shape[0]; r++)
        for (int64_t i = 0; i < b.shape[1] * 4; i++)
            if (used[((char *)b.data - (char *)memory) + r * b.row_stride * 4 + i])
                return 1;
    return 0;
}

/* Of one stride the answer is exact; a shifted start makes views that cross from one row of the other to the next. */
static void views_of_one_stride_are_told_exactly(void **state) {
    (void)state;
    enum { STRIDE = 5, ROWS = 3 };
    for (int64_t at_a = 0; at_a < 2 * STRIDE; at_a++)
        for (int64_t at_b = 0; at_b < 2 * STRIDE; at_b++)
            for (int64_t shape = 0; shape < (STRIDE + 1) * (STRIDE + 1) * ROWS; shape++) {
                int64_t width_a = shape % (STRIDE + 1), width_b = shape / (STRIDE + 1) % (STRIDE + 1);
                cam_tensor a = cam_tensor_2d(memory + at_a, CAM_F32, ROWS, width_a);
                cam_tensor b =
                    cam_tensor_2d(memory + at_b, CAM_F32, 1 + shape / ((STRIDE + 1) * (STRIDE + 1)), width_b);
                a.row_stride = b.row_stride = STRIDE;
                int shared = shares_bytes(a, b), overlap = cam_tensor_overlaps(a, b);
                if (shared)
                    assert_true(overlap);
                else if (at_a < STRIDE && at_b < STRIDE && at_a + width_a <= STRIDE && at_b + width_b <= STRIDE)
                    assert_false(overlap);
            }
}

static void other_strides_are_taken_to_overlap(void **state) {
    (void)state;
    cam_tensor a = cam_tensor_2d(memory, CAM_F32, 3, 5), b = cam_tensor_2d(memory + 14, CAM_F32, 2, 4);
    assert_true(cam_tensor_overlaps(a, b));
    assert_false(cam_tensor_overlaps(a, cam_tensor_1d(memory + 15, CAM_F32, 4)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtypes_are_those_of_safetensors),
        cmocka_unit_test(counts_and_bytes),
        cmocka_unit_test(contiguity),
        cmocka_unit_test(absent_views_stay_absent),
        cmocka_unit_test(columns_that_interleave_do_not_overlap),
        cmocka_unit_test(views_of_one_stride_are_told_exactly),
        cmocka_unit_test(other_strides_are_taken_to_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
