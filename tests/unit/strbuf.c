/* strbuf.c: growing strings, the shortest decimals, JSON strings. */
#include "strbuf.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void empty_is_readable(void **state) {
    (void)state;
    cam_strbuf buf = CAM_STRBUF_INIT;
    assert_string_equal(cam_strbuf_text(&buf), "");
    cam_strbuf_clear(&buf);
    cam_strbuf_append(&buf, NULL, 0);
    assert_string_equal(buf.text, "");
    cam_strbuf_release(&buf);
    cam_strbuf_release(&buf);
    char *text = cam_strbuf_detach(&buf);
    assert_string_equal(text, "");
    free(text);
}

static void appends_every_way(void **state) {
    (void)state;
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_puts(&buf, "ab");
    cam_strbuf_putc(&buf, '-');
    cam_strbuf_append(&buf, "c\0d", 3);
    cam_strbuf_printf(&buf, "%d%s", 7, "e");
    assert_int_equal(buf.length, 8);
    assert_memory_equal(buf.text, "ab-c\0d7e", 9);
    cam_strbuf_clear(&buf);
    assert_string_equal(buf.text, "");
    cam_strbuf_release(&buf);
    assert_null(buf.text);
}

static void grows_at_every_length(void **state) {
    (void)state;
    cam_strbuf buf = CAM_STRBUF_INIT;
    for (size_t i = 0; i < 5000; i++) {
        cam_strbuf_printf(&buf, "%c", (char)('a' + i % 26));
        assert_int_equal(buf.length, i + 1);
        assert_true(buf.length < buf.capacity);
        assert_int_equal(buf.text[buf.length], '\0');
    }
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(buf.text[i], 'a' + i % 26);
    cam_strbuf_release(&buf);
}

static const char *number(double value) {
    static char text[64];
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_put_double(&buf, value);
    snprintf(text, sizeof text, "%s", cam_strbuf_text(&buf));
    cam_strbuf_release(&buf);
    return text;
}

static void doubles_are_the_shortest(void **state) {
    (void)state;
    assert_string_equal(number(0.1), "0.1");
    assert_string_equal(number(0.1 + 0.2), "0.30000000000000004");
    assert_string_equal(number(1.0 / 3), "0.3333333333333333");
    assert_string_equal(number(2e-5), "2e-05");
    assert_string_equal(number(-0.0), "-0");
    assert_string_equal(number(5e-324), "5e-324");
    assert_string_equal(number(1.7976931348623157e308), "1.7976931348623157e+308");
    assert_string_equal(number((double)NAN), "NaN");
    assert_string_equal(number((double)INFINITY), "Infinity");
    assert_string_equal(number(-(double)INFINITY), "-Infinity");
}

static void doubles_read_back_the_same(void **state) {
    (void)state;
    uint64_t bits = 0x243f6a8885a308d3u;
    for (int i = 0; i < 20000; i++) {
        double value;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) {
            double back = strtod(number(value), NULL);
            assert_memory_equal(&back, &value, sizeof value);
        }
    }
}

static void json_escapes_what_it_must(void **state) {
    (void)state;
    cam_strbuf buf = CAM_STRBUF_INIT;
    static const char text[] = "é \"q\" \\ \n\t\r\x01\x7f";
    cam_strbuf_put_json(&buf, text, sizeof text); /* its NUL as well */
    assert_string_equal(buf.text, "\"é \\\"q\\\" \\\\ \\n\\t\\u000d\\u0001\\u007f\\u0000\"");
    cam_strbuf_release(&buf);
}

/* No memory is that large. */
static const size_t too_much = SIZE_MAX / 2;

static void without_memory_a_buffer_is_empty_and_stays_so(void **state) {
    (void)state;
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_puts(&buf, "/a/path");
    assert_false(cam_strbuf_failed(&buf));
    cam_strbuf_resize(&buf, too_much);
    assert_true(cam_strbuf_failed(&buf));
    assert_string_equal(buf.text, "");
    cam_strbuf_puts(&buf, "/name");
    cam_strbuf_put_all(&buf, "a", "b", NULL);
    cam_strbuf_printf(&buf, "%d%s", 1, "c");
    cam_strbuf_put_visible(&buf, "d", 1);
    cam_strbuf_put_json(&buf, "e", 1);
    cam_strbuf_put_double(&buf, 1.5);
    cam_strbuf_resize(&buf, 3);
    cam_strbuf_clear(&buf);
    cam_strbuf_putc(&buf, 'f');
    assert_true(cam_strbuf_failed(&buf));
    assert_int_equal(buf.length, 0);
    assert_string_equal(cam_strbuf_text(&buf), "");
    assert_null(cam_strbuf_detach(&buf));
    cam_strbuf_puts(&buf, "new");
    assert_string_equal(buf.text, "new");
    cam_strbuf_resize(&buf, too_much);
    cam_strbuf_release(&buf);
    assert_false(cam_strbuf_failed(&buf));
    assert_int_equal(cam_memory_check(CAM_OK), CAM_E_MEMORY);
    cam_status_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_readable),
        cmocka_unit_test(appends_every_way),
        cmocka_unit_test(grows_at_every_length),
        cmocka_unit_test(doubles_are_the_shortest),
        cmocka_unit_test(doubles_read_back_the_same),
        cmocka_unit_test(json_escapes_what_it_must),
        cmocka_unit_test(without_memory_a_buffer_is_empty_and_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
