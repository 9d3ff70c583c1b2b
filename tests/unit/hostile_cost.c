/* hostile_cost.c: what a hostile file costs. Where the size matters, the time for four times as much is compared with
 * the time for one: it follows the size, not its square. Each refusal is measured in a process of its own, which may
 * take a few times the memory of the file. */
#include "csv_cells.h"
#include "detect.h"
#include "family.h"
#include "model_tokenizer.h"
#include "normalizer_internal.h"
#include "temporary_tree.h"
#include "tokenizer.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define VOCAB                                                                                                          \
    "[\"<s>NOTUSED\",0],[\"<pad>\",0],[\"</s>NOTUSED\",0],[\"<unk>\",0],[\"<unk>NOTUSED\",-100],[\"<s>\",0],"          \
    "[\"</s>\",0],[\"\u2581a\",-1],[\"\u2581\",-2.5],[\"a\",-2],[\"<mask>\",0]"
#define MODEL_OF(pieces) "\"model\":{\"type\":\"Unigram\",\"unk_id\":3,\"vocab\":[" VOCAB pieces "]}"

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct work {
    const tree *t;
    cam_tokenizer *tokenizer;
    size_t size;
    cam_strbuf text;
} work;

/* The time of `run` for a size; the best of three, without that of `make`. */
static double time_of(work *w, size_t size, void (*make)(work *w), void (*run)(work *w)) {
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        w->size = size;
        cam_strbuf_clear(&w->text);
        make(w);
        double begin = now_s();
        run(w);
        double took = now_s() - begin;
        best = took < best ? took : best;
    }
    return best;
}

/* A square would make it 16 times as long. */
static void assert_linear(work *w, size_t size, void (*make)(work *w), void (*run)(work *w)) {
    double one = time_of(w, size, make, run), four = time_of(w, 4 * size, make, run);
    print_message("%.4f s, %.4f s for four times as much\n", one, four);
    assert_true(four < 8 * one + 0.02);
    cam_strbuf_release(&w->text);
}

static void open_tokenizer(work *w, const cam_strbuf *json) {
    tree_write(w->t, "tokenizer.json", cam_strbuf_text(json), json->length);
    if (cam_tokenizer_open(w->t->root, cam_families[0].tokenizer_class, &w->tokenizer) != CAM_OK)
        fail_msg("%s", cam_status_message());
}

static void encode(work *w) {
    cam_ids ids = {0};
    assert_int_equal(
        cam_tokenizer_encode(w->tokenizer, (cam_text){cam_strbuf_text(&w->text), w->text.length}, 0, &ids, NULL),
        CAM_OK);
    cam_ids_release(&ids);
}

static void open_and_close(work *w) {
    open_tokenizer(w, &w->text);
    cam_tokenizer_close(w->tokenizer);
}

static void put_repeated(cam_strbuf *out, const char *text, size_t times) {
    while (times-- > 0)
        cam_strbuf_puts(out, text);
}

static void make_letters(work *w) {
    put_repeated(&w->text, "a", w->size);
}

static void make_spaces(work *w) {
    put_repeated(&w->text, " ", w->size);
}

/* --- tokenizers -------------------------------------------------------------------------------------------------- */

static void put_added_tokens(cam_strbuf *json, size_t count) {
    cam_strbuf_puts(json, "{" MODEL_OF("") ",\"added_tokens\":[");
    for (size_t i = 0; i < count; i++)
        cam_strbuf_printf(json, "%s{\"id\":%zu,\"content\":\"a%zu\"}", i ? "," : "", 11 + i, i);
    cam_strbuf_puts(json, "]}");
}

static void make_added_tokens(work *w) {
    put_added_tokens(&w->text, w->size);
}

/* A text costs the same with one added token and with 20,000 that begin alike. */
static void test_added_tokens(void **state) {
    double took[2];
    for (int many = 0; many < 2; many++) {
        work w = {.t = *state};
        cam_strbuf json = CAM_STRBUF_INIT;
        put_added_tokens(&json, many ? 20000 : 1);
        open_tokenizer(&w, &json);
        took[many] = time_of(&w, 20000, make_letters, encode);
        cam_strbuf_release(&json);
        cam_strbuf_release(&w.text);
        cam_tokenizer_close(w.tokenizer);
    }
    print_message("%.4f s with one, %.4f s with 20,000\n", took[0], took[1]);
    assert_true(took[1] < 20 * took[0] + 0.05);
    assert_linear(&(work){.t = *state}, 4000, make_added_tokens, open_and_close);
}

/* So does one whose piece the vocabulary has 100,000 times. */
static void test_equal_pieces(void **state) {
    work w = {.t = *state};
    cam_strbuf json = CAM_STRBUF_INIT;
    cam_strbuf_puts(&json, "{\"model\":{\"type\":\"Unigram\",\"unk_id\":3,\"vocab\":[" VOCAB);
    put_repeated(&json, ",[\"a\",-2]", 100000);
    cam_strbuf_puts(&json, "]}}");
    open_tokenizer(&w, &json);
    double many = time_of(&w, 5000, make_letters, encode);
    print_message("%.4f s\n", many);
    assert_true(many < 0.5); /* a scan of them: 500 million steps and more */
    cam_strbuf_release(&json);
    cam_strbuf_release(&w.text);
    cam_tokenizer_close(w.tokenizer);
}

