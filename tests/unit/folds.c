/* folds: rows are in the folds of scikit-learn, row for row (data/folds_golden.inc); what is refused, and what is noted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folds.h"
#include <stdlib.h>

static const struct golden {
    size_t rows;
    int32_t folds;
    uint32_t seed, labels, groups, shape;
    int64_t small_labels;
    uint64_t hash;
} golden[] = {
#include "data/folds_golden.inc"
};

static uint64_t fnv(const int32_t *fold, size_t count) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < count; i++)
        for (int byte = 0; byte < 8; byte++)
            hash = (hash ^ ((uint64_t)fold[i] >> (8 * byte) & 0xFF)) * UINT64_C(0x100000001B3);
    return hash;
}

static int32_t class_of(size_t i, uint32_t k) {
    uint32_t x = (uint32_t)((uint64_t)i * 2654435761U) >> 16;
    uint32_t a = x % k, b = (x >> 4) % k;
    return (int32_t)(a < b ? a : b);
}

static int32_t group_of(size_t i, const struct golden *g) {
    uint32_t spread = (uint32_t)(i * 40503 % 65536), root = 0;
    if (g->shape == 1)
        return (int32_t)(i * g->groups / g->rows);
    if (g->shape == 0)
        return (int32_t)(spread % g->groups);
    while ((root + 1) * (root + 1) <= spread % (g->groups * g->groups))
        root++;
    return (int32_t)root;
}

/* Sets group[rows] to numbers without holes in the same order; returns how many there are. */
static size_t number_groups(int32_t *group, const struct golden *g) {
    int32_t *number = calloc(g->groups, sizeof *number), count = 0;
    assert_non_null(number);
    for (size_t i = 0; i < g->rows; i++)
        number[group[i] = group_of(i, g)] = 1;
    for (uint32_t j = 0; j < g->groups; j++)
        number[j] = number[j] ? count++ : -1;
    for (size_t i = 0; i < g->rows; i++)
        group[i] = number[group[i]];
    free(number);
    return (size_t)count;
}

static void test_golden(void **state) {
    (void)state;
    for (size_t c = 0; c < sizeof golden / sizeof golden[0]; c++) {
        const struct golden *g = &golden[c];
        int32_t *ids = malloc(g->rows * sizeof *ids), *group = malloc(g->rows * sizeof *group);
        int32_t *fold = malloc(g->rows * sizeof *fold);
        cam_folds_notes notes;
        assert_true(ids && group && fold);
        for (size_t i = 0; i < g->rows; i++)
            ids[i] = class_of(i, g->labels) + 1; /* id 0 has no row */
        if (g->groups == 0) {
            assert_int_equal(cam_folds_stratified(fold, g->rows, g->folds, g->seed, ids, g->labels + 2, &notes),
                             CAM_OK);
            assert_int_equal(notes.largest_group, 1);
        } else {
            size_t groups = number_groups(group, g);
            assert_int_equal(
                cam_folds_stratified_group(fold, g->rows, g->folds, g->seed, ids, g->labels + 2, group, groups, &notes),
                CAM_OK);
            assert_true(notes.largest_group >= 1);
        }
        if (fnv(fold, g->rows) != g->hash)
            fail_msg("case %zu: other folds than those of scikit-learn", c);
        assert_int_equal(notes.small_labels, g->small_labels);
        free(ids);
        free(group);
        free(fold);
    }
}

static void test_notes(void **state) {
    (void)state;
    static const int32_t ids[] = {2, 2, 2, 0, 0, 2, 3, 3}, group[] = {0, 0, 0, 1, 2, 0, 1, 1};
    int32_t fold[8];
    cam_folds_notes notes;
    assert_int_equal(cam_folds_stratified(fold, 8, 3, 1, ids, 5, &notes), CAM_OK);
    assert_int_equal(notes.small_labels, 2);
    assert_int_equal(notes.smallest, 2);
    assert_int_equal(notes.smallest_id, 0);
    assert_int_equal(cam_folds_stratified_group(fold, 8, 3, 1, ids, 5, group, 3, &notes), CAM_OK);
    assert_int_equal(notes.small_labels, 2);
    assert_int_equal(notes.largest_group, 4);
    assert_int_equal(fold[0], fold[5]);
    assert_int_equal(fold[3], fold[7]);
    assert_int_equal(cam_folds_stratified(fold, 8, 3, 1, ids, 5, NULL), CAM_OK);
}

static void expect(cam_status status, cam_status expected, const char *message) {
    assert_int_equal(status, expected);
    assert_string_equal(cam_status_message(), message);
}

static void test_refusals(void **state) {
    (void)state;
    static const int32_t ids[] = {0, 0, 1, 1, 2}, group[] = {0, 0, 1, 1, 1};
    int32_t fold[5];
    expect(cam_folds_stratified(fold, 5, 1, 42, ids, 3, NULL), CAM_E_USAGE, "folds is 1; it must be 2 to 1000");
    expect(cam_folds_stratified(fold, 5, 1001, 42, ids, 3, NULL), CAM_E_USAGE, "folds is 1001; it must be 2 to 1000");
    expect(cam_folds_stratified(fold, 1, 2, 42, ids, 3, NULL), CAM_E_DATA, "1 row cannot be divided into 2 folds");
    expect(cam_folds_stratified(fold, 5, 3, 42, ids, 3, NULL), CAM_E_DATA,
           "every label has fewer rows than there are folds, 3");
    expect(cam_folds_stratified_group(fold, 5, -1, 42, ids, 3, group, 2, NULL), CAM_E_USAGE,
           "folds is -1; it must be 2 to 1000");
    expect(cam_folds_stratified_group(fold, 4, 2, 42, ids, 3, (int32_t[]){0, 0, 0, 0}, 1, NULL), CAM_E_DATA,
           "1 group cannot be divided into 2 folds");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
