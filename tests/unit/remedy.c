/* remedy.c: settings and shell words in messages. */
#include "remedy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_word(const char *word, const char *wanted) {
    cam_strbuf out = CAM_STRBUF_INIT;
    cam_shell_word_put(&out, word);
    assert_string_equal(cam_strbuf_text(&out), wanted);
    cam_strbuf_release(&out);
}

static void test_shell_words(void **state) {
    (void)state;
    expect_word("runs/a-b_1.yaml", "runs/a-b_1.yaml");
    expect_word("ma config.yaml", "'ma config.yaml'");
    expect_word("text_column=l'avis", "'text_column=l'\\''avis'");
    expect_word("", "''");
    expect_word("~/a", "'~/a'");
    expect_word("été", "'été'");
    expect_word("a$b`c\\d\"", "'a$b`c\\d\"'");
}

static void expect_setting(cam_syntax syntax, const char *key, const char *value, const char *wanted) {
    cam_strbuf out = CAM_STRBUF_INIT;
    cam_remedy_put(&out, syntax, key, value);
    assert_string_equal(cam_strbuf_text(&out), wanted);
    cam_strbuf_release(&out);
}

static void test_settings(void **state) {
    (void)state;
    expect_setting(CAM_SYNTAX_KEYS, "encoding", "windows-1252", "encoding=windows-1252");
    expect_setting(CAM_SYNTAX_KEYS, "delimiter", ";", "delimiter=';'");
    expect_setting(CAM_SYNTAX_OPTIONS, "delimiter", "|", "--delimiter '|'");
    expect_setting(CAM_SYNTAX_OPTIONS, "text_column", "Libellé", "--text-column 'Libellé'");
    expect_setting(CAM_SYNTAX_OPTIONS, "format", "jsonl", "--input-format jsonl");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shell_words), cmocka_unit_test(test_settings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
