/* run_files.c: the tables of a run's folder: split.tsv written, read back and damaged; mistakes.csv. */
#include "files.h"
#include "mistakes_internal.h"
#include "run_folder.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 6 };
static char *names[] = {"non", "=oui", "a,b"};
/* The third record is blank, the fifth spans two lines. */
static cam_row rows[ROWS] = {
    {.text = "un", .line = 2, .sheet_row = 2},          {.text = "=1+1", .line = 3, .sheet_row = 3},
    {.text = "dit \"oui\"", .line = 5, .sheet_row = 5}, {.text = "deux\nlignes", .line = 6, .sheet_row = 6},
    {.text = "@cinq", .line = 8, .sheet_row = 7},       {.text = "six, sept", .line = 9, .sheet_row = 8},
};
static int32_t label[ROWS] = {0, 1, 2, 0, 1, 2};
static int32_t train[] = {4, 0}, validation[] = {5, 1, 3}; /* row 2 is in no part */

static cam_corpus make_corpus(void) {
    for (int i = 0; i < ROWS; i++)
        rows[i].text_length = strlen(rows[i].text);
    return (cam_corpus){.files = {[CAM_PART_TRAIN] = {.rows = rows, .count = ROWS}},
                        .first_row = {0, ROWS, ROWS},
                        .rows = ROWS,
                        .labels = {.names = names, .count = 3},
                        .label = label,
                        .part = {train, validation, NULL},
                        .part_count = {2, 3, 0}};
}

static char folder[] = "/tmp/cam-run-files-XXXXXX";

static int make_folder(void **unused) {
    (void)unused;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **unused) {
    (void)unused;
    static const char *const files[] = {"split.tsv", "mistakes.csv"};
    for (size_t i = 0; i < 2; i++) {
        char *path = cam_path_join(folder, files[i]);
        unlink(path);
        free(path);
    }
    return rmdir(folder);
}

static void put_file(const char *text) {
    char *path = cam_path_join(folder, "split.tsv");
    assert_int_equal(cam_file_write(path, text, strlen(text)), CAM_OK);
    free(path);
}

static int part_of(const cam_run_split *split, const cam_row *row) {
    const cam_run_split_row *found =
        cam_run_split_find(split, cam_row_number(row), row->line, cam_audit_text_hash(row));
    return found ? (int)found->part : -1;
}

/* Of rows with one text, those of the training come first, wherever they stand. */
static void a_text_in_two_parts_is_one_of_the_training(void **unused) {
    (void)unused;
    cam_run_split split;
    put_file("row\tline\tpart\ttext\n2\t2\tvalidation\t00000000000000aa\n3\t3\ttrain\t00000000000000aa\n"
             "4\t4\tvalidation\tffffffffffffffff\n");
    assert_int_equal(cam_run_folder_read_split(folder, &split), CAM_OK);
    assert_int_equal(cam_run_split_find_text(&split, 0xAA)->number, 3);
    assert_int_equal(cam_run_split_find_text(&split, UINT64_MAX)->number, 4);
    assert_null(cam_run_split_find_text(&split, 0xAB));
    assert_int_equal(cam_run_split_find(&split, 2, 2, 0xAA)->part, CAM_PART_VALIDATION);
    assert_null(cam_run_split_find(&split, 2, 2, 0xAB));
    cam_run_split_release(&split);
}

static void the_split_reads_back(void **unused) {
    (void)unused;
    cam_corpus corpus = make_corpus();
    cam_run_folder opened = {.fd = -1, .path = folder};
    cam_run_split split;
    assert_int_equal(cam_run_folder_put_split(&opened, &corpus), CAM_OK);
    assert_int_equal(cam_run_folder_read_split(folder, &split), CAM_OK);
    assert_int_equal(split.count, 5);
    static const int parts[ROWS] = {CAM_PART_TRAIN,      CAM_PART_VALIDATION, -1,
                                    CAM_PART_VALIDATION, CAM_PART_TRAIN,      CAM_PART_VALIDATION};
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(part_of(&split, &rows[i]), parts[i]);
    cam_row other = rows[0];
    other.line++; /* the row is known, but not in this line */
    assert_int_equal(part_of(&split, &other), -1);
    other = rows[0];
    other.text = "un tout autre texte";
    other.text_length = strlen(other.text);
    assert_int_equal(part_of(&split, &other), -1);
    assert_null(cam_run_split_find_text(&split, cam_audit_text_hash(&other)));
    other = rows[0];
    other.sheet_row = 1;
    assert_int_equal(part_of(&split, &other), -1);
    other.sheet_row = 99;
    assert_int_equal(part_of(&split, &other), -1);
    assert_int_equal(cam_run_split_find_text(&split, cam_audit_text_hash(&other))->part, CAM_PART_TRAIN);
    cam_run_split_release(&split);
    cam_run_split_release(&split);
}

