/* best.c: the best evaluation and early stopping, compared with transformers 5.23: EarlyStoppingCallback.on_evaluate
 * and Trainer._determine_best_metric, called in the Trainer's order with the same values. */
#include "best_internal.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct run_case {
    cam_metric metric;
    int64_t patience;
    double threshold;
    int count;
    struct {
        double value;
        int is_best, stop;
        int64_t waited, best_step;
    } evaluation[8];
} run_case;

static const run_case cases[] = {
    /* a tie keeps the first */
    {CAM_METRIC_ACCURACY,
     2,
     0,
     7,
     {{.5, 1, 0, 0, 1},
      {.6, 1, 0, 0, 2},
      {.6, 0, 0, 1, 2},
      {.59, 0, 1, 2, 2},
      {.7, 1, 0, 0, 5},
      {.1, 0, 0, 1, 5},
      {.2, 0, 1, 2, 5}}},
    /* a gain within the threshold makes a new best value, but does not reset `waited` */
    {CAM_METRIC_F1_MACRO,
     2,
     0.01,
     5,
     {{.5, 1, 0, 0, 1}, {.505, 1, 0, 1, 2}, {.51, 1, 1, 2, 3}, {.53, 1, 0, 0, 4}, {.52, 0, 0, 1, 4}}},
    {CAM_METRIC_LOSS,
     2,
     0,
     7,
     {{1, 1, 0, 0, 1},
      {.9, 1, 0, 0, 2},
      {.9, 0, 0, 1, 2},
      {.95, 0, 1, 2, 2},
      {.8, 1, 0, 0, 5},
      {NAN, 0, 0, 1, 5},
      {.7, 1, 0, 0, 7}}},
    {CAM_METRIC_F1_WEIGHTED,
     2,
     0,
     5,
     {{NAN, 0, 0, 0, 0}, {.3, 1, 0, 0, 2}, {NAN, 0, 0, 1, 2}, {NAN, 0, 1, 2, 2}, {.2, 0, 1, 3, 2}}},
    {CAM_METRIC_LOSS, 1, 0, 3, {{INFINITY, 0, 0, 0, 0}, {2, 1, 0, 0, 2}, {1.5, 1, 0, 0, 3}}},
};

static void verdicts_are_those_of_the_callback(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_best best;
        cam_best_init(&best, cases[i].metric, cases[i].patience, cases[i].threshold);
        for (int e = 0; e < cases[i].count; e++) {
            cam_verdict verdict = cam_best_take(&best, e + 1, cases[i].evaluation[e].value);
            if (verdict.is_best != cases[i].evaluation[e].is_best || verdict.stop != cases[i].evaluation[e].stop ||
                best.waited != cases[i].evaluation[e].waited || best.step != cases[i].evaluation[e].best_step)
                fail_msg("case %zu, evaluation %d: best %d, stop %d, waited %d, best step %d", i, e + 1,
                         verdict.is_best, verdict.stop, (int)best.waited, (int)best.step);
        }
    }
}

static void without_patience_nothing_stops(void **unused) {
    (void)unused;
    cam_best best;
    cam_best_init(&best, CAM_METRIC_ACCURACY, 0, 0);
    for (int step = 1; step < 100; step++)
        assert_false(cam_best_take(&best, step, 0.5).stop);
    assert_int_equal(best.step, 1);
}

static void a_copied_state_continues(void **unused) {
    (void)unused;
    cam_best whole, resumed;
    cam_best_init(&whole, CAM_METRIC_ACCURACY, 3, 0);
    (void)cam_best_take(&whole, 10, 0.8);
    (void)cam_best_take(&whole, 20, 0.7);
    resumed = whole;
    assert_false(cam_best_take(&resumed, 30, 0.7).stop);
    assert_true(cam_best_take(&resumed, 40, 0.7).stop);
}

static void each_metric_reads_its_own_figure(void **unused) {
    (void)unused;
    cam_scores scores = {.f1_macro = 1, .f1_micro = 2, .f1_weighted = 3, .accuracy = 4, .loss = 5};
    assert_true(cam_metric_value(CAM_METRIC_F1_MACRO, &scores) == 1);
    assert_true(cam_metric_value(CAM_METRIC_F1_MICRO, &scores) == 2);
    assert_true(cam_metric_value(CAM_METRIC_F1_WEIGHTED, &scores) == 3);
    assert_true(cam_metric_value(CAM_METRIC_ACCURACY, &scores) == 4);
    assert_true(cam_metric_value(CAM_METRIC_LOSS, &scores) == 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_those_of_the_callback),
        cmocka_unit_test(without_patience_nothing_stops),
        cmocka_unit_test(a_copied_state_continues),
        cmocka_unit_test(each_metric_reads_its_own_figure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
