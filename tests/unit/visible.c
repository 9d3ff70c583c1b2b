/* visible.c: what is escaped, the formats for people, and the messages and words that are made with them. */
#include "visible.h"
#include "plain.h"
#include "problems.h"
#include "remedy.h"
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_shown(const char *text, size_t length, const char *kept, const char *expected) {
    char out[128], again[128];
    assert_int_equal(cam_visible_copy(out, sizeof out, text, length, kept), strlen(expected));
    assert_string_equal(out, expected);
    cam_visible_copy(again, sizeof again, out, strlen(out), kept);
    assert_string_equal(again, expected); /* what is escaped is not changed again */
}

static void what_a_terminal_obeys_is_escaped(void **state) {
    (void)state;
    expect_shown("a\x1b[2Jb\a", 7, "", "a\\x1b[2Jb\\x07");
    expect_shown("a\0b", 3, "", "a\\x00b");
    expect_shown("1\n2\r3\t4", 7, "", "1\\n2\\r3\\t4");
    expect_shown("1\n2\r3\t4", 7, "\n\t", "1\n2\\r3\t4");
    expect_shown("\x7f\xc2\x80\xc2\x9f\u00a0", 7, "", "\\x7f\\u0080\\u009f\u00a0");
    expect_shown("\u202a\u202e\u2066\u2069", 12, "", "\\u202a\\u202e\\u2066\\u2069");
    expect_shown("\u2028\u2029\u2027\u202f", 12, "", "\\u2028\\u2029\u2027\u202f");
    expect_shown("\xff\xc3(\xed\xa0\x80", 6, "", "\\xff\\xc3(\\xed\\xa0\\x80");
    expect_shown("cut \xc3", 5, "", "cut \\xc3");
    expect_shown("accès 😀 \\n \"", 16, "", "accès 😀 \\n \"");
}

static void a_copy_is_cut_as_snprintf_cuts(void **state) {
    (void)state;
    char out[4] = "zzz";
    assert_int_equal(cam_visible_copy(out, sizeof out, "\x1b", 1, ""), 4);
    assert_string_equal(out, "\\x1");
    assert_int_equal(cam_visible_copy(NULL, 0, "\x1b", 1, ""), 4);
    assert_int_equal(cam_visible_copy(out, 1, "abc", 3, ""), 3);
    assert_string_equal(out, "");
}

CAM_PRINTF(1, 2) static const char *shown(const char *format, ...) {
    static char out[700];
    va_list args;
    va_start(args, format);
    size_t length = cam_visible_vprint(out, sizeof out, format, args);
    va_end(args);
    assert_int_equal(length, strlen(out));
    return out;
}

static void only_values_are_escaped(void **state) {
    (void)state;
    assert_string_equal(shown("\t%s\n%s%%\n", "a\nb", "\x1b"), "\ta\\nb\n\\x1b%\n");
    assert_string_equal(shown("%.*s|%.3s|%-6s|%6s|%*s|%-*s|", 2, "abc", "\nbc", "a\t", "é", 4, "x", -4, "y"),
                        "ab|\\nbc|a\\t   |    é|   x|y   |");
    assert_string_equal(shown("%.2s|%.3s|%.1s|", "aé", "aé", "é"), "a|aé||");
    assert_string_equal(shown("%.*s", 2, (char[]){'a', 'b'}), "ab"); /* without a NUL */
}

