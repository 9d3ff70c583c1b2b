/* normalizer.c: the normalizer's steps. Expected values are those of tokenizers 0.23.3. */
#include "normalizer_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_step(cam_normal_step *step, const char *text, const char *expected) {
    cam_strbuf buf = CAM_STRBUF_INIT, spare = CAM_STRBUF_INIT;
    cam_strbuf_puts(&buf, text);
    assert_int_equal(cam_normalize(step, 1, &buf, &spare), CAM_OK);
    assert_string_equal(cam_strbuf_text(&buf), expected);
    cam_strbuf_release(&buf);
    cam_strbuf_release(&spare);
}

static void assert_pattern(const char *expression, const char *text, const char *expected) {
    cam_normal_step step = {.kind = CAM_NORMAL_REPLACE_PATTERN, .content = strdup("_")};
    step.pattern = malloc(sizeof *step.pattern);
    assert_non_null(step.pattern);
    assert_true(cam_pattern_compile(step.pattern, expression));
    assert_step(&step, text, expected);
    cam_normal_step_release(&step);
}

static void test_patterns(void **state) {
    (void)state;
    assert_pattern(" {2,}", "a b  c   ", "a b_c_");
    assert_pattern("\\s{2,}|[\\n\\r\\t]", "a b \n c\nd\u00a0\u2003e\u00a0f", "a b_c_d_e\u00a0f");
    assert_pattern("\\s+", "\xc2\x85x\u200by\u3000\u2028z", "_x\u200by_z");
    assert_pattern("é{2}", "ééééé", "__é");
    assert_pattern("x{1,2}|y", "xxxy", "___");
    assert_pattern("\\.", "a.b", "a_b");
    assert_pattern("a*b", "aabcab", "_c_");
    assert_pattern("ab?c", "acabcabbc", "__abbc");
    assert_pattern("a{0,2}b", "aaab", "a_");
    assert_pattern("[cdlCDL]['\u2019]", "l'eau d\u2019or", "_eau _or");
    assert_pattern("[^a-c\\s]", "abcd e", "abc_ _");
    assert_pattern(".", "a\nb", "_\n_");
    assert_pattern("\\d{1,2}", "1234,5\u0663", "__,_");
    assert_pattern("\\p{L}+|\\p{N}", "été 42", "_ __");
    assert_pattern("\\P{L}", "a1b-", "a_b_");
    assert_pattern("[^\\W_]+", "ab_c!", "___!");
    assert_pattern("(?<=\\d)[a-z]|[.,](?=\\d)", "3kg a,b 1,5", "3_g a,b 1_5");
    assert_pattern("(?<!a)b|c(?!d)", "abbcdc", "ab_cd_");
    assert_pattern("\\s+(?!\\S)|\\s", "a   b ", "a__b_");
}

static void test_patterns_refused(void **state) {
    (void)state;
    static const char *const expressions[] = {"",       "(a)",   "(?:a)",  "a{,2}",    "a{2",        "[ab",
                                              "a|",     "\\",    "a{3,2}", "^a",       "a$",         "a+?",
                                              "a*+",    "\\b",   "\\x41",  "\\p{Foo}", "\\p{Greek}", "[[:alpha:]]",
                                              "[a&&b]", "[z-a]", "(?=ab)", "(?i)a",    "*",          "a**"};
    cam_pattern pattern;
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        if (cam_pattern_compile(&pattern, expressions[i]))
            fail_msg("\"%s\" was accepted", expressions[i]);
    }
}

static void test_strip(void **state) {
    (void)state;
    cam_normal_step right = {.kind = CAM_NORMAL_STRIP, .strip_right = 1};
    cam_normal_step both = {.kind = CAM_NORMAL_STRIP, .strip_left = 1, .strip_right = 1};
    assert_step(&right, " \u00a0a b\u2009\n", " \u00a0a b");
    assert_step(&both, " \u00a0a b\u2009\n", "a b");
    assert_step(&both, " \u3000", "");
    assert_step(&both, "", "");
}

static void test_charsmap_refused(void **state) {
    (void)state;
    static const unsigned char sizes[][8] = {
        {0}, {255, 255, 255, 255, 0, 0, 0, 0}, {3, 0, 0, 0, 0, 0, 0, 0}, {8, 0, 0, 0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cam_charsmap map;
        char *blob = malloc(8);
        assert_non_null(blob);
        memcpy(blob, sizes[i], 8);
        assert_int_equal(cam_charsmap_init(&map, blob, 8), CAM_E_MODEL);
        assert_null(map.blob);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_patterns_refused),
        cmocka_unit_test(test_strip),
        cmocka_unit_test(test_charsmap_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
