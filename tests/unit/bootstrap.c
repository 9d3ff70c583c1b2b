/* bootstrap: intervals are those of numpy on the same draws (data/bootstrap_golden.inc), whatever the number of threads; the
 * exact test is SciPy's (data/mcnemar_golden.inc). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootstrap.h"
#include "clock.h"
#include "paired.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 6 };

static const struct golden {
    int64_t rows;
    int32_t labels, units;
    int64_t resamples;
    double confidence;
    uint64_t seed;
    cam_interval one[SHOWN], difference[SHOWN];
} golden[] = {
#include "data/bootstrap_golden.inc"
};

static const struct {
    int64_t first_only, second_only;
    double p;
} mcnemar[] = {
#include "data/mcnemar_golden.inc"
};

static int32_t hashed(int64_t i, uint32_t salt) {
    return (int32_t)((((uint32_t)i * 2654435761U) + salt * 40503U) >> 16);
}

typedef struct sample {
    int32_t *truth, *predicted, *unit;
    double *loss;
    cam_bootstrap_rows rows;
} sample;

static sample make_sample(int64_t rows, int32_t labels, int32_t units, uint32_t salt) {
    size_t count = (size_t)rows;
    sample s = {.truth = malloc(count * sizeof(int32_t)),
                .predicted = malloc(count * sizeof(int32_t)),
                .unit = malloc(count * sizeof(int32_t)),
                .loss = malloc(count * sizeof(double))};
    assert_true(s.truth && s.predicted && s.unit && s.loss);
    for (int64_t i = 0; i < rows; i++) {
        int32_t a = hashed(i, 1) % labels, b = hashed(i, 2) % labels;
        s.truth[i] = a < b ? a : b;
        s.predicted[i] = hashed(i, 3 + salt) % 100 < 30 ? hashed(i, 5 + salt) % labels : s.truth[i];
        s.unit[i] = units == 0 ? 0 : i < units ? (int32_t)i : hashed(i, 9) % units;
        s.loss[i] = hashed(i, 7 + salt) % 1000 / 250.0;
    }
    s.rows = (cam_bootstrap_rows){.rows = rows,
                                  .labels = labels,
                                  .truth = s.truth,
                                  .predicted = s.predicted,
                                  .loss = s.loss,
                                  .units = units,
                                  .unit = units > 0 ? s.unit : NULL};
    return s;
}

static void release(sample *s) {
    free(s->truth);
    free(s->predicted);
    free(s->unit);
    free(s->loss);
}

static void expect_near(double found, double expected, size_t number, int column) {
    if (!(fabs(found - expected) <= 1e-12))
        fail_msg("case %zu, column %d: %.17g instead of %.17g", number, column, found, expected);
}

static void expect_scores(const cam_bootstrap_scores *scores, const cam_interval *expected, int32_t labels,
                          size_t number) {
    cam_interval found[SHOWN] = {scores->accuracy, scores->f1_macro, scores->f1_weighted,
                                 scores->loss,     scores->f1[0],    scores->f1[labels - 1]};
    for (int c = 0; c < SHOWN; c++) {
        expect_near(found[c].value, expected[c].value, number, c);
        expect_near(found[c].low, expected[c].low, number, c);
        expect_near(found[c].high, expected[c].high, number, c);
    }
}

static void test_golden(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        const struct golden *g = &golden[i];
        sample a = make_sample(g->rows, g->labels, g->units, 0), b = make_sample(g->rows, g->labels, g->units, 100);
        cam_interval f1[16];
        cam_bootstrap_scores scores = {.f1 = f1};
        for (int threads = 1; threads <= 3; threads += 2) {
            cam_bootstrap_options options = {g->seed, g->resamples, g->confidence, threads};
            assert_int_equal(cam_bootstrap(&a.rows, &options, &scores), CAM_OK);
            expect_scores(&scores, g->one, g->labels, i);
            assert_int_equal(cam_paired_bootstrap(&a.rows, &b.rows, &options, &scores), CAM_OK);
            expect_scores(&scores, g->difference, g->labels, i);
        }
        release(&a);
        release(&b);
    }
}

/* Without losses draws are counted by a shorter loop: the other scores are the same. */
static void test_without_loss(void **state) {
    (void)state;
    sample a = make_sample(golden[0].rows, golden[0].labels, 0, 0);
    cam_bootstrap_options options = {golden[0].seed, golden[0].resamples, golden[0].confidence, 2};
    cam_bootstrap_scores scores = {.f1 = NULL};
    a.rows.loss = NULL;
    assert_int_equal(cam_bootstrap(&a.rows, &options, &scores), CAM_OK);
    expect_near(scores.f1_macro.low, golden[0].one[1].low, 0, 1);
    expect_near(scores.accuracy.high, golden[0].one[0].high, 0, 0);
    assert_true(isnan(scores.loss.value) && isnan(scores.loss.low) && isnan(scores.loss.high));
    release(&a);
}

