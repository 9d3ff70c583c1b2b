/* unknown_tokens.c: the warning about tokens that the vocabulary does not know. */
#include "family.h"
#include "temporary_tree.h"
#include "tokenizer.h"

static void warn(const cam_text *texts, int64_t count, cam_strbuf *said) {
    cam_tokenizer *tokenizer;
    cam_token_rows rows;
    assert_int_equal(cam_tokenizer_open("examples/untrained-model", cam_families[0].tokenizer_class, &tokenizer),
                     CAM_OK);
    assert_int_equal(cam_tokenizer_encode_all(tokenizer, texts, count, 0, NULL, &rows), CAM_OK);
    cam_strbuf_clear(said);
    assert_int_equal(cam_tokenizer_warn_of_unknown(tokenizer, texts, &rows, said), CAM_OK);
    cam_token_rows_release(&rows);
    cam_tokenizer_close(tokenizer);
}

/* Exactly 1 % is not above 1 %: 99 known tokens and an unknown one. */
static void test_share(void **state) {
    (void)state;
    cam_strbuf text = CAM_STRBUF_INIT, said = CAM_STRBUF_INIT;
    for (int i = 0; i < 98; i++)
        cam_strbuf_puts(&text, "de ");
    cam_strbuf_puts(&text, "日"); /* "▁" and <unk> */
    warn(&(cam_text){text.text, text.length}, 1, &said);
    assert_int_equal(said.length, 0);
    cam_text two[] = {{text.text, text.length}, {"日 😊", strlen("日 😊")}};
    warn(two, 2, &said);
    assert_string_equal(said.text,
                        "the vocabulary does not know 2.9 % of the tokens (<unk>), such as in \"日\", \"😊\"; are "
                        "tokenizer and model the right ones for this data?\n");
    warn(two, 0, &said);
    assert_int_equal(said.length, 0);
    cam_strbuf_release(&text);
    cam_strbuf_release(&said);
}

static void test_examples(void **state) {
    (void)state;
    static const char *const rows[] = {"le 日 le 日 a本b", "", "de", "\u00a0ひ\u3000ら", "が な", "x\"国"};
    cam_text texts[6];
    cam_strbuf said = CAM_STRBUF_INIT;
    for (int i = 0; i < 6; i++)
        texts[i] = (cam_text){rows[i], strlen(rows[i])};
    warn(texts, 6, &said);
    assert_non_null(strstr(said.text, "such as in \"日\", \"a本b\", \"ひ\", \"ら\", \"が\"; are"));
    warn(texts + 5, 1, &said);
    assert_non_null(strstr(said.text, "such as in \"x\\\"国\"; are"));
    cam_strbuf_release(&said);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
