/* plain.c: figures for people. Columns and cut texts are covered by metrics.c, whose table has them. */
#include "plain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(cam_strbuf *buf, const char *text) {
    assert_string_equal(cam_strbuf_text(buf), text);
    cam_strbuf_clear(buf);
}

static void thousands_are_apart(void **unused) {
    (void)unused;
    static const struct {
        int64_t count;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {999, "999"},
                 {1000, "1,000"},
                 {1282, "1,282"},
                 {100000, "100,000"},
                 {1234567, "1,234,567"},
                 {-1, "-1"},
                 {-100, "-100"},
                 {-1000, "-1,000"},
                 {INT64_MIN, "-9,223,372,036,854,775,808"}};
    cam_strbuf buf = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_plain_put_count(&buf, cases[i].count);
        expect(&buf, cases[i].text);
    }
    cam_plain_put_count_aligned(&buf, 1282, 7);
    expect(&buf, "  1,282");
    cam_plain_put_count_aligned(&buf, 1234567, 7);
    expect(&buf, "1,234,567");
    cam_strbuf_release(&buf);
}

static void one_is_singular(void **unused) {
    (void)unused;
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_plain_put_counted(&buf, 0, "row was", "rows were");
    expect(&buf, "0 rows were");
    cam_plain_put_counted(&buf, 1, "row was", "rows were");
    expect(&buf, "1 row was");
    cam_plain_put_counted(&buf, 1000, "row was", "rows were");
    expect(&buf, "1,000 rows were");
    cam_strbuf_release(&buf);
}

static void durations_and_memory_have_fitting_units(void **unused) {
    (void)unused;
    static const struct {
        double value;
        const char *text;
    } times[] = {{0, "0.0 s"},        {4.24, "4.2 s"},         {59.94, "59.9 s"},     {59.96, "1 min 0 s"},
                 {200, "3 min 20 s"}, {3599.4, "59 min 59 s"}, {3599.6, "1 h 0 min"}, {7500, "2 h 5 min"}},
      bytes[] = {{0, "0 bytes"},    {1, "1 byte"},       {999, "999 bytes"},  {20480, "20 kB"},
                 {949e3, "949 kB"}, {951e3, "1.0 MB"},   {1.23e6, "1.2 MB"},  {9.96e6, "10 MB"},
                 {12e6, "12 MB"},   {999.4e6, "999 MB"}, {999.6e6, "1.0 GB"}, {1.44e9, "1.4 GB"}};
    cam_strbuf buf = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        cam_plain_put_duration(&buf, times[i].value);
        expect(&buf, times[i].text);
    }
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        cam_plain_put_bytes(&buf, bytes[i].value);
        expect(&buf, bytes[i].text);
    }
    cam_strbuf_release(&buf);
}

static void rates_are_written_as_settings(void **unused) {
    (void)unused;
    static const struct {
        double value;
        int digits;
        const char *text;
    } rates[] = {{0, 2, "0"},       {1e-3, 1, "1e-3"},       {9.96e-4, 2, "1e-3"}, {1.5e-3, 2, "1.5e-3"},
                 {2e-5, 6, "2e-5"}, {1.25e-5, 3, "1.25e-5"}, {1, 2, "1"},          {0.1, 2, "1e-1"}};
    cam_strbuf buf = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        cam_plain_put_rate(&buf, rates[i].value, rates[i].digits);
        expect(&buf, rates[i].text);
    }
    cam_strbuf_release(&buf);
}

static void a_cut_text_covers_its_columns(void **unused) {
    (void)unused;
    cam_strbuf buf = CAM_STRBUF_INIT;
    assert_int_equal(cam_plain_put(&buf, "返品返品", 8), 8);
    expect(&buf, "返品返品");
    assert_int_equal(cam_plain_put(&buf, "返品返品", 6), 5); /* a wide character is not halved */
    expect(&buf, "返品…");
    cam_plain_put_padded(&buf, "返品返品", 6);
    expect(&buf, "返品… ");
    cam_plain_put_padded(&buf, "suivi de commande 1", 10);
    expect(&buf, "suivi …e 1");
    assert_int_equal(cam_plain_put(&buf, "x", 1), 1);
    expect(&buf, "x");
    assert_int_equal(cam_plain_put(&buf, "xyz", 1), 1);
    expect(&buf, "…");
    cam_strbuf_release(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_are_apart),
        cmocka_unit_test(one_is_singular),
        cmocka_unit_test(durations_and_memory_have_fitting_units),
        cmocka_unit_test(rates_are_written_as_settings),
        cmocka_unit_test(a_cut_text_covers_its_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
