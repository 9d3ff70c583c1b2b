/* power_law: the fitted curve is SciPy's (data/power_law_golden.inc); bounds hold, and bad points are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "power_law.h"
#include <math.h>

enum { MOST = 12 };

static const struct golden {
    double a, b, c;
    int points;
    double noise;
    int weighted;
    double at[3], rmse;
} golden[] = {
#include "data/power_law_golden.inc"
};

static double noise_of(int i) {
    return (double)((((uint32_t)i * 2654435761U + 17U * 40503U) >> 16) % 1000) / 1000 - 0.5;
}

static void test_golden(void **state) {
    (void)state;
    for (size_t c = 0; c < sizeof golden / sizeof golden[0]; c++) {
        const struct golden *g = &golden[c];
        double rows[MOST], error[MOST], weight[MOST];
        cam_power_law law;
        for (int i = 0; i < g->points; i++) {
            rows[i] = 100 * pow(2, i);
            error[i] = g->a * pow(rows[i], -g->b) + g->c + g->noise * noise_of(i);
            weight[i] = i + 1;
        }
        assert_int_equal(cam_power_law_fit(rows, error, g->weighted ? weight : NULL, g->points, &law), CAM_OK);
        const double at[3] = {100, 3000, 2 * rows[g->points - 1]};
        for (int i = 0; i < 3; i++)
            if (!(fabs(cam_power_law_at(&law, at[i]) - g->at[i]) <= 1e-8))
                fail_msg("case %zu at %g rows: %.12g instead of %.12g", c, at[i], cam_power_law_at(&law, at[i]),
                         g->at[i]);
        assert_true(fabs(law.rmse - g->rmse) <= 1e-8);
        if (g->noise == 0 && g->a > 0)
            assert_true(fabs(law.a - g->a) < 1e-5 * g->a && fabs(law.b - g->b) < 1e-6 && fabs(law.c - g->c) < 1e-6);
    }
}

/* Errors that grow with the rows have no power law: the curve is flat. */
static void test_bounds(void **state) {
    (void)state;
    static const double rows[] = {100, 200, 400, 800}, growing[] = {.1, .2, .3, .4}, steep[] = {1, .01, 0, 0};
    cam_power_law law;
    assert_int_equal(cam_power_law_fit(rows, growing, NULL, 4, &law), CAM_OK);
    assert_true(law.a == 0 && fabs(law.c - .25) < 1e-12 && fabs(law.rmse - sqrt(.0125)) < 1e-12);
    assert_int_equal(cam_power_law_fit(rows, steep, NULL, 4, &law), CAM_OK);
    assert_true(law.a >= 0 && law.b >= .01 && law.b <= 5 && law.c >= 0 && law.c <= 1 && law.rmse < .02);
}

static void test_refusals(void **state) {
    (void)state;
    static const double two[] = {100, 200, 100, 200}, zero[] = {0, 100, 200, 300}, error[] = {.4, .3, .2, .1};
    static const double good[] = {100, 200, 300, 400}, bad[] = {.4, .3, NAN, .1}, weight[] = {1, 0, 1, 1};
    cam_power_law law;
    assert_int_equal(cam_power_law_fit(two, error, NULL, 4, &law), CAM_E_USAGE);
    assert_string_equal(cam_status_message(), "a learning curve needs three different numbers of rows");
    assert_int_equal(cam_power_law_fit(good, error, NULL, 2, &law), CAM_E_USAGE);
    assert_int_equal(cam_power_law_fit(zero, error, NULL, 4, &law), CAM_E_USAGE);
    assert_string_equal(cam_status_message(), "point 1 of a learning curve is out of range");
    assert_int_equal(cam_power_law_fit(good, bad, NULL, 4, &law), CAM_E_USAGE);
    assert_int_equal(cam_power_law_fit(good, error, weight, 4, &law), CAM_E_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
