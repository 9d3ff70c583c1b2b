/* tokenizer_files.c: files of tokenizers: damaged, foreign and hostile ones, two that differ; saving. */
#include "family.h"
#include "log.h"
#include "temporary_tree.h"
#include "tokenizer.h"
#include <fcntl.h>

static const char source_model[] = "examples/untrained-model/sentencepiece.bpe.model";
static const char source_json[] = "examples/untrained-model/tokenizer.json";

static void assert_refused(const tree *t, const char *why) {
    cam_tokenizer *tokenizer;
    cam_status st = cam_tokenizer_open(t->root, cam_families[0].tokenizer_class, &tokenizer);
    assert_int_equal(st, CAM_E_MODEL);
    assert_null(tokenizer);
    if (!strstr(cam_status_message(), why))
        fail_msg("\"%s\" is not in: %s", why, cam_status_message());
}

static void test_nothing_there(void **state) {
    assert_refused(*state, "needs tokenizer.json or sentencepiece.bpe.model");
}

static void test_not_the_file_itself(void **state) {
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 810912\n";
    tree_write_text(*state, "sentencepiece.bpe.model", pointer);
    assert_refused(*state, "sentencepiece.bpe.model\": it is a Git LFS pointer");
    tree_write_text(*state, "sentencepiece.bpe.model", "<!DOCTYPE html><html></html>");
    assert_refused(*state, "web page");
    tree_write_text(*state, "sentencepiece.bpe.model", "");
    assert_refused(*state, "damaged");
    tree_write_text(*state, "tokenizer.json", pointer);
    assert_refused(*state, "tokenizer.json\": it is a Git LFS pointer");
}

#define VOCAB                                                                                                          \
    "[[\"<s>NOTUSED\",0],[\"<pad>\",0],[\"</s>NOTUSED\",0],[\"<unk>\",0],[\"<unk>NOTUSED\",-100],[\"<s>\",0],"         \
    "[\"</s>\",0],[\"\u2581a\",-1],[\"\u2581\",-2.5],[\"a\",-2],[\"<mask>\",0]]"
#define MODEL "\"model\":{\"type\":\"Unigram\",\"unk_id\":3,\"vocab\":" VOCAB "}"

static void test_json_refused(void **state) {
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{", "not JSON"},
        {"[]", "\"?\" model; only \"Unigram\""},
        {"{}", "\"?\" model; only \"Unigram\""},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}", "vocabulary is empty"},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":[]}}", "no vocabulary"},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}", "\"[UNK]\", is not in the vocabulary"},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":\"b\"}}}", "\"a\" of its vocabulary has no id"},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":-1}}}", "-1, is not in"},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1000000000}}}", "1000000000, is not in"},
        {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1,\"b\":1}}}", "two pieces have the id 1"},
        {"{\"model\":{\"type\":\"BPE\"}}", "\"BPE\" model; only \"Unigram\""},
        {"{\"model\":{\"vocab\":{},\"merges\":[]}}", "\"BPE\" model; only \"Unigram\""},
        {"{\"model\":{\"type\":\"WordLevel\",\"vocab\":{}}}", "\"WordLevel\" model; only \"Unigram\""},
        {"{\"model\":{\"type\":\"Unigram\"}}", "no vocabulary"},
        {"{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}", "unk_id"},
        {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\"]]}}", "entry 0"},
        {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[7]}}", "entry 0"},
        {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":9,\"vocab\":[[\"a\",0]]}}", "unk_id"},
        {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":-1,\"vocab\":[[\"a\",0]]}}", "unk_id"},
        {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",1e300]]}}", "score of piece 0"},
        {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",0]]}}", "no \"<s>\""},
        {"{\"model\":{\"type\":\"Unigram\",\"byte_fallback\":true,\"vocab\":[]}}", "bytes"},
        {"{" MODEL ",\"normalizer\":{\"type\":\"ByteLevel\"}}", "normalizer \"ByteLevel\""},
        {"{" MODEL ",\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a|b)+?\"},\"content\":\"\"}}",
         "\"(a|b)+?\""},
        {"{" MODEL ",\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"*\"}}", "base64"},
        {"{" MODEL ",\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"////////////\"}}",
         "character map is damaged"},
        {"{" MODEL ",\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}", "pre-tokenizer \"ByteLevel\""},
        {"{" MODEL ",\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"}}", "pre-tokenizer \"UnicodeScripts\""},
        {"{" MODEL ",\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a)\"},\"behavior\":\"Isolated\"}}",
         "splits at the pattern \"(a)\""},
        {"{" MODEL ",\"pre_tokenizer\":{\"type\":\"Punctuation\",\"behavior\":\"Kept\"}}", "behavior \"Kept\""},
        {"{" MODEL ",\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"_\"}}", "another mark"},
        {"{" MODEL
         ",\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"last\"}}",
         "prepend_scheme \"last\""},
        {"{" MODEL ",\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":["
         "{\"type\":\"WhitespaceSplit\"},{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":"
         "\"first\"}"
         "]}}",
         "prepend_scheme \"first\""},
        {"{" MODEL ",\"post_processor\":{\"type\":\"Other\"}}", "post-processor \"Other\""},
        {"{" MODEL ",\"post_processor\":{\"type\":\"ByteLevel\"}}", "puts no token such as \"<s>\" before a text"},
        {"{" MODEL ",\"post_processor\":{\"type\":\"RobertaProcessing\",\"cls\":[\"<s>\",11],\"sep\":[\"</s>\",6]}}",
         "adds the token 11, which is not in the vocabulary"},
        {"{" MODEL
         ",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}}]}}",
         "does not hold the text"},
        {"{" MODEL ",\"added_tokens\":[{\"content\":\"x\"}]}", "added token \"x\" has no id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tree_write_text(*state, "tokenizer.json", cases[i].text);
        assert_refused(*state, cases[i].why);
    }
}

