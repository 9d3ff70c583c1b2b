/* model_tokenizer.c: the ids of a folder's tokenizer, by model_type and tokenizer class.
 *
 * data/tokenizer_xlm_roberta.jsonl has the ids that tokenizers 0.23.3 gives with the shipped SentencePiece model in an
 * XLM-RoBERTa folder; XLMRobertaTokenizer of transformers 5.24.0 gives the same ids there. */
#include "model_tokenizer.h"
#include "family.h"
#include "temporary_tree.h"
#include <jansson.h>

static const char golden[] = "tests/unit/data/tokenizer_xlm_roberta.jsonl";
static const char source_model[] = "examples/untrained-model/sentencepiece.bpe.model";
static const char source_json[] = "examples/untrained-model/tokenizer.json";

static cam_tokenizer *open_folder(const tree *t) {
    cam_tokenizer *tokenizer;
    if (cam_model_tokenizer_open(t->root, &tokenizer) != CAM_OK)
        fail_msg("%s", cam_status_message());
    return tokenizer;
}

static void assert_refused(const tree *t, const char *why) {
    cam_tokenizer *tokenizer;
    assert_int_equal(cam_model_tokenizer_open(t->root, &tokenizer), CAM_E_MODEL);
    assert_null(tokenizer);
    if (!strstr(cam_status_message(), why))
        fail_msg("\"%s\" is not in: %s", why, cam_status_message());
}

static void assert_special(const cam_tokenizer *tokenizer, int32_t bos, int32_t eos, int32_t mask) {
    cam_special_ids special = cam_tokenizer_special_ids(tokenizer);
    assert_int_equal(special.bos, bos);
    assert_int_equal(special.pad, 1);
    assert_int_equal(special.eos, eos);
    assert_int_equal(special.unk, 3);
    assert_int_equal(special.mask, mask);
    assert_int_equal(cam_tokenizer_vocab_size(tokenizer), mask + 1);
    assert_string_equal(cam_tokenizer_piece(tokenizer, bos), "<s>");
    assert_string_equal(cam_tokenizer_piece(tokenizer, eos), "</s>");
    assert_string_equal(cam_tokenizer_piece(tokenizer, mask), "<mask>");
}

/* The 4,000 pieces of the shipped model: <mask> is 4,000 + 4 for CamemBERT, 4,000 + 1 for XLM-RoBERTa. */
static void assert_class(const tree *t, const char *model_type) {
    cam_tokenizer *tokenizer = open_folder(t);
    if (strcmp(model_type, "camembert") == 0)
        assert_special(tokenizer, 5, 6, 4004);
    else
        assert_special(tokenizer, 0, 2, 4001);
    cam_tokenizer_close(tokenizer);
}

static void test_golden(void **state) {
    const tree *t = *state;
    tree_copy(t, source_model, "sentencepiece.bpe.model");
    tree_write_text(t, "config.json", "{\"model_type\":\"xlm-roberta\"}");
    cam_tokenizer *tokenizer = open_folder(t);
    assert_special(tokenizer, 0, 2, 4001);
    cam_strbuf file = tree_read_path(golden);
    cam_ids out = {0};
    int rows = 0;
    for (char *line = strtok(file.text, "\n"); line; line = strtok(NULL, "\n"), rows++) {
        json_t *row = json_loads(line, 0, NULL), *text = json_object_get(row, "text"),
               *ids = json_object_get(row, "ids");
        cam_text bytes = {json_string_value(text), json_string_length(text)};
        assert_int_equal(cam_tokenizer_encode(tokenizer, bytes, 0, &out, NULL), CAM_OK);
        int equal = out.count == json_array_size(ids);
        for (size_t i = 0; equal && i < out.count; i++)
            equal = out.ids[i] == json_integer_value(json_array_get(ids, i));
        if (!equal)
            fail_msg("row %d differs: \"%s\"", rows + 1, bytes.bytes);
        json_decref(row);
    }
    assert_int_equal(rows, 229);
    cam_ids_release(&out);
    cam_strbuf_release(&file);
    cam_tokenizer_close(tokenizer);
}

/* tokenizer_config.json has precedence over config.json, as in transformers; "Fast" names the same class. */
static void test_class_of_the_folder(void **state) {
    static const struct {
        const char *config, *tokenizer_config, *family;
    } cases[] = {
        {"{\"model_type\":\"camembert\"}", "{}", "camembert"},
        {"{\"model_type\":\"xlm-roberta\"}", "{}", "xlm-roberta"},
        {"{\"model_type\":\"camembert\"}", "{\"tokenizer_class\":null}", "camembert"},
        {"{\"model_type\":\"camembert\"}", "{\"tokenizer_class\":\"XLMRobertaTokenizer\"}", "xlm-roberta"},
        {"{\"model_type\":\"xlm-roberta\"}", "{\"tokenizer_class\":\"CamembertTokenizerFast\"}", "camembert"},
        {"{\"model_type\":\"roberta\"}", "{\"tokenizer_class\":\"XLMRobertaTokenizerFast\"}", "xlm-roberta"},
        {"{\"model_type\":\"roberta\",\"tokenizer_class\":\"CamembertTokenizer\"}", "{}", "camembert"},
        {"{}", "{\"tokenizer_class\":\"XLMRobertaTokenizer\"}", "xlm-roberta"},
        {"{\"model_type\":\"xlm-roberta\"}", "{\"model_max_length\": 1000000000000000019884624838656}", "xlm-roberta"},
    };
    const tree *t = *state;
    tree_copy(t, source_model, "sentencepiece.bpe.model");
    tree_write_text(t, "config.json", "{\"model_type\":\"camembert\"}");
    assert_class(t, "camembert");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tree_write_text(t, "config.json", cases[i].config);
        tree_write_text(t, "tokenizer_config.json", cases[i].tokenizer_config);
        assert_class(t, cases[i].family);
    }
}

