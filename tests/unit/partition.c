/* partition.c: cam_rows_partition, which divides rows among ranks, against the best of all partitions of short lists.
 */
#include "partition_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 9, RANKS = 5, DRAWS = 400 };

/* Rows with these numbers of tokens, listed in reverse order, so that a row's number is not its place. */
typedef struct rows {
    int64_t offsets[ROWS + 1];
    int32_t list[ROWS];
    int64_t count;
} rows;

static rows rows_of(const int64_t *tokens, int64_t count) {
    rows r = {.count = count};
    for (int64_t i = 0; i < count; i++) {
        r.offsets[i + 1] = r.offsets[i] + tokens[i];
        r.list[i] = (int32_t)(count - 1 - i);
    }
    return r;
}

static int64_t tokens_at(const rows *r, int equal_weights, int64_t place) {
    int32_t row = r->list[place];
    return equal_weights ? 1 : r->offsets[row + 1] - r->offsets[row];
}

/* The minimum, over all partitions of list[first ..) into `ranks` runs, of the largest run's tokens. */
static int64_t least_largest(const rows *r, int equal_weights, int64_t first, int ranks) {
    int64_t run = 0, best = INT64_MAX;
    for (int64_t end = first; end <= r->count; end++) {
        run += end > first ? tokens_at(r, equal_weights, end - 1) : 0;
        if (ranks == 1 && end < r->count)
            continue;
        int64_t rest = ranks == 1 ? 0 : least_largest(r, equal_weights, end, ranks - 1),
                largest = run > rest ? run : rest;
        best = largest < best ? largest : best;
    }
    return best;
}

/* The tokens of a partition's largest run. Checks that the runs are the whole list, in order. */
static int64_t largest_run(const rows *r, int equal_weights, int ranks) {
    int64_t begin[RANKS + 2], largest = 0;
    memset(begin, 0x5a, sizeof begin);
    int64_t untouched = begin[0];
    cam_rows_partition(equal_weights ? NULL : r->offsets, r->list, r->count, ranks, begin);
    assert_int_equal(begin[0], 0);
    assert_int_equal(begin[ranks], r->count);
    assert_int_equal(begin[ranks + 1], untouched);
    for (int rank = 0; rank < ranks; rank++) {
        int64_t sum = 0;
        assert_true(begin[rank] <= begin[rank + 1]);
        for (int64_t i = begin[rank]; i < begin[rank + 1]; i++)
            sum += tokens_at(r, equal_weights, i);
        assert_int_equal(sum, cam_rows_weight(equal_weights ? NULL : r->offsets, r->list + begin[rank],
                                              begin[rank + 1] - begin[rank]));
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

static void check(const rows *r) {
    for (int ranks = 1; ranks <= RANKS; ranks++)
        for (int equal_weights = 0; equal_weights < 2; equal_weights++)
            assert_int_equal(largest_run(r, equal_weights, ranks), least_largest(r, equal_weights, 0, ranks));
}

static void test_the_largest_part_is_minimal(void **state) {
    (void)state;
    uint32_t random = 1;
    for (int draw = 0; draw < DRAWS; draw++) {
        int64_t tokens[ROWS], most = draw % 4 == 0 ? 3 : 40;
        for (int i = 0; i < ROWS; i++) {
            random = random * 1664525u + 1013904223u;
            tokens[i] = 1 + (random >> 16) % most;
        }
        rows r = rows_of(tokens, draw % (ROWS + 1));
        check(&r);
    }
}

static void test_one_row_of_most_tokens(void **state) {
    (void)state;
    for (int64_t place = 0; place < 6; place++) {
        int64_t tokens[6] = {3, 1, 4, 1, 5, 9};
        tokens[place] = 500;
        rows r = rows_of(tokens, 6);
        check(&r);
        assert_int_equal(largest_run(&r, 0, 3), 500);
    }
}

static void test_rows_of_equal_length(void **state) {
    (void)state;
    const int64_t tokens[ROWS] = {7, 7, 7, 7, 7, 7, 7, 7, 7};
    for (int64_t count = 0; count <= ROWS; count++) {
        rows r = rows_of(tokens, count);
        check(&r);
        for (int ranks = 1; ranks <= RANKS; ranks++)
            assert_int_equal(largest_run(&r, 0, ranks), 7 * ((count + ranks - 1) / ranks));
    }
}

static void test_fewer_rows_than_ranks(void **state) {
    (void)state;
    const int64_t tokens[2] = {4, 9};
    for (int64_t count = 0; count <= 2; count++) {
        rows r = rows_of(tokens, count);
        check(&r);
        assert_int_equal(largest_run(&r, 0, RANKS), count == 0 ? 0 : count == 1 ? 4 : 9);
    }
}

static void test_rows_without_tokens(void **state) {
    (void)state;
    const int64_t none[4] = {0, 0, 0, 0}, some[4] = {0, 5, 0, 0};
    rows r = rows_of(none, 4), s = rows_of(some, 4);
    check(&r);
    check(&s);
}

/* Each rank computes the partition by itself, so all must get the same one. */
static void test_deterministic(void **state) {
    (void)state;
    const int64_t tokens[ROWS] = {2, 20, 3, 16, 13, 3, 5, 9, 7};
    rows r = rows_of(tokens, ROWS);
    int64_t first[RANKS + 1], again[RANKS + 1];
    memset(first, 0, sizeof first);
    memset(again, 0xff, sizeof again);
    cam_rows_partition(r.offsets, r.list, r.count, RANKS, first);
    cam_rows_partition(r.offsets, r.list, r.count, RANKS, again);
    assert_memory_equal(first, again, sizeof first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_largest_part_is_minimal), cmocka_unit_test(test_one_row_of_most_tokens),
        cmocka_unit_test(test_rows_of_equal_length),        cmocka_unit_test(test_fewer_rows_than_ranks),
        cmocka_unit_test(test_rows_without_tokens),         cmocka_unit_test(test_deterministic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