static void encode(const tree *t, const char *text, cam_ids *ids) {
    cam_tokenizer *tokenizer;
    if (cam_tokenizer_open(t->root, cam_families[0].tokenizer_class, &tokenizer) != CAM_OK)
        fail_msg("%s", cam_status_message());
    assert_int_equal(cam_tokenizer_encode(tokenizer, (cam_text){text, strlen(text)}, 0, ids, NULL), CAM_OK);
    cam_tokenizer_close(tokenizer);
}

static void assert_encodes(const tree *t, const char *text, const int32_t *ids, size_t count) {
    cam_ids out = {0};
    encode(t, text, &out);
    assert_int_equal(out.count, count);
    assert_memory_equal(out.ids, ids, count * sizeof *ids);
    cam_ids_release(&out);
}
#define ASSERT_ENCODES(t, text, ...)                                                                                   \
    assert_encodes(t, text, (int32_t[]){__VA_ARGS__}, sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t))

/* The ids are those of tokenizers 0.23.3 for these files. */
static void test_json_pipelines(void **state) {
    tree_write_text(*state, "tokenizer.json",
                    "{" MODEL ",\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":["
                    "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},"
                    "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\"\u2581\"}]},"
                    "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"add_prefix_space\":true}}");
    ASSERT_ENCODES(*state, "a  a ", 5, 7, 7, 6);
    ASSERT_ENCODES(*state, "  aa", 5, 7, 9, 6);
    ASSERT_ENCODES(*state, "a\ta", 5, 7, 3, 9, 6);

    tree_write_text(*state, "tokenizer.json",
                    "{" MODEL ",\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"bb\"},"
                    "\"content\":\"a\"},\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\u2581\","
                    "\"prepend_scheme\":\"never\",\"split\":false}}");
    ASSERT_ENCODES(*state, "bbb a", 5, 9, 3, 7, 6);
    ASSERT_ENCODES(*state, "", 5, 6);
}

static void test_added_tokens(void **state) {
    static const char json[] = "{" MODEL ",\"added_tokens\":[{\"id\":11,\"content\":\"aaa\",\"rstrip\":true},"
                               "{\"id\":12,\"content\":\"aa\",\"lstrip\":true,\"normalized\":false},"
                               "{\"id\":13,\"content\":\"b\",\"single_word\":true}],"
                               "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\u2581\"}}";
    tree_write_text(*state, "tokenizer.json", json);
    ASSERT_ENCODES(*state, "a  aa a", 5, 7, 12, 7, 6);
    ASSERT_ENCODES(*state, "a b ab", 5, 7, 8, 13, 7, 3, 6);
    ASSERT_ENCODES(*state, "(b)", 5, 8, 3, 13, 8, 3, 6);
}

/* tokenizer_config.json and added_tokens.json beside tokenizer.json: the first changes tokens, the second adds those
 * that are missing, where the first does not list any. */
static void test_files_beside(void **state) {
    const tree *t = *state;
    tree_write_text(t, "tokenizer.json",
                    "{" MODEL ",\"added_tokens\":[{\"id\":11,\"content\":\"[TEL]\"}],"
                    "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\u2581\"}}");
    tree_write_text(t, "added_tokens.json", "{\"[TEL]\": 14, \"[MAIL]\": 12}");
    ASSERT_ENCODES(t, "[TEL] [MAIL]", 5, 11, 8, 12, 6);
    tree_write_text(t, "tokenizer_config.json",
                    "{\"model_max_length\": 1000000000000000019884624838656, \"bos_token\": \"<s>\"}");
    ASSERT_ENCODES(t, "[MAIL]<s>", 5, 12, 5, 6);
    tree_write_text(t, "tokenizer_config.json",
                    "{\"added_tokens_decoder\": {\"11\": {\"content\": \"[TEL]\", \"rstrip\": true}}}");
    ASSERT_ENCODES(t, "[TEL]  a", 5, 11, 7, 6);
    ASSERT_ENCODES(t, "[MAIL]", 5, 8, 3, 6);
    tree_write_text(t, "tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"[X]\"}}}");
    assert_refused(t, "added token \"[X]\" has no id");
    tree_write_text(t, "tokenizer_config.json", "{\"truncation_side\": \"middle\"}");
    assert_refused(t, "\"truncation_side\" is not \"left\" or \"right\"");
}

static void assert_truncated(const tree *t, int32_t max_length, const int32_t *ids, size_t count) {
    cam_tokenizer *tokenizer;
    cam_ids out = {0};
    int truncated = 0;
    assert_int_equal(cam_tokenizer_open(t->root, cam_families[0].tokenizer_class, &tokenizer), CAM_OK);
    assert_int_equal(cam_tokenizer_encode(tokenizer, (cam_text){"[TEL] a aa", 10}, max_length, &out, &truncated),
                     CAM_OK);
    assert_int_equal(out.count, count);
    assert_memory_equal(out.ids, ids, count * sizeof *ids);
    assert_true(truncated);
    cam_ids_release(&out);
    cam_tokenizer_close(tokenizer);
}

/* tokenizer_config.json has precedence over the direction of tokenizer.json. */
static void test_truncation_side(void **state) {
    const tree *t = *state;
    static const char with[] = "{" MODEL ",\"added_tokens\":[{\"id\":11,\"content\":\"[TEL]\"}],"
                               "\"truncation\":{\"direction\":\"%s\",\"max_length\":9},"
                               "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\u2581\"}}";
    for (int left = 0; left < 2; left++)
        for (int said = 0; said < 3; said++) { /* by tokenizer_config.json: nothing, "right", "left" */
            cam_strbuf text = CAM_STRBUF_INIT;
            cam_strbuf_printf(&text, with, left ? "Left" : "Right");
            tree_write_text(t, "tokenizer.json", cam_strbuf_text(&text));
            tree_write_text(t, "tokenizer_config.json",
                            said == 0   ? "{}"
                            : said == 1 ? "{\"truncation_side\":\"right\"}"
                                        : "{\"truncation_side\":\"left\"}");
            if (said == 2 || (left && said == 0))
                assert_truncated(t, 4, (int32_t[]){5, 7, 9, 6}, 4);
            else
                assert_truncated(t, 4, (int32_t[]){5, 11, 7, 6}, 4);
            assert_truncated(t, 2, (int32_t[]){5, 6}, 2);
            cam_strbuf_release(&text);
        }
}

static cam_status check_rows(const tree *t, int32_t rows, int32_t *vocab_size) {
    cam_tokenizer *tokenizer;
    assert_int_equal(cam_tokenizer_open(t->root, cam_families[0].tokenizer_class, &tokenizer), CAM_OK);
    cam_log_set_level(CAM_LOG_QUIET);
    cam_status st = cam_tokenizer_check_rows(tokenizer, rows);
    cam_log_set_level(CAM_LOG_NORMAL);
    *vocab_size = cam_tokenizer_vocab_size(tokenizer);
    cam_tokenizer_close(tokenizer);
    return st;
}

/* 11 pieces and one added token; a special one without a row is forgotten. */
static void test_rows_of_the_model(void **state) {
    const tree *t = *state;
    int32_t size = 0;
    tree_write_text(t, "tokenizer.json", "{" MODEL ",\"added_tokens\":[{\"id\":11,\"content\":\"[TEL]\"}]}");
    assert_int_equal(check_rows(t, 12, &size), CAM_OK);
    assert_int_equal(size, 12);
    assert_int_equal(check_rows(t, 25, &size), CAM_OK);
    assert_int_equal(check_rows(t, 26, &size), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "has 12 pieces, the model 26 rows of embeddings"));
    assert_int_equal(check_rows(t, 11, &size), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "added token \"[TEL]\" has the id 11, but the model has 11 rows"));
    assert_int_equal(check_rows(t, 10, &size), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "has 11 pieces, the model only 10 rows"));
    tree_write_text(t, "tokenizer.json",
                    "{" MODEL ",\"added_tokens\":[{\"id\":11,\"content\":\"<unk>X\",\"special\":true}]}");
    assert_int_equal(check_rows(t, 11, &size), CAM_OK);
    assert_int_equal(size, 11);
}