/* A class that is not in the table: the ids are those of tokenizer.json, and the other file is not read. */
static void test_other_classes(void **state) {
    const tree *t = *state;
    tree_write_text(t, "config.json", "{\"model_type\":\"roberta\"}");
    assert_refused(t, "no tokenizer in");
    tree_copy(t, source_model, "sentencepiece.bpe.model");
    assert_refused(t, "it needs tokenizer.json; the ids of sentencepiece.bpe.model depend on the model family");
    tree_write_text(t, "tokenizer_config.json", "{\"tokenizer_class\":\"T5Tokenizer\"}");
    assert_refused(t, "tokenizer_class \"T5Tokenizer\" is not supported without tokenizer.json; supported: "
                      "CamembertTokenizer, XLMRobertaTokenizer");
    tree_copy(t, source_json, "tokenizer.json");
    assert_class(t, "camembert");
    tree_write_text(t, "config.json", "{\"model_type\":\"xlm-roberta\"}");
    assert_class(t, "camembert");
    tree_write_text(t, "tokenizer_config.json", "{\"tokenizer_class\":\"CamembertTokenizers\"}");
    assert_class(t, "camembert");
}

static void test_refused(void **state) {
    const tree *t = *state;
    tree_copy(t, source_model, "sentencepiece.bpe.model");
    tree_copy(t, source_json, "tokenizer.json");
    assert_refused(t, "\"model_type\" is missing");
    tree_write_text(t, "config.json", "{\"model_type\":\"bert\"}");
    assert_refused(t, "config.json: model_type \"bert\" (BERT) is not supported; supported: camembert, xlm-roberta");
    tree_write_text(t, "tokenizer_config.json", "{\"tokenizer_class\":\"CamembertTokenizer\"}");
    assert_refused(t, "config.json: model_type \"bert\" (BERT) is not supported");
    tree_write_text(t, "tokenizer_config.json", "{\n\n,");
    assert_refused(t, "tokenizer_config.json:3: this is not a JSON object");
    tree_write_text(t, "config.json", "[]");
    assert_refused(t, "config.json:1: this is not a JSON object");
}

/* Pieces 1 and 2 of an XLM-RoBERTa model must be <s> and </s>. */
static void test_model_without_its_specials(void **state) {
    static const char pieces[] = "\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02"
                                 "\x0a\x0a\x0a\x01"
                                 "a\x15\0\0\0\0\x18\x01";
    const tree *t = *state;
    tree_write_text(t, "config.json", "{\"model_type\":\"xlm-roberta\"}");
    tree_write(t, "sentencepiece.bpe.model", pieces, sizeof pieces - 1);
    assert_refused(t, "piece 1 is not \"<s>\", as models of XLMRobertaTokenizer have it");
    tree_write(t, "sentencepiece.bpe.model", pieces, 16);
    assert_refused(t, "damaged");
}

/* Where the folder has no tokenizer_config.json, the class is written whose ids were used. */
static void test_saved_class(void **state) {
    const tree *t = *state;
    char *saved = tree_path(t, "saved"), *config = tree_path(t, "saved/tokenizer_config.json");
    tree_copy(t, source_model, "sentencepiece.bpe.model");
    for (const cam_family *family = cam_families; family->model_type; family++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        cam_strbuf_printf(&text, "{\"model_type\":\"%s\"}", family->model_type);
        tree_write_text(t, "config.json", text.text);
        if (!family->tokenizer_class->front[0].text)
            tree_copy(t, source_json, "tokenizer.json");
        cam_tokenizer *tokenizer = open_folder(t);
        assert_int_equal(cam_tokenizer_save(tokenizer, 512, saved), CAM_OK);
        cam_tokenizer_close(tokenizer);
        cam_strbuf_clear(&text);
        cam_strbuf_printf(&text, "\"tokenizer_class\": \"%s\"", family->tokenizer_class->name);
        cam_strbuf written = tree_read_path(config);
        assert_non_null(strstr(written.text, text.text));
        cam_strbuf_release(&written);
        cam_strbuf_release(&text);
    }
    free(saved);
    free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_class_of_the_folder, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_other_classes, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_refused, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_model_without_its_specials, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_saved_class, tree_setup, tree_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
