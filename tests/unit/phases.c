/* The phases of the process's time: one inside another one, what other threads did beside them, and the table. */
#include "phases.h"
#include "clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void pass_ms(int ms) {
    for (double end_s = cam_now_s() + 1e-3 * ms; cam_now_s() < end_s;)
        ;
}

/* The seconds in the line of these words; negative where there is no such line. */
static double seconds_of(const char *table, const char *words) {
    const char *line = strstr(table, words);
    return line ? strtod(line + strlen(words), NULL) : -1;
}

static void test_table(void **state) {
    (void)state;
    cam_strbuf out = CAM_STRBUF_INIT;
    cam_phases_put(&out);
    assert_int_equal(out.length, 0); /* the clock has not been started */
    assert_int_equal(cam_phase_enter(CAM_PHASE_START), CAM_PHASE_START);
    assert_int_equal(cam_phase_enter(CAM_PHASE_STEPS), CAM_PHASE_START);
    pass_ms(20);
    cam_phase before = cam_phase_enter(CAM_PHASE_SAVING);
    assert_int_equal(before, CAM_PHASE_STEPS);
    pass_ms(10);
    cam_phase_enter(before);
    pass_ms(20);
    cam_phases_beside("reading ahead", 0.25);
    cam_phases_beside("another thing", 0.125);
    cam_phases_beside("reading ahead", 0.25);
    cam_phases_put(&out);
    const char *table = cam_strbuf_text(&out);
    double steps_s = seconds_of(table, "training steps"), saving_s = seconds_of(table, "saving the model");
    double sum_s = seconds_of(table, "time");
    assert_true(steps_s >= 0.04 && saving_s >= 0.01 && sum_s >= steps_s + saving_s - 0.002);
    assert_true(sum_s <= steps_s + saving_s + 0.005); /* nothing is counted twice, and nothing is left out */
    assert_null(strstr(table, "tokenising"));
    assert_true(strstr(table, "beside them:") > strstr(table, "saving the model"));
    assert_true(seconds_of(table, "reading ahead") == 0.5 && seconds_of(table, "another thing") == 0.125);
    cam_strbuf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