static void test_other_kinds_of_model(void **state) {
    static const char bpe[] = "\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02\x12\x02\x18\x02";
    tree_write(*state, "sentencepiece.bpe.model", bpe, sizeof bpe - 1);
    assert_refused(*state, "SentencePiece BPE model; only unigram");
    static const char unknown_second[] = "\x0a\x0a\x0a\x01"
                                         "a\x15\0\0\0\0\x18\x01";
    tree_write(*state, "sentencepiece.bpe.model", unknown_second, sizeof unknown_second - 1);
    assert_refused(*state, "piece 0 is not the unknown piece");
}

/* A file that is truncated anywhere, or has any byte changed, is refused or read. */
static void test_damaged_model(void **state) {
    cam_strbuf whole = tree_read_path(source_model);
    cam_ids ids = {0};
    int refused = 0;
    for (size_t part = 0; part < 48; part++) {
        tree_write(*state, "sentencepiece.bpe.model", whole.text, whole.length * part / 48 + (part > 24));
        cam_tokenizer *tokenizer;
        cam_status st = cam_tokenizer_open(((tree *)*state)->root, cam_families[0].tokenizer_class, &tokenizer);
        assert_true(st == CAM_OK || st == CAM_E_MODEL);
        refused += st == CAM_E_MODEL;
        cam_tokenizer_close(tokenizer);
    }
    assert_true(refused >= 46);
    uint32_t random = 12345;
    for (int round = 0; round < 96; round++) {
        random = random * 1664525u + 1013904223u;
        size_t at = round < 48 ? random % whole.length : random % 4096;
        char kept = whole.text[at];
        whole.text[at] = (char)(kept ^ (char)(1 << (round % 8)));
        tree_write(*state, "sentencepiece.bpe.model", whole.text, whole.length);
        whole.text[at] = kept;
        cam_tokenizer *tokenizer;
        cam_status st = cam_tokenizer_open(((tree *)*state)->root, cam_families[0].tokenizer_class, &tokenizer);
        assert_true(st == CAM_OK || st == CAM_E_MODEL);
        if (st == CAM_OK)
            assert_int_equal(cam_tokenizer_encode(tokenizer, (cam_text){"L'été, ﬁn… ①", 19}, 0, &ids, NULL), CAM_OK);
        cam_tokenizer_close(tokenizer);
    }
    cam_ids_release(&ids);
    cam_strbuf_release(&whole);
}

