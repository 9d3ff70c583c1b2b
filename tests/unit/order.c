/* order.c: the order of an epoch: every row once, the same for the same seed and epoch, lengths grouped as in
 * transformers.
 */
#include "order.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 1000 };
static int32_t rows[ROWS];
static int64_t offsets[ROWS + 1];

static cam_order opened(cam_sampling sampling, uint64_t seed, int64_t count) {
    cam_order order;
    for (int32_t r = 0; r < ROWS; r++) {
        rows[r] = r;
        offsets[r + 1] = offsets[r] + 2 + (r * 7919) % 43;
    }
    cam_order_options options = {
        .sampling = sampling, .seed = seed, .batch_rows = 8, .offsets = offsets, .rows = rows, .count = count};
    assert_int_equal(cam_order_open(&order, &options), CAM_OK);
    return order;
}

static int64_t length_of(int32_t row) {
    return offsets[row + 1] - offsets[row];
}

static void assert_each_row_once(const cam_order *order) {
    unsigned char seen[ROWS] = {0};
    for (int64_t i = 0; i < order->options.count; i++) {
        assert_in_range(order->rows[i], 0, order->options.count - 1);
        assert_int_equal(seen[order->rows[i]]++, 0);
    }
}

static void test_sequential(void **state) {
    (void)state;
    cam_order order = opened(CAM_SAMPLING_SEQUENTIAL, 1, ROWS);
    cam_order_load(&order, 3);
    assert_memory_equal(order.rows, rows, sizeof rows);
    cam_order_close(&order);
}

static void test_random(void **state) {
    (void)state;
    int32_t first[ROWS];
    cam_order order = opened(CAM_SAMPLING_RANDOM, 42, ROWS), other = opened(CAM_SAMPLING_RANDOM, 43, ROWS);
    cam_order_load(&order, 0);
    assert_each_row_once(&order);
    assert_memory_not_equal(order.rows, rows, sizeof rows);
    memcpy(first, order.rows, sizeof first);
    cam_order_load(&order, 1);
    assert_each_row_once(&order);
    assert_memory_not_equal(order.rows, first, sizeof first);
    cam_order_load(&order, 0); /* epoch 0 again gives the same order */
    assert_memory_equal(order.rows, first, sizeof first);
    cam_order_load(&other, 0);
    assert_memory_not_equal(other.rows, first, sizeof first);
    cam_order_close(&order);
    cam_order_close(&other);
}

/* Each row is equally likely at each place: 10,000 shuffles of five rows, chi-squared test of the 25 (row, place)
 * counts. */
static void test_random_is_fair(void **state) {
    (void)state;
    enum { N = 5, TIMES = 10000 };
    int count[N][N] = {{0}};
    double chi = 0, expected = (double)TIMES / N;
    cam_order order = opened(CAM_SAMPLING_RANDOM, 7, N);
    for (int64_t epoch = 0; epoch < TIMES; epoch++) {
        cam_order_load(&order, epoch);
        for (int place = 0; place < N; place++)
            count[order.rows[place]][place]++;
    }
    for (int r = 0; r < N; r++)
        for (int place = 0; place < N; place++)
            chi += (count[r][place] - expected) * (count[r][place] - expected) / expected;
    assert_true(chi < 39.3); /* 16 degrees of freedom: probability 0.001 of a larger value */
    cam_order_close(&order);
}

static void test_group_by_length(void **state) {
    (void)state;
    /* 1,000 rows, batches of 8: blocks of 8 * 31 rows */
    enum { BLOCK = 8 * 31 };
    int64_t longest = 0;
    cam_order order = opened(CAM_SAMPLING_GROUP_BY_LENGTH, 42, ROWS);
    cam_order_load(&order, 0);
    assert_each_row_once(&order);
    for (int32_t r = 0; r < ROWS; r++)
        longest = length_of(r) > longest ? length_of(r) : longest;
    assert_int_equal(length_of(order.rows[0]), longest);
    for (int i = 2; i < ROWS; i++) /* the swap concerns only the first row of two blocks */
        if (i % BLOCK > 1)
            assert_true(length_of(order.rows[i - 1]) >= length_of(order.rows[i]));
    cam_order_close(&order);
}

static void test_nothing_and_one(void **state) {
    (void)state;
    for (int64_t count = 0; count < 2; count++) {
        cam_order order = opened(CAM_SAMPLING_GROUP_BY_LENGTH, 42, count);
        cam_order_load(&order, 0);
        assert_each_row_once(&order);
        cam_order_close(&order);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequential),      cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_is_fair),  cmocka_unit_test(test_group_by_length),
        cmocka_unit_test(test_nothing_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