static void test_refusals(void **state) {
    (void)state;
    sample a = make_sample(10, 3, 0, 0);
    cam_bootstrap_options options = {42, 100, 0.95, 1};
    cam_bootstrap_scores scores = {.f1 = NULL};
    options.confidence = 1;
    assert_int_equal(cam_bootstrap(&a.rows, &options, &scores), CAM_E_USAGE);
    assert_string_equal(cam_status_message(), "confidence is 1; it must lie between 0 and 1");
    options.confidence = NAN;
    assert_int_equal(cam_bootstrap(&a.rows, &options, &scores), CAM_E_USAGE);
    options.confidence = 0.95;
    options.resamples = 0;
    assert_int_equal(cam_bootstrap(&a.rows, &options, &scores), CAM_E_USAGE);
    options.resamples = 10;
    a.rows.rows = 0;
    assert_int_equal(cam_bootstrap(&a.rows, &options, &scores), CAM_E_USAGE);
    assert_string_equal(cam_status_message(), "a bootstrap of 0 rows with 10 resamples");
    release(&a);
}

static void test_quantiles(void **state) {
    (void)state;
    static const double sorted[] = {1, 2, 4, 8};
    assert_true(cam_quantile(sorted, 4, 0) == 1 && cam_quantile(sorted, 4, 1) == 8);
    assert_true(fabs(cam_quantile(sorted, 4, 0.5) - 3) < 1e-15 && fabs(cam_quantile(sorted, 4, 0.9) - 6.8) < 1e-14);
    assert_true(cam_quantile(sorted, 1, 0.3) == 1 && isnan(cam_quantile(sorted, 0, 0.3)));
    double values[] = {3, NAN, 1};
    cam_interval interval = cam_interval_of(2, values, 3, 0.95);
    assert_true(interval.value == 2 && isnan(interval.low) && isnan(interval.high));
}

static void test_mcnemar(void **state) {
    (void)state;
    static const int32_t truth[] = {0, 1, 2, 0, 1, 2}, first[] = {0, 1, 2, 0, 0, 0}, second[] = {0, 0, 0, 1, 0, 2};
    for (size_t i = 0; i < sizeof mcnemar / sizeof mcnemar[0]; i++) {
        double p = cam_mcnemar_p(mcnemar[i].first_only, mcnemar[i].second_only);
        if (!(fabs(p - mcnemar[i].p) <= 1e-9 * mcnemar[i].p))
            fail_msg("case %zu: %.17g instead of %.17g", i, p, mcnemar[i].p);
        assert_true(p == cam_mcnemar_p(mcnemar[i].second_only, mcnemar[i].first_only));
    }
    assert_true(cam_mcnemar_p(0, 0) == 1);
    cam_mcnemar result = cam_mcnemar_exact(6, truth, first, second);
    assert_int_equal(result.first_only, 3);
    assert_int_equal(result.second_only, 1);
    assert_true(fabs(result.p - 0.625) < 1e-12);
}

/* Printed, not tested: the time depends on what else the machine does. */
static void test_time(void **state) {
    (void)state;
    sample a = make_sample(10000, 60, 0, 0);
    cam_interval f1[60];
    cam_bootstrap_options options = {42, CAM_BOOTSTRAP_RESAMPLES, 0.95, 2};
    cam_bootstrap_scores scores = {.f1 = f1};
    a.rows.loss = NULL;
    double start = cam_now_s();
    assert_int_equal(cam_bootstrap(&a.rows, &options, &scores), CAM_OK);
    printf("10,000 resamples of 10,000 rows, 60 labels, two threads: %.2f s\n", cam_now_s() - start);
    assert_true(scores.accuracy.low < scores.accuracy.value && scores.accuracy.value < scores.accuracy.high);
    release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),    cmocka_unit_test(test_without_loss), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_quantiles), cmocka_unit_test(test_mcnemar),      cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