/* Each of these takes a power of the text's length where what was tried is forgotten. */
static void test_patterns(void **state) {
    static const char *const expressions[] = {"\\\\s*\\\\s*\\\\s*\\\\s*\\\\s*\\\\s*\\\\s*x", "\\\\s+x",
                                              "\\\\s+(?!\\\\s)x", "\\\\s{0,900}\\\\s{0,900}\\\\s{0,900}x",
                                              "\\\\s*[^x]*\\\\s+ x|\\\\s+\\\\s+y"};
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++)
        for (int normalizes = 0; normalizes < 2; normalizes++) {
            work w = {.t = *state};
            cam_strbuf json = CAM_STRBUF_INIT;
            cam_strbuf_puts(&json, "{" MODEL_OF(""));
            cam_strbuf_printf(&json,
                              normalizes ? ",\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"%s\"},"
                                           "\"content\":\"y\"}}"
                                         : ",\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"%s\"},"
                                           "\"behavior\":\"Removed\"}}",
                              expressions[i]);
            open_tokenizer(&w, &json);
            assert_linear(&w, 4000, make_spaces, encode);
            cam_strbuf_release(&json);
            cam_tokenizer_close(w.tokenizer);
        }
}

/* A text cannot grow without end, whichever step makes it. */
static void test_growth(void **state) {
    static const char *const normalizers[] = {
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
        "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\".\"},\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"};
    cam_ids ids = {0};
    for (size_t n = 0; n < 2; n++) {
        work w = {.t = *state};
        cam_strbuf json = CAM_STRBUF_INIT;
        cam_strbuf_puts(&json, "{" MODEL_OF("") ",\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[");
        for (int i = 0; i < 100; i++)
            cam_strbuf_printf(&json, "%s%s", i ? "," : "", normalizers[n]);
        cam_strbuf_puts(&json, "]}}");
        open_tokenizer(&w, &json);
        assert_int_equal(cam_tokenizer_encode(w.tokenizer, (cam_text){"aaaa", 4}, 0, &ids, NULL), CAM_E_MODEL);
        assert_non_null(strstr(cam_status_message(), "normalizer makes more than 65600 bytes of a text of 4"));
        cam_strbuf_release(&json);
        cam_tokenizer_close(w.tokenizer);
    }
    cam_ids_release(&ids);
}

/* --- refusals ---------------------------------------------------------------------------------------------------- */

static cam_status open_folder(const tree *t) {
    cam_tokenizer *tokenizer;
    cam_status st = cam_model_tokenizer_open(t->root, &tokenizer);
    cam_tokenizer_close(tokenizer);
    return st;
}

static cam_status detect_file(const tree *t) {
    cam_detected found;
    char *path = tree_path(t, "data.jsonl");
    cam_status st = cam_detect(&(cam_read_options){.path = path}, &found);
    cam_detected_release(&found);
    free(path);
    return st;
}

/* `open` fails with `status` and `message`, in a process whose memory grows by at most `times` that of the file. */
static void assert_refused(const tree *t, const cam_strbuf *file, cam_status (*open)(const tree *t), cam_status status,
                           const char *message, size_t times) {
    struct rusage usage;
    int ended;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rusage before, after;
        getrusage(RUSAGE_SELF, &before);
        cam_status st = open(t);
        getrusage(RUSAGE_SELF, &after);
        size_t grown = (size_t)(after.ru_maxrss - before.ru_maxrss) << 10;
        if (st != status || !strstr(cam_status_message(), message))
            printf("%s: %s\n", cam_status_name(st), cam_status_message());
        else if (grown > times * file->length + ((size_t)128 << 20))
            printf("%zu MB for a file of %zu\n", grown >> 20, file->length >> 20);
        else
            _exit(0);
        fflush(NULL);
        _exit(1);
    }
    assert_int_equal(wait4(child, &ended, 0, &usage), child);
    double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    print_message("%s: %.0f s\n", message, seconds);
    assert_true(seconds < 10); /* without limits: minutes, for each of these */
}

static void put_objects(cam_strbuf *out, size_t bytes) {
    while (out->length < bytes)
        cam_strbuf_puts(out, "{},{},{},{},{},{},{},{},");
    cam_strbuf_puts(out, "{}]}");
}