/* --- two files, and saving --------------------------------------------------------------------------------------- */

/* What cam_tokenizer_open writes to standard error, to be released. */
static cam_strbuf warnings_of_opening(const tree *t) {
    char *path = tree_path(t, "stderr");
    cam_tokenizer *tokenizer;
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), kept = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(file, STDERR_FILENO);
    cam_status st = cam_tokenizer_open(t->root, cam_families[0].tokenizer_class, &tokenizer);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(file);
    close(kept);
    assert_int_equal(st, CAM_OK);
    cam_tokenizer_close(tokenizer);
    cam_strbuf said = tree_read_path(path);
    free(path);
    return said;
}

static void test_files_that_differ(void **state) {
    cam_strbuf json = tree_read_path(source_json);
    tree_copy(*state, source_model, "sentencepiece.bpe.model");
    tree_write(*state, "tokenizer.json", json.text, json.length);
    cam_strbuf said = warnings_of_opening(*state);
    assert_int_equal(said.length, 0);
    cam_strbuf_release(&said);

    char *piece = strstr(json.text, "\"\u2581de\"");
    assert_non_null(piece);
    memcpy(piece, "\"\u2581du\"", strlen("\"\u2581du\""));
    tree_write(*state, "tokenizer.json", json.text, json.length);
    said = warnings_of_opening(*state);
    assert_non_null(strstr(cam_strbuf_text(&said), "warning: "));
    assert_non_null(strstr(cam_strbuf_text(&said), "differ, first at id "));
    assert_non_null(
        strstr(cam_strbuf_text(&said), "\"\u2581du\" in tokenizer.json, \"\u2581de\" in sentencepiece.bpe.model"));
    cam_strbuf_release(&said);
    cam_strbuf_release(&json);
}

