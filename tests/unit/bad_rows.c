/* bad_rows.c: bad rows are told once for each cause, with the rows as a spreadsheet counts them; the good ones stay. */
#include "dataset_case.h"
#include "place.h"
#include "row_problems_internal.h"

static void test_place(void **state) {
    (void)state;
    static const struct {
        long row, line;
        const char *text;
    } places[] = {{999, 1017, "row 999 (line 1017)"}, {12, 12, "row 12"}, {0, 12, "line 12"}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        cam_strbuf out = CAM_STRBUF_INIT;
        cam_place_put(&out, places[i].row, places[i].line);
        assert_string_equal(out.text, places[i].text);
        cam_strbuf_release(&out);
    }
}

static void test_groups(void **state) {
    (void)state;
    cam_row_problems rows = {0};
    cam_problems problems = CAM_PROBLEMS_INIT;
    for (long i = 1; i <= 12; i++)
        assert_int_equal(cam_row_problems_add(&rows, i, i < 3 ? i : i + 5, "blank; cure", 11), CAM_OK);
    assert_int_equal(cam_row_problems_add(&rows, 13, 18, "a list of 2; cure", 10), CAM_OK);
    assert_int_equal(cam_row_problems_add(&rows, 14, 14, "other", 5), CAM_OK);
    assert_int_equal(cam_row_problems_add(&rows, 15, 15, "a list of 3; cure", 10), CAM_OK);
    cam_row_problems_report(&rows, "f.csv", "row", 20, &problems);
    assert_string_equal(
        cam_strbuf_text(&problems.shown),
        "f.csv: rows 1, 2, 3 (line 8), 4 (line 9), 5 (line 10), 6 (line 11), 7 (line 12), 8 (line 13) … "
        "(12 of 20): blank; cure\nhint: all 12: 1-12\n"
        "f.csv: rows 13 (line 18), 15 (2 of 20): a list of 2; cure\n"
        "f.csv:14: other\n");
    cam_problems_release(&problems);
    cam_row_problems_release(&rows);
}

static const char leave_out[] = "label these rows, or leave such rows out with on_bad_row=skip";

/* After bad rows the data set has all good rows, and the counts. */
static void test_good_rows_stay(void **state) {
    case_folder *f = *state;
    cam_dataset data;
    char expected[900];
    cam_read_options options = {.path = case_text(f, "d.csv", "text;label\na;x\n\"b\n2\";\nc;y\n;z;1\nd;\n"),
                                .label_required = 1};
    assert_int_equal(cam_dataset_load(&options, &data), CAM_E_DATA);
    snprintf(
        expected, sizeof expected,
        "%s: rows 3, 6 (line 7) (2 of 5): the label is blank; %s\n%s:6: row 5: 3 cells where the header has 2; write "
        "a text that holds \";\" in quotes",
        options.path, leave_out, options.path);
    assert_string_equal(cam_status_message(), expected);
    assert_int_equal(data.count, 2);
    assert_string_equal(data.rows[1].label, "y");
    assert_int_equal(data.rows[1].sheet_row, 4);
    assert_int_equal(data.counts.bad_rows, 3);
    assert_int_equal(data.counts.bad_skipped, 0);
    cam_dataset_release(&data);
}

/* What a message proposes: the rows are left out, and a note says so. The other verbs have no such option. */
static void test_left_out(void **state) {
    case_folder *f = *state;
    cam_dataset data;
    cam_strbuf notes = CAM_STRBUF_INIT;
    cam_read_options options = {.path = case_text(f, "d.csv", "text;label\na;\nb;y\nc;[1, 2]\n"),
                                .label_required = 1,
                                .on_bad_row = CAM_BAD_ROW_SKIP};
    assert_int_equal(cam_dataset_load(&options, &data), CAM_OK);
    assert_int_equal(data.count, 1);
    cam_read_counts_describe(&data.counts, "F", &notes);
    assert_string_equal(notes.text, "F: 2 bad rows were left out, the first row 2: the label is blank\n");
    cam_strbuf_release(&notes);
    cam_dataset_release(&data);
    options = (cam_read_options){
        .path = case_text(f, "d.csv", "text;label\na;\nb;y\n"), .label_required = 1, .syntax = CAM_SYNTAX_OPTIONS};
    ASSERT_ROWS(
        &options,
        case_says(f, ":2: the label is blank; label these rows, or leave such rows out with --on-bad-row skip"));
}

