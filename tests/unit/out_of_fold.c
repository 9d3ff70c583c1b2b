/* out_of_fold: oof.jsonl is read back as it was written, to the bit; damaged files and those of other data are refused. */
#include "out_of_fold.h"
#include "files.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 4, LABELS = 3, SEEDS = 2 };
static char *names[] = {"non", "a \"b\"", "\xC3\xA9t\xC3\xA9"};
static char train_path[] = "data/a,b.csv", validation_path[] = "data/c.csv";
static cam_row rows[ROWS] = {
    {.text = "un", .line = 2}, {.text = "deux", .line = 3}, {.text = "trois", .line = 6}, {.text = "un", .line = 2}};
static int32_t label[ROWS] = {0, 2, 1, 0};
static char path[] = "/tmp/cam-out-of-fold-XXXXXX";

static cam_corpus make_corpus(void) {
    for (int i = 0; i < ROWS; i++)
        rows[i].text_length = strlen(rows[i].text);
    return (cam_corpus){.files = {[CAM_PART_TRAIN] = {.path = train_path, .rows = rows, .count = 3},
                                  [CAM_PART_VALIDATION] = {.path = validation_path, .rows = rows + 3, .count = 1}},
                        .first_row = {0, 3, 4},
                        .rows = ROWS,
                        .labels = {.names = names, .count = LABELS},
                        .label = label};
}

/* Rows 0, 2 and 3 of the corpus. */
static void make(cam_out_of_fold *oof, const cam_corpus *corpus) {
    static const int64_t ids[] = {0, 2, 3}, seed[SEEDS] = {42, 7};
    assert_int_equal(cam_out_of_fold_init(oof, corpus, ids, 3, seed, SEEDS, 5, "0123abcd"), CAM_OK);
    for (int i = 0; i < 3; i++)
        for (int s = 0; s < SEEDS; s++) {
            float *scores = cam_out_of_fold_scores(oof, i, s);
            scores[0] = 1.0F / (float)(3 + i + s);
            scores[1] = 1e-7F * (float)i;
            scores[2] = 1 - scores[0] - scores[1];
            oof->fold[i * SEEDS + s] = (i + s) % 5;
        }
}

static void write_text(const char *text, size_t length) {
    assert_int_equal(cam_file_write(path, text, length), CAM_OK);
}

static void test_round_trip(void **state) {
    (void)state;
    cam_corpus corpus = make_corpus();
    cam_out_of_fold made, got;
    double mean[LABELS];
    make(&made, &corpus);
    assert_int_equal(cam_out_of_fold_write(&made, path), CAM_OK);
    assert_int_equal(cam_out_of_fold_read(&got, path), CAM_OK);
    assert_int_equal(got.rows, 3);
    assert_int_equal(got.seeds, SEEDS);
    assert_int_equal(got.folds, 5);
    assert_string_equal(got.run, "0123abcd");
    assert_string_equal(got.data_sha256, made.data_sha256);
    assert_int_equal(got.labels.count, LABELS);
    for (int k = 0; k < LABELS; k++)
        assert_string_equal(got.labels.names[k], names[k]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(got.list[i].row, made.list[i].row);
        assert_int_equal(got.list[i].line, made.list[i].line);
        assert_int_equal(got.list[i].label, made.list[i].label);
        assert_true(got.list[i].text_hash == made.list[i].text_hash);
        assert_string_equal(got.files.names[got.list[i].file], i < 2 ? train_path : validation_path);
    }
    assert_memory_equal(got.seed, made.seed, sizeof(int64_t) * SEEDS);
    assert_memory_equal(got.fold, made.fold, sizeof(int32_t) * 3 * SEEDS);
    assert_memory_equal(got.scores, made.scores, sizeof(float) * 3 * SEEDS * LABELS);
    assert_int_equal(cam_out_of_fold_check(&got, path, &corpus), CAM_OK);
    cam_out_of_fold_mean(&got, 1, mean);
    assert_true(fabs(mean[0] - (0.25 + 0.2) / 2) < 1e-7);
    cam_out_of_fold_release(&made);
    cam_out_of_fold_release(&got);
}

static void expect_refusal(const cam_out_of_fold *oof, const cam_corpus *corpus, const char *message) {
    assert_int_equal(cam_out_of_fold_check(oof, "oof.jsonl", corpus), CAM_E_DATA);
    assert_string_equal(cam_status_message(), message);
}

static void test_other_data(void **state) {
    (void)state;
    static const char changed[] = "\"oof.jsonl\" was made from other data: the rows of \"data/a,b.csv\" have changed "
                                  "since then";
    cam_corpus corpus = make_corpus();
    cam_out_of_fold oof;
    char *swapped[] = {names[2], names[1], names[0]};
    make(&oof, &corpus);
    label[1] = 1;
    expect_refusal(&oof, &corpus, changed);
    label[1] = 2;
    rows[1].text = "dEux";
    expect_refusal(&oof, &corpus, changed);
    rows[1].text = "deux";
    corpus.files[CAM_PART_TRAIN].count = 2;
    expect_refusal(&oof, &corpus, changed);
    corpus.files[CAM_PART_TRAIN].count = 3;
    rows[3].text = "autre";
    rows[3].text_length = 5;
    expect_refusal(&oof, &corpus, "\"oof.jsonl\" was made from other data: row 3 has another text or label");
    rows[3].text = "un";
    rows[3].text_length = 2;
    assert_int_equal(cam_out_of_fold_check(&oof, "oof.jsonl", &corpus), CAM_OK);
    for (int i = 0; i < ROWS; i++)
        label[i] = 2 - label[i];
    corpus.labels.names = swapped;
    expect_refusal(&oof, &corpus, "\"oof.jsonl\" was made with other labels, or with their ids in another order");
    for (int i = 0; i < ROWS; i++)
        label[i] = 2 - label[i];
    cam_out_of_fold_release(&oof);
}