/* Everything else is the library's. */
static void other_conversions_are_those_of_printf(void **state) {
    (void)state;
    char own[700];
#define EXPECT(...)                                                                                                    \
    do {                                                                                                               \
        snprintf(own, sizeof own, __VA_ARGS__);                                                                        \
        assert_string_equal(shown(__VA_ARGS__), own);                                                                  \
    } while (0)
    EXPECT("%d %i %u %x %X %o %c", -7, 8, 9u, 0xabcu, 0xabcu, 8u, 'z');
    EXPECT("%hhd %hd %ld %lld %zu %td %jd", (signed char)-3, (short)-4, -5L, -6LL, sizeof own, (ptrdiff_t)-8,
           (intmax_t)9);
    EXPECT("%lu %llx %" PRId64 " %" PRIu64 " %016" PRIx64, 5UL, 6ULL, INT64_MIN, UINT64_MAX, (uint64_t)77);
    EXPECT("%5d|%-5d|%05d|%+d|% d|%.3d|%*d|%-*d|%.*d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    EXPECT("%f %.2f %e %.3e %g %G %a %5.1f %-8.3g| %La", 1.5, 2.25, 3e5, 4e-7, 1e-5, 1e20, 0.5, 6.25, 7.125, 1.5L);
    EXPECT("%g %f %g", NAN, INFINITY, -INFINITY);
    EXPECT("%.0f %f", 1e300, 1.7976931348623157e308);
    EXPECT("%p", (void *)own);
#undef EXPECT
}

static void only_the_format_makes_a_line_of_a_message(void **state) {
    (void)state;
    cam_fail(CAM_E_DATA, "\"%s\": bad\nhint: %s", "x\nerror: forged\x1b", "mend it");
    assert_string_equal(cam_status_message(), "\"x\\nerror: forged\\x1b\": bad\nhint: mend it");
    cam_fail(CAM_E_MODEL, "%s: %s", "a\tb", cam_status_message());
    assert_string_equal(cam_status_message(), "a\\tb: \"x\\nerror: forged\\x1b\": bad\nhint: mend it");
    char *copy = strdup(cam_status_message());
    cam_fail(CAM_E_DATA, "other");
    assert_int_equal(cam_fail_again(CAM_E_MODEL, copy), CAM_E_MODEL);
    assert_string_equal(cam_status_message(), copy);
    free(copy);
    cam_fail_again(CAM_E_DATA, "1\n2\x1b");
    assert_string_equal(cam_status_message(), "1\n2\\x1b");
}

static void a_list_of_problems_has_a_line_for_each(void **state) {
    (void)state;
    cam_problems problems = CAM_PROBLEMS_INIT;
    cam_problems_add(&problems, "a\nb.csv", 3, "label \"%s\"", "x\ny");
    cam_problems_add_hint(&problems, "all %d: %s", 2, "1,\n2");
    cam_problems_add(&problems, NULL, 0, "second");
    assert_int_equal(cam_problems_status(&problems, CAM_E_DATA), CAM_E_DATA);
    assert_string_equal(cam_status_message(), "a\\nb.csv:3: label \"x\\ny\"\nhint: all 2: 1,\\n2\nsecond");
    cam_problems_release(&problems);
}

static void a_buffer_has_texts_for_people_and_for_programs(void **state) {
    (void)state;
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_printf(&buf, "%s\n", "a\nb");
    cam_strbuf_put_all(&buf, "c\n", "", "d", NULL);
    cam_strbuf_put_visible(&buf, "\n\t", 2);
    assert_string_equal(buf.text, "a\\nb\nc\nd\\n\\t");
    cam_strbuf_clear(&buf);
    cam_strbuf_put_json(&buf, "é\n\x1b\xc2\x9b\u202e\u2028\\", 13);
    assert_string_equal(buf.text, "\"é\\n\\u001b\\u009b\\u202e\\u2028\\\\\"");
    cam_strbuf_clear(&buf);
    cam_plain_put(&buf, "a\x1b\u202e\xff\u00e9", 9);
    assert_string_equal(buf.text, "a???\u00e9");
    cam_strbuf_release(&buf);
}

/* bash gives back the bytes of the word. */
static void a_word_for_a_shell_is_read_back(void **state) {
    (void)state;
    static const char *const words[] = {"a b",        "it's",    "é\n\t'\\ \"$x`id`", "\x1b[2J\x7f",
                                        "\xff\xfe 1", "\u202e2", "\xc2\x85\n0\\n",    "-n\n"};
    if (system("bash -c true") != 0)
        skip();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        cam_strbuf command = CAM_STRBUF_INIT;
        char got[64] = "";
        cam_strbuf_puts(&command, "exec bash <<'end'\nprintf %s ");
        cam_shell_word_put(&command, words[i]);
        assert_null(strpbrk(command.text + strlen("exec bash <<'end'\n"), "\n\x1b\xff\x7f"));
        cam_strbuf_puts(&command, "\nend\n");
        FILE *pipe = popen(command.text, "r");
        assert_non_null(pipe);
        got[fread(got, 1, sizeof got - 1, pipe)] = '\0';
        assert_int_equal(pclose(pipe), 0);
        assert_string_equal(got, words[i]);
        cam_strbuf_release(&command);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_obeys_is_escaped),
        cmocka_unit_test(a_copy_is_cut_as_snprintf_cuts),
        cmocka_unit_test(only_values_are_escaped),
        cmocka_unit_test(other_conversions_are_those_of_printf),
        cmocka_unit_test(only_the_format_makes_a_line_of_a_message),
        cmocka_unit_test(a_list_of_problems_has_a_line_for_each),
        cmocka_unit_test(a_buffer_has_texts_for_people_and_for_programs),
        cmocka_unit_test(a_word_for_a_shell_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