static void assert_same_file(const tree *t, const char *name, const char *source) {
    char *path = tree_path(t, name);
    cam_strbuf a = tree_read_path(path), b = tree_read_path(source);
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.text, b.text, a.length);
    cam_strbuf_release(&a);
    cam_strbuf_release(&b);
    free(path);
}

static void test_save(void **state) {
    const tree *t = *state;
    cam_tokenizer *tokenizer;
    char *saved = tree_path(t, "saved"), *again = tree_path(t, "again"),
         *config = tree_path(t, "saved/tokenizer_config.json");
    tree_copy(t, source_json, "tokenizer.json");
    assert_int_equal(cam_tokenizer_open(t->root, cam_families[0].tokenizer_class, &tokenizer), CAM_OK);
    tree_write(t, "tokenizer.json", "{}", 2); /* what is saved is what was opened */
    assert_int_equal(cam_tokenizer_save(tokenizer, 512, saved), CAM_OK);
    assert_in_range(cam_tokenizer_saved_bytes(tokenizer), 100000, 10000000);
    cam_tokenizer_close(tokenizer);
    assert_same_file(t, "saved/tokenizer.json", source_json);
    cam_strbuf text = tree_read_path(config);
    assert_non_null(strstr(text.text, "\"tokenizer_class\": \"CamembertTokenizer\""));
    assert_non_null(strstr(text.text, "\"model_max_length\": 512"));
    assert_non_null(strstr(text.text, "\"lstrip\": true"));
    cam_strbuf_release(&text);
    assert_same_file(t, "saved/special_tokens_map.json", "examples/untrained-model/special_tokens_map.json");

    assert_int_equal(cam_tokenizer_open("examples/untrained-model", cam_families[0].tokenizer_class, &tokenizer),
                     CAM_OK);
    assert_int_equal(cam_tokenizer_save(tokenizer, 512, again), CAM_OK);
    cam_tokenizer_close(tokenizer);
    assert_same_file(t, "again/sentencepiece.bpe.model", source_model);
    assert_same_file(t, "again/tokenizer_config.json", "examples/untrained-model/tokenizer_config.json");
    free(saved);
    free(again);
    free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_there, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_not_the_file_itself, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_json_refused, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_json_pipelines, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_added_tokens, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_files_beside, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_truncation_side, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_rows_of_the_model, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_other_kinds_of_model, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_model, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_differ, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_save, tree_setup, tree_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
