/* schedule.c: rates and run lengths against transformers 5.23: get_scheduler and Trainer.set_initial_training_values.
 */
#include "schedule.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef struct rate_case {
    cam_schedule schedule;
    int64_t first; /* update index of rate[0] */
    int count;
    double rate[12];
} rate_case;

static const rate_case rate_cases[] = {
    {{CAM_SCHEDULE_LINEAR, 2e-5, 0, 7},
     0,
     9,
     {2e-05, 1.7142857142857142e-05, 1.4285714285714287e-05, 1.1428571428571429e-05, 8.571428571428571e-06,
      5.7142857142857145e-06, 2.8571428571428573e-06, 0, 0}},
    {{CAM_SCHEDULE_LINEAR, 2e-5, 3, 10},
     0,
     12,
     {0, 6.666666666666667e-06, 1.3333333333333333e-05, 2e-05, 1.7142857142857142e-05, 1.4285714285714287e-05,
      1.1428571428571429e-05, 8.571428571428571e-06, 5.7142857142857145e-06, 2.8571428571428573e-06, 0, 0}},
    {{CAM_SCHEDULE_LINEAR, 2e-5, 8, 129}, 0, 2, {0, 2.5e-06}},
    {{CAM_SCHEDULE_LINEAR, 2e-5, 8, 129}, 7, 3, {1.7500000000000002e-05, 2e-05, 1.9834710743801656e-05}},
    {{CAM_SCHEDULE_LINEAR, 2e-5, 8, 129}, 64, 1, {1.0743801652892562e-05}},
    {{CAM_SCHEDULE_LINEAR, 2e-5, 8, 129}, 128, 2, {1.6528925619834713e-07, 0}},
    {{CAM_SCHEDULE_LINEAR, 1, 5, 3}, 0, 5, {0, 0.2, 0.4, 0.6, 0.8}},
    {{CAM_SCHEDULE_COSINE, 5e-5, 2, 9},
     0,
     11,
     {0, 2.5e-05, 5e-05, 4.752422169756048e-05, 4.058724504646834e-05, 3.056302334890786e-05, 1.9436976651092144e-05,
      9.412754953531663e-06, 2.475778302439524e-06, 0, 2.4757783024395215e-06}},
    {{CAM_SCHEDULE_COSINE, 3e-4, 0, 4},
     0,
     6,
     {0.0003, 0.00025606601717798207, 0.00015, 4.3933982822017876e-05, 0, 4.393398282201784e-05}},
    {{CAM_SCHEDULE_CONSTANT, 1e-3, 3, 5}, 0, 7, {1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3}},
    {{CAM_SCHEDULE_CONSTANT_WITH_WARMUP, 1e-3, 4, 6}, 0, 8, {0, 0.00025, 0.0005, 0.00075, 1e-3, 1e-3, 1e-3, 1e-3}},
};

static void rates_are_those_of_transformers(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof rate_cases / sizeof rate_cases[0]; i++) {
        const rate_case *c = &rate_cases[i];
        /* Only the cosine depends on the rounding of the C library. */
        double slack = c->schedule.kind == CAM_SCHEDULE_COSINE ? 4 * 2.3e-16 * c->schedule.learning_rate : 0;
        for (int u = 0; u < c->count; u++) {
            double rate = cam_schedule_rate(&c->schedule, c->first + u);
            if (!(fabs(rate - c->rate[u]) <= slack))
                fail_msg("case %zu, update %d: %.17g, transformers has %.17g", i, (int)c->first + u, rate, c->rate[u]);
        }
    }
}