static void test_values(void **state) {
    static const struct {
        const char *file, *message;
    } cases[] = {{"tokenizer.json", "holds more than 3145728 values"},
                 {"config.json", "holds more than 1048576 values"},
                 {"tokenizer_config.json", "holds more than 1048576 values"},
                 {"added_tokens.json", "holds more than 1048576 values"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        const tree *t = *state;
        tree_write_text(t, "config.json", "{\"model_type\":\"camembert\",\"vocab_size\":11}");
        tree_write_text(t, "tokenizer.json", "{" MODEL_OF("") "}");
        tree_write_text(t, "tokenizer_config.json", "{}");
        cam_strbuf_puts(&text, "{\"x\":[");
        put_objects(&text, 16000000);
        tree_write(t, cases[i].file, text.text, text.length);
        assert_refused(t, &text, open_folder, CAM_E_MODEL, cases[i].message, 3);
        cam_strbuf_release(&text);
    }
}

static void test_deep(void **state) {
    cam_strbuf text = CAM_STRBUF_INIT;
    tree_write_text(*state, "config.json", "{\"model_type\":\"camembert\",\"vocab_size\":11}");
    put_repeated(&text, "[", 3000000);
    tree_write(*state, "tokenizer.json", text.text, text.length);
    assert_refused(*state, &text, open_folder, CAM_E_MODEL, "nested deeper than 64 levels", 3);
    cam_strbuf_release(&text);
}

/* More pieces than the model has rows: told before a vocabulary of them is built. */
static void test_pieces(void **state) {
    enum { PIECES = 300000 };
    cam_strbuf text = CAM_STRBUF_INIT;
    tree_write_text(*state, "config.json", "{\"model_type\":\"camembert\",\"vocab_size\":11}");
    cam_strbuf_puts(&text, "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0");
    for (int i = 1; i < PIECES; i++)
        cam_strbuf_printf(&text, ",\"a%d\":%d", i, i);
    cam_strbuf_puts(&text, "}}}");
    tree_write(*state, "tokenizer.json", text.text, text.length);
    assert_refused(*state, &text, open_folder, CAM_E_MODEL, "it has 300000 pieces, the model only 11 rows", 60);
    cam_strbuf_clear(&text);
    for (int i = 0; i < PIECES; i++)
        cam_strbuf_append(&text,
                          "\x0a\x05\x0a\x03"
                          "abc",
                          7);
    char *path = tree_path(*state, "tokenizer.json");
    unlink(path);
    free(path);
    tree_write(*state, "sentencepiece.bpe.model", text.text, text.length);
    assert_refused(*state, &text, open_folder, CAM_E_MODEL, "it has 300005 pieces, the model only 11 rows", 4);
    cam_strbuf_release(&text);
}

static void test_steps(void **state) {
    static const char *const parts[][2] = {
        {"normalizer\":{\"type\":\"Sequence\",\"normalizers", "{\"type\":\"NFC\"}"},
        {"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers", "{\"type\":\"WhitespaceSplit\"}"}};
    for (size_t i = 0; i < 2; i++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        tree_write_text(*state, "config.json", "{\"model_type\":\"camembert\",\"vocab_size\":11}");
        cam_strbuf_printf(&text, "{%s,\"%s\":[", MODEL_OF(""), parts[i][0]);
        for (int k = 0; k < 100000; k++)
            cam_strbuf_printf(&text, "%s%s", k ? "," : "", parts[i][1]);
        cam_strbuf_puts(&text, "]}}");
        tree_write(*state, "tokenizer.json", text.text, text.length);
        assert_refused(*state, &text, open_folder, CAM_E_MODEL, "has more than 128 steps", 40);
        cam_strbuf_release(&text);
    }
}

/* --- data -------------------------------------------------------------------------------------------------------- */

static void make_open_quotes(work *w) {
    put_repeated(&w->text, "\"a\t", w->size);
    cam_strbuf_puts(&w->text, "\n");
}

static void split_record(work *w) {
    cam_cells cells = {0};
    cam_cells_result result;
    cam_dialect dialect = {.delimiter = '\t', .quoting = CAM_QUOTING_TSV};
    assert_int_equal(cam_cells_split(&cells, w->text.text, w->text.length, 1, &dialect, &result), CAM_OK);
    assert_int_equal(cells.count, w->size + 1);
    cam_cells_release(&cells);
}

static void test_open_quotes(void **state) {
    assert_linear(&(work){.t = *state}, 40000, make_open_quotes, split_record);
}

/* Records of JSON whose members are many, or hold many values. */
static void test_members(void **state) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "{\"text\":\"a\",\"label\":\"b\",\"x\":[");
    put_objects(&text, 8000000);
    cam_strbuf_puts(&text, "\n");
    tree_write(*state, "data.jsonl", text.text, text.length);
    assert_refused(*state, &text, detect_file, CAM_E_DATA, "no object has a text", 6);
    cam_strbuf_clear(&text);
    cam_strbuf_puts(&text, "{\"text\":\"a\"");
    for (int i = 0; i < 30000; i++)
        cam_strbuf_printf(&text, ",\"k%d\":%d", i, i);
    cam_strbuf_puts(&text, "}\n");
    tree_write(*state, "data.jsonl", text.text, text.length);
    assert_refused(*state, &text, detect_file, CAM_E_DATA, "more than 4096 columns", 60);
    cam_strbuf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_added_tokens, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_equal_pieces, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_patterns, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_growth, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_values, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_deep, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_pieces, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_steps, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_open_quotes, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_members, tree_setup, tree_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
