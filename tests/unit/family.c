/* family.c: the table of model families, and the message about a type that is not in it. */
#include "family.h"
#include "temporary_tree.h"

static void assert_said(const char *model_type, const char *expected) {
    cam_strbuf said = CAM_STRBUF_INIT;
    assert_null(cam_family_find(model_type));
    cam_family_refuse(model_type, &said);
    assert_string_equal(cam_strbuf_text(&said), expected);
    cam_strbuf_release(&said);
}

#define SUPPORTED " is not supported; supported: camembert, xlm-roberta, roberta"

static void test_unknown_types(void **state) {
    (void)state;
    assert_said("t5", "model_type \"t5\"" SUPPORTED);
    assert_said("", "model_type \"\"" SUPPORTED);
    assert_said("Camembert", "model_type \"Camembert\"" SUPPORTED);
    assert_said("xlm", "model_type \"xlm\" (XLM)" SUPPORTED);
    assert_said("deberta-v2", "model_type \"deberta-v2\" (DeBERTa, as CamemBERTa and CamemBERTav2 are)" SUPPORTED);
    assert_said("a\n\x1b", "model_type \"a\\n\\u001b\"" SUPPORTED);
    char longest[200], expected[300];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 63, "\xC3\xA9", 2); /* the message ends in it, at 64 bytes */
    longest[sizeof longest - 1] = '\0';
    snprintf(expected, sizeof expected, "model_type \"%.63s\"" SUPPORTED, longest);
    assert_said(longest, expected);
}

static void test_rows(void **state) {
    (void)state;
    static const struct {
        const char *model_type, *classifier_class, *tokenizer_class, *written_prefix;
    } rows[] = {
        {"camembert", "CamembertForSequenceClassification", "CamembertTokenizer", "roberta."},
        {"xlm-roberta", "XLMRobertaForSequenceClassification", "XLMRobertaTokenizer", "roberta."},
        {"roberta", "RobertaForSequenceClassification", "PreTrainedTokenizerFast", "roberta."},
    };
    size_t count = 0;
    for (const cam_family *family = cam_families; family->model_type; family++, count++) {
        assert_ptr_equal(cam_family_find(family->model_type), family);
        assert_string_equal(family->model_type, rows[count].model_type);
        assert_string_equal(family->classifier_class, rows[count].classifier_class);
        assert_string_equal(family->tokenizer_class->name, rows[count].tokenizer_class);
        assert_string_equal(family->prefixes[0], rows[count].written_prefix); /* transformers' base_model_prefix */
        assert_int_equal(family->position_offset, 1);
    }
    assert_int_equal(count, sizeof rows / sizeof rows[0]);
}

static void test_prefixes(void **state) {
    (void)state;
    assert_string_equal(cam_family_prefix_of("roberta.embeddings.LayerNorm.weight"), "roberta.");
    assert_string_equal(cam_family_prefix_of("camembert.encoder.layer.0.output.dense.bias"), "camembert.");
    assert_string_equal(cam_family_prefix_of("embeddings.LayerNorm.weight"), "");
    assert_string_equal(cam_family_prefix_of("classifier.dense.weight"), "");
    assert_string_equal(cam_family_prefix_of("roberta_encoder.x"), "");
    assert_string_equal(cam_family_prefix_of(""), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_types),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