static void warmup_is_rounded_up(void **unused) {
    (void)unused;
    static const struct {
        double ratio;
        int64_t updates, warmup;
    } cases[] = {{0.06, 129, 8},  {0.06, 100, 6}, {0.1, 30, 3}, {0.07, 100, 8},
                 {0.29, 100, 29}, {0.06, 0, 0},   {0, 50, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(cam_schedule_warmup(cases[i].ratio, 0, cases[i].updates), cases[i].warmup);
    assert_int_equal(cam_schedule_warmup(0.06, 500, 100), 500); /* an explicit number of steps is taken as it is */
}

static void run_lengths_are_those_of_the_trainer(void **unused) {
    (void)unused;
    static const struct {
        cam_plan_settings settings;
        int64_t epochs, per_epoch, batches, updates;
    } cases[] = {
        {{100, 32, 1, 3, -1}, 3, 4, 4, 12}, {{100, 32, 3, 3, -1}, 3, 2, 4, 6}, {{1370, 32, 1, 3, -1}, 3, 43, 43, 129},
        {{10, 4, 2, 0.5, -1}, 1, 2, 3, 1},  {{10, 4, 2, 2.5, -1}, 3, 2, 3, 5}, {{10, 64, 4, 1, -1}, 1, 1, 1, 1},
        {{100, 32, 3, 3, 5}, 3, 2, 4, 5},   {{7, 2, 3, 1.01, -1}, 2, 2, 4, 3}, {{96, 32, 3, 2, -1}, 2, 1, 3, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_plan plan;
        assert_int_equal(cam_plan_make(&plan, &cases[i].settings), CAM_OK);
        assert_int_equal(plan.epochs, cases[i].epochs);
        assert_int_equal(plan.updates_per_epoch, cases[i].per_epoch);
        assert_int_equal(plan.batches_per_epoch, cases[i].batches);
        assert_int_equal(plan.updates, cases[i].updates);
    }
}

static void spans_cover_each_row_once_an_epoch(void **unused) {
    (void)unused;
    for (int64_t rows = 1; rows < 40; rows++) {
        for (int64_t accumulation = 1; accumulation < 5; accumulation++) {
            cam_plan plan;
            cam_plan_settings settings = {rows, 3, accumulation, 2, 0};
            assert_int_equal(cam_plan_make(&plan, &settings), CAM_OK);
            int64_t next = 0, epoch = 0;
            for (int64_t u = 0; u < plan.updates; u++) {
                cam_update_span span = cam_plan_update_span(&plan, u);
                assert_int_equal(span.epoch, epoch);
                assert_int_equal(span.first, next);
                assert_true(span.rows > 0 && span.batches == (span.rows + 2) / 3);
                assert_true(span.batches <= accumulation);
                next += span.rows;
                if (next == rows) {
                    next = 0;
                    epoch++;
                }
            }
            assert_int_equal(epoch, 2);
        }
    }
}

static void a_short_last_span_is_kept(void **unused) {
    (void)unused;
    cam_plan plan;
    cam_plan_settings settings = {.rows = 100, .batch_rows = 32, .accumulation = 3, .epochs = 3};
    assert_int_equal(cam_plan_make(&plan, &settings), CAM_OK);
    cam_update_span last = cam_plan_update_span(&plan, 3);
    assert_int_equal(last.epoch, 1);
    assert_int_equal(last.first, 96);
    assert_int_equal(last.rows, 4);
    assert_int_equal(last.batches, 1);
    assert_true(cam_plan_epoch(&plan, 0) == 0);
    assert_true(cam_plan_epoch(&plan, 1) == 0.75); /* three of four batches */
    assert_true(cam_plan_epoch(&plan, 2) == 1);
    assert_true(cam_plan_epoch(&plan, 3) == 1.75);
}

static void impossible_lengths_are_refused(void **unused) {
    (void)unused;
    cam_plan plan;
    cam_plan_settings none = {.rows = 10, .batch_rows = 2, .accumulation = 1, .epochs = 0};
    assert_int_equal(cam_plan_make(&plan, &none), CAM_E_USAGE);
    assert_non_null(strstr(cam_status_message(), "num_train_epochs"));
    none.epochs = NAN;
    assert_int_equal(cam_plan_make(&plan, &none), CAM_E_USAGE);
    cam_plan_settings endless = {.rows = 10, .batch_rows = 2, .accumulation = 1, .epochs = 1e9};
    assert_int_equal(cam_plan_make(&plan, &endless), CAM_E_USAGE);
    assert_non_null(strstr(cam_status_message(), "5000000000"));
}

static void bias_correction_is_one_minus_the_power(void **unused) {
    (void)unused;
    assert_true(cam_bias_correction(0.9, 1) == 1 - 0.9);
    assert_true(fabs(cam_bias_correction(0.9, 2) - 0.19) < 1e-15);
    assert_true(fabs(cam_bias_correction(0.999, 1000) - 0.6323045752290363) < 1e-15);
    assert_true(cam_bias_correction(0, 1) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_those_of_transformers),
        cmocka_unit_test(warmup_is_rounded_up),
        cmocka_unit_test(run_lengths_are_those_of_the_trainer),
        cmocka_unit_test(spans_cover_each_row_once_an_epoch),
        cmocka_unit_test(a_short_last_span_is_kept),
        cmocka_unit_test(impossible_lengths_are_refused),
        cmocka_unit_test(bias_correction_is_one_minus_the_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