#define HASH64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TITLE(rows, seeds, rest)                                                                                       \
    "{\"format\":\"cam-train oof 1\",\"rows\":" rows ",\"labels\":[\"a\",\"b\"],\"seeds\":" seeds                      \
    ",\"folds\":5,\"data_sha256\":\"" HASH64 "\",\"run\":\"x\"" rest "}\n"
#define ROW_OF(row, seed, fold, label, scores)                                                                         \
    "{\"row\":" row ",\"file\":\"a.csv\",\"line\":2,\"text_hash\":\"0123456789abcdef\",\"seed\":" seed                 \
    ",\"fold\":" fold ",\"label\":" label ",\"scores\":" scores "}\n"
#define GOOD(row) ROW_OF(row, "42", "0", "1", "[0.25,0.75]")

static void test_damage(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {"", "\"f\" is empty"},
        {"\n", "f:1: no JSON object"},
        {"{}\n", "f:1: no file of out-of-fold scores; it would begin with {\"format\":\"cam-train oof 1\""},
        {"{\"format\":\"cam-train oof 2\"}\n",
         "f:1: no file of out-of-fold scores; it would begin with {\"format\":\"cam-train oof 1\""},
        {TITLE("0", "[42]", ""), "f:1: \"rows\" is missing, or is not a number in range"},
        {TITLE("1", "[]", ""), "f:1: \"seeds\" is missing, or is not a list of numbers"},
        {TITLE("1", "[4.5]", ""), "f:1: \"seeds\" is missing, or is not a list of numbers"},
        {TITLE("1", "[42]", ",\"run\":1"), "f:1: no JSON object"},
        {TITLE("1", "[42]", ""), "\"f\" is cut: it is too short for 1 rows"},
        {TITLE("2000000000", "[42]", "") GOOD("0"), "\"f\" is cut: it is too short for 2000000000 rows"},
        {TITLE("2", "[42]", "") ROW_OF("0", "42", "0", "1",
                                       "[0.25000000000000000000000000000000000000000000000000000"
                                       "0000000000000000000000000000000000000000000000000000000000"
                                       "000000,0.75]"),
         "\"f\" is cut: it has 1 of 2 rows"},
        {TITLE("1", "[42]", "") GOOD("0") "x", "f:3: more rows than the 1 of the first line"},
        {TITLE("2", "[42]", "") GOOD("1") GOOD("1"), "f:3: a row is missing or not in its place"},
        {TITLE("1", "[42]", "") ROW_OF("0", "41", "0", "1", "[0.25,0.75]"),
         "f:2: a row is missing or not in its place"},
        {TITLE("1", "[42,43]", "") GOOD("0") ROW_OF("1", "43", "0", "1", "[0.25,0.75]"),
         "f:3: a row is missing or not in its place"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "5", "1", "[0.25,0.75]"),
         "f:2: \"fold\" is missing, or is not a number in range"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "0", "2", "[0.25,0.75]"),
         "f:2: \"label\" is missing, or is not a number in range"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "0", "1", "[0.25]     "), "f:2: 1 scores, where there are 2 labels"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "0", "1", "[1.25,-.25]"), "f:2: no JSON object"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "0", "1", "[1.25,0.75]"),
         "f:2: number 1 of the scores is no probability"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "0", "1", "[0.25,null]"),
         "f:2: number 2 of the scores is no probability"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "0", "1", "[0.25,0.70]"), "f:2: the scores sum to 0.95, not to 1"},
        {TITLE("1", "[42]", "") ROW_OF("0", "42", "0", "1", "null       "),
         "f:2: \"scores\" is missing, or is not a list of numbers"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cam_out_of_fold oof;
        assert_int_equal(cam_out_of_fold_parse(&oof, "f", table[i].text, strlen(table[i].text)), CAM_E_DATA);
        assert_string_equal(cam_status_message(), table[i].message);
        cam_out_of_fold_release(&oof);
    }
}

/* A file cut at any byte is refused. */
static void test_cut(void **state) {
    (void)state;
    cam_corpus corpus = make_corpus();
    cam_out_of_fold oof;
    cam_strbuf text = CAM_STRBUF_INIT;
    make(&oof, &corpus);
    assert_int_equal(cam_out_of_fold_write(&oof, path), CAM_OK);
    cam_out_of_fold_release(&oof);
    assert_int_equal(cam_file_read(path, 1 << 20, CAM_E_DATA, &text), CAM_OK);
    for (size_t length = 0; length < text.length; length++) {
        assert_int_equal(cam_out_of_fold_parse(&oof, "f", text.text, length), CAM_E_DATA);
        assert_non_null(strstr(cam_status_message(), "f"));
        cam_out_of_fold_release(&oof);
    }
    write_text(text.text, text.length / 2);
    assert_int_equal(cam_out_of_fold_read(&oof, path), CAM_E_DATA);
    assert_non_null(strstr(cam_status_message(), "cut"));
    cam_out_of_fold_release(&oof);
    assert_int_equal(cam_out_of_fold_read(&oof, "/nowhere/oof.jsonl"), CAM_E_DATA);
    cam_out_of_fold_release(&oof);
    cam_strbuf_release(&text);
}

static int make_path(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_other_data),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
