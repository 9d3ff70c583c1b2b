/* run_lines.c: a run of many quick steps does not fill the screen; what the user asked for is shown. */
#include "run_lines_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect_steps(cam_config *config, int64_t steps, int64_t every) {
    assert_int_equal(cam_run_line_steps(config, steps), every);
}

static void test_steps(void **state) {
    (void)state;
    cam_config config;
    cam_config_defaults(&config);
    expect_steps(&config, 1, 20);
    expect_steps(&config, 1000, 20); /* 50 lines */
    expect_steps(&config, 1001, 40);
    expect_steps(&config, 2021, 60);
    config.origins[CAM_KEY_logging_steps].file = "my.yaml";
    expect_steps(&config, 2021, 20);
    cam_config_release(&config);
}

static int64_t count_lines(const cam_config *config, int64_t evaluations, int64_t steps_each) {
    cam_plan plan = {.updates = evaluations * steps_each, .updates_per_epoch = steps_each};
    int64_t lines = 0;
    for (int64_t number = 1; number <= evaluations; number++)
        lines += cam_run_shows_evaluation(config, &plan, number, number == evaluations);
    return lines;
}

static void test_evaluations(void **state) {
    (void)state;
    cam_config config;
    cam_config_defaults(&config);
    assert_int_equal(count_lines(&config, 3, 43), 3);
    assert_int_equal(count_lines(&config, 25, 43), 25);
    assert_int_equal(count_lines(&config, 47, 43), 24);
    assert_int_equal(count_lines(&config, 100, 2), 25);
    config.eval_strategy = CAM_CONFIG_EVAL_STEPS;
    config.eval_steps = 10;
    assert_int_equal(count_lines(&config, 20, 10), 20);
    cam_config_release(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps), cmocka_unit_test(test_evaluations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
