/* cost: the words of a time. */
#include "cost.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(double seconds, const char *words) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_cost_put_time(&text, seconds);
    assert_string_equal(cam_strbuf_text(&text), words);
    cam_strbuf_release(&text);
}

static void test_words(void **state) {
    (void)state;
    expect(0.01, "about 1 second");
    expect(12.4, "about 12 seconds");
    expect(52, "about 50 seconds");
    expect(89, "about 90 seconds");
    expect(100, "about 2 minutes");
    expect(48 * 60, "about 50 minutes");
    expect(2 * 3600, "about 2 hours");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