static void a_damaged_split_is_refused_with_its_line(void **unused) {
    (void)unused;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "split.tsv:1: expected the columns"},
        {"row\tpart\n0\ttrain\n", "split.tsv:1: expected the columns"},
        {"row\tline\tpart\n2\t2\ttrain\n", "split.tsv:1: expected the columns"},
        {"row\tline\tpart\ttext\n2\t2\ttrain\t0123456789abcdef\n3\t3\ttra", "split.tsv:3: not a row"},
        {"row\tline\tpart\ttext\n2\t2\ttrain\t0123456789abcdef", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n2\t2\ttrain\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n2\t2\ttrain\t0123\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n2\t2\ttrain\t0123456789abcdef0\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n2\t2\ttrain\t0123456789ABCDEF\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n2\t2\ttraining\t0123456789abcdef\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n3\t3\ttrain\t0123456789abcdef\n3\t3\ttrain\t0123456789abcdef\n",
         "split.tsv:3: not a row"},
        {"row\tline\tpart\ttext\n-2\t2\ttrain\t0123456789abcdef\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n0\t2\ttrain\t0123456789abcdef\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n99999999999999999999\t2\ttrain\t0123456789abcdef\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n2 \t2\ttrain\t0123456789abcdef\n", "split.tsv:2: not a row"},
        {"row\tline\tpart\ttext\n\n", "split.tsv:2: not a row"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_run_split split;
        put_file(cases[i].text);
        assert_int_equal(cam_run_folder_read_split(folder, &split), CAM_E_MODEL);
        if (!strstr(cam_status_message(), cases[i].message))
            fail_msg("%s; expected %s", cam_status_message(), cases[i].message);
        assert_null(split.rows);
        assert_null(split.by_text);
    }
    cam_run_split split;
    assert_int_equal(cam_run_folder_read_split("/nowhere", &split), CAM_E_MODEL);
}

static void mistakes_are_quoted_and_the_worst_comes_first(void **unused) {
    (void)unused;
    static const cam_guess guesses[] = {{0, 0.5f}, {2, 0.75f}, {1, 0.75f}}; /* of rows 5, 1 and 3 */
    static const char expected[] = "\xEF\xBB\xBFrow,line,text,label,predicted,score,part\n"
                                   "3,3,\"=1+1\",\"=oui\",\"a,b\",0.7500,validation\n"
                                   "6,6,\"deux\nlignes\",non,\"=oui\",0.7500,validation\n"
                                   "8,9,\"six, sept\",\"a,b\",non,0.5000,validation\n";
    cam_corpus corpus = make_corpus();
    const cam_guess *by_part[CAM_PARTS] = {[CAM_PART_VALIDATION] = guesses};
    char *path = cam_path_join(folder, "mistakes.csv");
    cam_strbuf text = CAM_STRBUF_INIT;
    int64_t count;
    assert_int_equal(cam_mistakes_write(path, &corpus, by_part, &count), CAM_OK);
    assert_int_equal(count, 3);
    assert_int_equal(cam_file_read(path, 4096, CAM_E_DATA, &text), CAM_OK);
    assert_string_equal(text.text, expected);
    corpus.files[CAM_PART_TRAIN].delimiter = ';';
    assert_int_equal(cam_mistakes_write(path, &corpus, by_part, &count), CAM_OK);
    cam_strbuf_clear(&text);
    assert_int_equal(cam_file_read(path, 4096, CAM_E_DATA, &text), CAM_OK);
    assert_non_null(strstr(text.text, "row;line;text;label;predicted;score;part\n3;3;\"=1+1\";\"=oui\";a,b;0,7500;"));
    corpus.files[CAM_PART_TRAIN].delimiter = '\t';
    static const cam_guess right[] = {{2, 1}, {1, 1}, {0, 1}};
    by_part[CAM_PART_VALIDATION] = right;
    assert_int_equal(cam_mistakes_write(path, &corpus, by_part, &count), CAM_OK);
    assert_int_equal(count, 0);
    cam_strbuf_clear(&text);
    assert_int_equal(cam_file_read(path, 4096, CAM_E_DATA, &text), CAM_OK);
    assert_string_equal(text.text, "\xEF\xBB\xBFrow,line,text,label,predicted,score,part\n");
    cam_strbuf_release(&text);
    free(path);
}

static void a_guess_is_the_likeliest_label_with_its_probability(void **unused) {
    (void)unused;
    static const float logits[2][3] = {{0.0f, 1.0f, -1.0f}, {300.0f, -300.0f, 0.0f}};
    cam_guess guesses[2];
    cam_guess_rows(logits[0], 2, 3, guesses);
    assert_int_equal(guesses[0].label, 1);
    assert_true(fabs((double)guesses[0].score - 0.66524096) < 1e-6);
    assert_int_equal(guesses[1].label, 0);
    assert_true(guesses[1].score == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_split_reads_back),
        cmocka_unit_test(a_text_in_two_parts_is_one_of_the_training),
        cmocka_unit_test(a_damaged_split_is_refused_with_its_line),
        cmocka_unit_test(mistakes_are_quoted_and_the_worst_comes_first),
        cmocka_unit_test(a_guess_is_the_likeliest_label_with_its_probability),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
