/* tokenizer_pipelines.c: what tokenizer.json may declare, held to the ids that tokenizers 0.23.3 gives.
 *
 * A line of data/tokenizer_pipelines.jsonl has parts that replace those of a tokenizer.json (the shipped model's, or
 * data/tokenizer_wordpiece.json), and texts with their ids; data/make_tokenizer_golden.py writes it. */
#include "family.h"
#include "temporary_tree.h"
#include "tokenizer.h"
#include <jansson.h>

static const char golden[] = "tests/unit/data/tokenizer_pipelines.jsonl";
static const char wordpiece[] = "tests/unit/data/tokenizer_wordpiece.json";
static const char unigram[] = "examples/untrained-model/tokenizer.json";

/* Writes tokenizer.json with the pipeline's parts, and opens it. The unigram vocabulary has CamemBERT's specials, which
 * the tokenizer class gives where a pipeline has no post-processor. */
static cam_tokenizer *open_pipeline(const tree *t, const json_t *line) {
    int is_wordpiece = strcmp(json_string_value(json_object_get(line, "file")), "wordpiece") == 0;
    json_t *file = json_load_file(is_wordpiece ? wordpiece : unigram, 0, NULL);
    assert_non_null(file);
    assert_int_equal(json_object_update(file, json_object_get(line, "parts")), 0);
    char *text = json_dumps(file, JSON_COMPACT);
    tree_write_text(t, "tokenizer.json", text);
    free(text);
    json_decref(file);
    cam_tokenizer *tokenizer;
    const cam_tokenizer_class *class = is_wordpiece ? &cam_tokenizer_class_of_file : cam_families[0].tokenizer_class;
    if (cam_tokenizer_open(t->root, class, &tokenizer) != CAM_OK)
        fail_msg("%s", cam_status_message());
    return tokenizer;
}

static void assert_row(const cam_tokenizer *tokenizer, const json_t *line, const json_t *row, cam_ids *out) {
    const json_t *text = json_array_get(row, 0), *ids = json_array_get(row, 1);
    cam_text bytes = {json_string_value(text), json_string_length(text)};
    assert_int_equal(cam_tokenizer_encode(tokenizer, bytes, 0, out, NULL), CAM_OK);
    int equal = out->count == json_array_size(ids);
    for (size_t i = 0; equal && i < out->count; i++)
        equal = out->ids[i] == json_integer_value(json_array_get(ids, i));
    if (!equal) {
        char *parts = json_dumps(json_object_get(line, "parts"), JSON_COMPACT);
        fail_msg("\"%s\" differs with %s", bytes.bytes, parts);
    }
}

static void test_golden(void **state) {
    cam_strbuf file = tree_read_path(golden);
    cam_ids out = {0};
    int pipelines = 0;
    size_t rows = 0, i;
    for (char *at = file.text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1, pipelines++) {
        json_t *line = json_loadb(at, (size_t)(end - at), JSON_ALLOW_NUL, NULL);
        const json_t *row;
        assert_non_null(line);
        cam_tokenizer *tokenizer = open_pipeline(*state, line);
        json_array_foreach(json_object_get(line, "rows"), i, row) {
            assert_row(tokenizer, line, row, &out);
            rows++;
        }
        cam_tokenizer_close(tokenizer);
        json_decref(line);
    }
    assert_int_equal(pipelines, 30);
    assert_true(rows > 3500);
    cam_ids_release(&out);
    cam_strbuf_release(&file);
}

