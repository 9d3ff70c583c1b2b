/* confident: thresholds, joint, suspects and scores are cleanlab's (data/confident_golden.inc). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "confident.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct golden {
    int64_t rows;
    int32_t labels, wrong;
    int64_t suspects;
    uint64_t suspect_hash, joint_hash;
    double thresholds, self_confidence, margin;
    cam_interval share;
} golden[] = {
#include "data/confident_golden.inc"
};

static int32_t hashed(int64_t i, uint32_t salt) {
    return (int32_t)((((uint32_t)i * 2654435761U) + salt * 40503U) >> 16);
}

static uint64_t fnv(const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* The caller frees both arrays. */
static void make_rows(const struct golden *g, double **scores, int32_t **given) {
    *scores = malloc((size_t)(g->rows * g->labels) * sizeof(double));
    *given = malloc((size_t)g->rows * sizeof(int32_t));
    assert_true(*scores && *given);
    for (int64_t i = 0; i < g->rows; i++) {
        int32_t a = hashed(i, 1) % g->labels, b = hashed(i, 2) % g->labels, truth = a < b ? a : b;
        double *row = *scores + i * g->labels, sum = 0;
        (*given)[i] = hashed(i, 3) % 100 < g->wrong ? hashed(i, 5) % g->labels : truth;
        for (int32_t k = 0; k < g->labels; k++) {
            row[k] = 1 + hashed(i * g->labels + k, 11) % 8 + (k == truth ? hashed(i, 13) % 40 : 0);
            sum += row[k];
        }
        for (int32_t k = 0; k < g->labels; k++)
            row[k] /= sum;
    }
}

static double sum_of(const double *values, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static void expect_near(double found, double expected, size_t number, const char *what) {
    if (!(fabs(found - expected) <= 1e-12 * (1 + fabs(expected))))
        fail_msg("case %zu: %s is %.17g instead of %.17g", number, what, found, expected);
}

static void test_golden(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        const struct golden *g = &golden[i];
        double *scores;
        int32_t *given;
        cam_confident found;
        cam_interval share;
        cam_bootstrap_options options = {42, 200, 0.9, 1};
        make_rows(g, &scores, &given);
        cam_confident_rows rows = {g->rows, g->labels, scores, given};
        assert_int_equal(cam_confident_find(&rows, &found), CAM_OK);
        expect_near(sum_of(found.threshold, g->labels), g->thresholds, i, "the sum of thresholds");
        expect_near(sum_of(found.self_confidence, g->rows), g->self_confidence, i, "the sum of self confidences");
        expect_near(sum_of(found.margin, g->rows), g->margin, i, "the sum of margins");
        if (fnv(found.joint, (size_t)(g->labels * g->labels) * sizeof(int64_t)) != g->joint_hash)
            fail_msg("case %zu: another joint", i);
        assert_int_equal(found.suspects, g->suspects);
        if (fnv(found.suspect, (size_t)g->rows) != g->suspect_hash)
            fail_msg("case %zu: other suspects", i);
        assert_int_equal(cam_confident_wrong_share(&rows, &options, &share), CAM_OK);
        expect_near(share.value, g->share.value, i, "the share");
        expect_near(share.low, g->share.low, i, "the lower end");
        expect_near(share.high, g->share.high, i, "the upper end");
        cam_confident_release(&found);
        free(scores);
        free(given);
    }
}

static void test_one_wrong_label(void **state) {
    (void)state;
    static const double scores[] = {.9, .05, .05, .8, .1, .1, .1, .8, .1, .2, .7, .1, .1, .1, .8, .85, .1, .05};
    static const int32_t given[] = {0, 0, 1, 1, 2, 1};
    cam_confident_rows rows = {6, 3, scores, given};
    cam_confident found;
    assert_int_equal(cam_confident_find(&rows, &found), CAM_OK);
    assert_int_equal(found.suspects, 1);
    assert_int_equal(found.suspect[5], 1);
    assert_int_equal(found.best[5], 0);
    assert_int_equal(found.best[0], 1);
    assert_true(found.self_confidence[5] == .1 && fabs(found.margin[5] - .125) < 1e-15);
    assert_int_equal(found.joint[3 + 0], 1);
    cam_confident_release(&found);
}

static void test_refusals(void **state) {
    (void)state;
    static const double scores[] = {1};
    static const int32_t given[] = {0};
    cam_confident_rows rows = {1, 1, scores, given};
    cam_confident found;
    cam_interval share;
    cam_bootstrap_options options = {42, 0, 0.9, 1};
    assert_int_equal(cam_confident_find(&rows, &found), CAM_E_USAGE);
    assert_string_equal(cam_status_message(), "confident learning on 1 rows with 1 labels");
    cam_confident_release(&found);
    rows.labels = 2;
    assert_int_equal(cam_confident_wrong_share(&rows, &options, &share), CAM_E_USAGE);
    rows.rows = 0;
    assert_int_equal(cam_confident_find(&rows, &found), CAM_E_USAGE);
    cam_confident_release(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_one_wrong_label),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
