/* fit.c: the plan of epochs and learning rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fit.h"
#include <string.h>

static void expect(int64_t rows, int64_t hidden, int frozen, int64_t batch, int64_t epochs, double rate) {
    cam_fit fit = cam_fit_plan(rows, 16, hidden, frozen, batch);
    assert_int_equal(fit.epochs, epochs);
    assert_true(fit.learning_rate > 0.999 * rate && fit.learning_rate < 1.001 * rate);
}

static void test_full(void **state) {
    (void)state;
    expect(1370, 384, 0, 32, 10, 2e-4);
    expect(1370, 768, 0, 32, 10, 5e-5);
    expect(1370, 1024, 0, 32, 10, 3e-5);
    expect(100000, 768, 0, 32, 3, 5e-5);
    expect(54, 32, 0, 8, 20, 1e-3);
    expect(0, 0, 0, 0, 20, 1e-3);
}

static void test_frozen(void **state) {
    (void)state;
    expect(1370, 384, 1, 32, 47, 2e-3);
    expect(1370, 768, 1, 32, 47, 2e-3);
    expect(100, 768, 1, 32, 100, 2e-3);
    expect(100000, 768, 1, 32, 20, 2e-3);
}

/* More labels need more steps. */
static void test_labels(void **state) {
    (void)state;
    assert_int_equal(cam_fit_plan(2700, 60, 384, 1, 32).epochs, 39);
    assert_int_equal(cam_fit_plan(2700, 60, 384, 0, 32).epochs, 8);
    assert_int_equal(cam_fit_plan(2700, 2, 384, 0, 32).epochs, 4);
}

static void test_reasons(void **state) {
    (void)state;
    cam_fit fit = cam_fit_plan(INT64_MAX / 64, 2, 768, 0, 1);
    assert_true(strlen(fit.epochs_reason) < sizeof fit.epochs_reason - 1);
    fit = cam_fit_plan(1370, 2, 384, 0, 32);
    assert_string_equal(fit.epochs_reason, "1,370 rows: 344 steps of up to 32 rows");
    assert_string_equal(fit.rate_reason, "fits a hidden size of 384");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