/* The special ids of a WordPiece file, found by the names that BERT's family uses. */
static void test_special_ids(void **state) {
    const tree *t = *state;
    cam_tokenizer *tokenizer;
    tree_copy(t, wordpiece, "tokenizer.json");
    assert_int_equal(cam_tokenizer_open(t->root, &cam_tokenizer_class_of_file, &tokenizer), CAM_OK);
    cam_special_ids special = cam_tokenizer_special_ids(tokenizer);
    assert_int_equal(special.pad, 0);
    assert_int_equal(special.bos, 1);
    assert_int_equal(special.eos, 2);
    assert_int_equal(special.unk, 3);
    assert_int_equal(special.mask, 4);
    assert_string_equal(cam_tokenizer_piece(tokenizer, 1), "[CLS]");
    assert_int_equal(cam_tokenizer_vocab_size(tokenizer), 1500);
    for (int32_t id = 0; id < 1500; id++) {
        const char *piece = cam_tokenizer_piece(tokenizer, id);
        assert_int_equal(cam_tokenizer_is_special(tokenizer, id), id < 5);
        assert_int_equal(cam_tokenizer_continues_word(tokenizer, id), id >= 5 && strncmp(piece, "##", 2) == 0);
    }
    cam_tokenizer_close(tokenizer);
}

static void assert_written(const tree *t, const char *name, const char *const *fragments) {
    char *path = tree_path(t, name);
    cam_strbuf text = tree_read_path(path);
    for (; *fragments; fragments++)
        if (!strstr(text.text, *fragments))
            fail_msg("\"%s\" is not in %s", *fragments, text.text);
    cam_strbuf_release(&text);
    free(path);
}

static void save(const tree *t, int32_t max_tokens) {
    cam_tokenizer *tokenizer;
    char *saved = tree_path(t, "saved");
    assert_int_equal(cam_tokenizer_open(t->root, &cam_tokenizer_class_of_file, &tokenizer), CAM_OK);
    assert_int_equal(cam_tokenizer_save(tokenizer, max_tokens, saved), CAM_OK);
    cam_tokenizer_close(tokenizer);
    free(saved);
}

/* transformers 5 would build a BPE tokenizer for RobertaTokenizer, whatever tokenizer.json holds. */
static void test_saved_configuration(void **state) {
    const tree *t = *state;
    tree_copy(t, wordpiece, "tokenizer.json");
    save(t, 1024);
    assert_written(t, "saved/tokenizer_config.json",
                   (const char *[]){"\"tokenizer_class\": \"PreTrainedTokenizerFast\"", "\"cls_token\": \"[CLS]\"",
                                    "\"pad_token\": \"[PAD]\"", "\"model_max_length\": 1024", NULL});
    tree_write_text(t, "tokenizer_config.json",
                    "{\"a\": [\"}\", {\"model_max_length\": 7}], \"tokenizer_class\": \"RobertaTokenizer\",\n"
                    " \"model_max_length\": 1000000000000000019884624838656 ,\"truncation_side\":\"left\"}");
    save(t, 1024);
    assert_written(
        t, "saved/tokenizer_config.json",
        (const char *[]){"{\"a\": [\"}\", {\"model_max_length\": 7}], \"tokenizer_class\": "
                         "\"PreTrainedTokenizerFast\",\n \"model_max_length\": 1024 ,\"truncation_side\":\"left\"}",
                         NULL});
    tree_write_text(t, "tokenizer_config.json", "{\"model_max_length\": 500}");
    save(t, 1024);
    assert_written(
        t, "saved/tokenizer_config.json",
        (const char *[]){"\"tokenizer_class\": \"PreTrainedTokenizerFast\",", "\"model_max_length\": 500}", NULL});
    tree_write_text(t, "tokenizer_config.json", "{\"extra_special_tokens\": [\"a,]\", {\"b\": 1}]}");
    save(t, 1024);
    assert_written(t, "saved/tokenizer_config.json",
                   (const char *[]){"\"additional_special_tokens\": [\"a,]\", {\"b\": 1}],",
                                    "\"extra_special_tokens\": {}}", NULL});
    tree_write_text(t, "tokenizer_config.json", "{}");
    save(t, 64);
    assert_written(
        t, "saved/tokenizer_config.json",
        (const char *[]){"\"tokenizer_class\": \"PreTrainedTokenizerFast\",", "\"model_max_length\": 64\n}", NULL});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_special_ids, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_saved_configuration, tree_setup, tree_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