#define CUT                                                                                                            \
    "a character is cut or damaged, and the rest of the file is UTF-8; write it again, or leave such rows out with "   \
    "on_bad_row=skip"
#define BYTES(text) text, sizeof(text) - 1

/* A cut character, a NUL and a second file in another encoding each cost their rows only. */
static void test_damage(void **state) {
    case_folder *f = *state;
    static const struct {
        const char *name, *text;
        size_t size;
        const char *says, *rows;
    } files[] = {
        {"d.csv", BYTES("text;label\n\xC3\xA9t\xC3\xA9;x\n\"l\xC3\n2\";x\nb;y\n"), ":3: " CUT, "x|été\ny|b\n"},
        {"d.csv", BYTES("text;label\na\0b;x\nb;y\n"), ":2: a NUL byte is in the text; remove such bytes with tr -d",
         "y|b\n"},
        {"d.jsonl", BYTES("{\"text\":\"l\xC3 \",\"label\":\"x\"}\n{\"text\":\"\xC3\xA9\",\"label\":\"y\"}\n"),
         ":1: " CUT, "y|é\n"},
        {"d.json", BYTES("[{\"text\":\"l\xC3 \",\"label\":\"x\"},\n{\"text\":\"\xC3\xA9\",\"label\":\"y\"}]\n"),
         ":1: " CUT, "y|é\n"},
        {"d.csv", BYTES("text;label\n\xC3\xA9t\xC3\xA9;x\n\xE9t\xE9;y\n\xE0;y\n"),
         ": rows 3, 4 (2 of 3): not UTF-8, as other rows are (two files joined?); save each part as CSV UTF-8, or "
         "leave "
         "such rows out with on_bad_row=skip",
         "x|été\n"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cam_read_options options = {.path = case_write(f, files[i].name, files[i].text, files[i].size),
                                    .label_required = 1};
        char *got = case_rows(&options);
        assert_memory_equal(got + strlen(options.path), files[i].says, strlen(files[i].says));
        free(got);
        options.on_bad_row = CAM_BAD_ROW_SKIP;
        ASSERT_ROWS(&options, files[i].rows);
    }
    cam_read_options options = {.path = case_text(f, "h.csv", "te\xC3xt;label\n\xC3\xA9t\xC3\xA9;x\n"),
                                .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, ":1: a character of the header is cut or damaged; write the line again"));
}

/* A row with \" in a file that doubles its quotes, past the first records: the command mends it. */
static void test_backslash_command(void **state) {
    case_folder *f = *state;
    cam_strbuf file = CAM_STRBUF_INIT, command = CAM_STRBUF_INIT;
    char fixed[300];
    cam_strbuf_puts(&file, "text,label\n");
    for (int i = 0; i < 3000; i++)
        cam_strbuf_printf(&file, "\"texte, %d\",x\n", i);
    cam_strbuf_puts(&file, "\"il dit \\\"oui\\\" puis\",y\n");
    cam_read_options options = {.path = case_write(f, "l'un.csv", file.text, file.length), .label_required = 1};
    char *got = case_rows(&options), *sed = strstr(got, "sed ");
    assert_non_null(sed);
    cam_strbuf_printf(&command, "cd '%s' && %s", f->path, sed);
    assert_int_equal(system(command.text), 0);
    snprintf(fixed, sizeof fixed, "%.200s/fixed.csv", f->path);
    options.path = fixed;
    char *rows = case_rows(&options);
    assert_non_null(strstr(rows, "y|il dit \"oui\" puis\n"));
    unlink(fixed);
    free(rows);
    free(got);
    cam_strbuf_release(&file);
    cam_strbuf_release(&command);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_groups),
        TEST(test_good_rows_stay),
        TEST(test_left_out),
        TEST(test_damage),
        TEST(test_backslash_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
