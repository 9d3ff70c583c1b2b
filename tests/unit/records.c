/* records.c: files that spreadsheets write are read; errors name the line. */
#include "records.h"
#include "dataset_case.h"

static cam_read_options labelled(const char *path) {
    return (cam_read_options){.path = path, .label_required = 1};
}

/* Reads `text` as data.csv with a required label. An `expected` that begins with ':' is the message after the path. */
static void expect_csv(case_folder *f, const char *text, const char *expected) {
    cam_read_options options = labelled(case_text(f, "data.csv", text));
    ASSERT_ROWS(&options, expected[0] == ':' ? case_says(f, expected) : expected);
}

static void test_line_ends_and_quotes(void **state) {
    case_folder *f = *state;
    expect_csv(f, "text,label\na,x\nb,y\n", "x|a\ny|b\n");
    expect_csv(f, "text,label\r\na,x\r\nb,y", "x|a\ny|b\n");
    expect_csv(f, "text,label\ra,x\rb,y\r", "x|a\ny|b\n");
    expect_csv(f, "\xEF\xBB\xBFtext;label\na;x\n", "x|a\n");
    expect_csv(f, "text\tlabel\na, b\tx\n", "x|a, b\n");
    expect_csv(f, "text;label\n\"a;\"\"b\"\"\nc\";x\n", "x|a;\"b\"\\nc\n");
    expect_csv(f, "text;label\n\"\";x\n\"\"\"\";y\n\"a\"\"\";z\n", "x|\ny|\"\nz|a\"\n");
    expect_csv(f, "text;label\na \"b\" c;x\n \"d\" e;y\n", "x|a \"b\" c\ny| \"d\" e\n");
    expect_csv(f, "text;label\n\"a\" ;x\n", "x|a \n");
    expect_csv(f, "\"text\";\"label\"\r\n\"l1\r\nl2\";\"x\"\r\n", "x|l1\r\\nl2\n");
    expect_csv(f, "id;label;text;autre\n1;x;bonjour;\n", "x|bonjour\n");
}

static void test_spreadsheet_habits(void **state) {
    case_folder *f = *state;
    expect_csv(f, "sep=;\r\ntext;label\r\na,b;x\r\n", "x|a,b\n");
    expect_csv(f, "\"sep=|\"\ntext|label\na;b|x\n", "x|a;b\n");
    expect_csv(f, ";;\ntext;label;\n;;\na;x;\n\n ;;\nb;y;\n;;\n", "x|a\ny|b\n");
    expect_csv(f, " text ;label\xC2\xA0\na;x\n", "x|a\n");
    expect_csv(f, "text;label\na; x \nb;\xC2\xA0y\xE2\x80\xAF\n", "x|a\ny|b\n");
    expect_csv(f, "text;label\na;-1\nb;01\nc;null\nd;no\ne;2e-5\n", "-1|a\n01|b\nnull|c\nno|d\n2e-5|e\n");
}

static void test_same_name_in_nfc(void **state) {
    case_folder *f = *state;
    cam_read_options options = labelled(case_text(f, "data.csv", "Libelle\xCC\x81;Cat\xC3\xA9gorie\na;x\n"));
    options.text_column = "Libell\xC3\xA9";
    options.label_column = " Cate\xCC\x81gorie";
    ASSERT_ROWS(&options, "x|a\n");
}

static void test_counts(void **state) {
    case_folder *f = *state;
    cam_read_options options = labelled(case_text(f, "data.csv", "text;label\n;\na; x\nb\n\nc;y\nd;\n\"e\"e;x\nf;z\n"));
    cam_dataset data;
    options.on_bad_row = CAM_BAD_ROW_SKIP;
    assert_int_equal(cam_dataset_load(&options, &data), CAM_OK);
    assert_int_equal(data.count, 3);
    assert_int_equal(data.counts.rows, 3);
    assert_int_equal(data.counts.blank_skipped, 2);
    assert_int_equal(data.counts.bad_skipped, 3);
    assert_int_equal(data.counts.first_bad_line, 4);
    assert_int_equal(data.counts.labels_trimmed, 1);
    assert_int_equal(data.rows[0].line, 3);
    assert_int_equal(data.rows[1].line, 6);
    assert_int_equal(data.rows[2].line, 9);
    assert_int_equal(data.rows[0].row, 0);
    assert_int_equal(data.rows[1].row, 2);
    assert_int_equal(data.rows[2].row, 5);
    cam_dataset_release(&data);
    options.max_rows = 1;
    ASSERT_ROWS(&options, "x|a\n");
}

static void test_every_problem_has_its_line(void **state) {
    case_folder *f = *state;
    cam_read_options options = labelled(case_text(f, "d.csv", "text;label\n\"a\nb\";x;1\nc;\nd;x\n\"e\"f;x\ng\n"));
    char expected[2000], *p = options.path ? strdup(options.path) : NULL;
    snprintf(expected, sizeof expected,
             "%s:2: 3 cells where the header has 2; write a text that holds \";\" in quotes\n%s:4: row 3: the label is "
             "blank; label these rows, or leave such rows out with on_bad_row=skip\n%s:6: row 5: text after a closing "
             "quote; inside quotes a quote is written twice\n%s:7: row 6: 1 cell where the header has 2; is there a "
             "line break in an unquoted text? if there is none, leave such rows out with on_bad_row=skip",
             p, p, p, p);
    ASSERT_ROWS(&options, expected);
    free(p);
}

static void test_refused(void **state) {
    case_folder *f = *state;
    expect_csv(f, "", ": the file is empty");
    expect_csv(f, "\xEF\xBB\xBF", ": the file is empty");
    expect_csv(f, "\n\n;;\n", ": the file is empty");
    expect_csv(f, "text;label\n", ": no rows after the header");
    expect_csv(f, "text;label\n;\n", ": no rows after the header");
    expect_csv(f, "text;label\na;x\n\"b\n\nc;y\n", ":3: the quote opened here is never closed");
    expect_csv(f, "text;label\n\"a\nb\";\"y\n\nc;y\n", ":3: the quote opened here is never closed");
    expect_csv(f, "Libellé;Catégorie\na;x\n",
               ":1: no column \"text\"; the file has \"Libellé\", \"Catégorie\"; set text_column='Libellé' "
               "label_column='Catégorie'");
    expect_csv(f, "text;Catégorie\na;x\n",
               ":1: no column \"label\"; the file has \"text\", \"Catégorie\"; set label_column='Catégorie'");
    expect_csv(f, "note;date\na;x\n",
               ":1: no column \"text\"; the file has \"note\", \"date\"; set text_column=… label_column=…");
    expect_csv(f, "text;label;text \na;x;b\n", ":1: two columns are named \"text\"; rename one");
    expect_csv(f, "text\na\n", ":1: one column only, \"text\"; a text and a label are needed");
    expect_csv(
        f, "Text;LABEL;é\na;x;b\n",
        ":1: no column \"text\"; the file has \"Text\", \"LABEL\", \"é\"; set text_column=Text label_column=LABEL");
    expect_csv(
        f, "text,label,prix\na,x,12,50\n",
        ":2: 4 cells where the header has 3; \"12,50\" looks like a decimal comma: write such cells in quotes, or the "
        "file with \";\"");
    expect_csv(f, "Libell\xE9;Cat\xE9gorie\na;x\n",
               ":1: byte 0xE9 is not UTF-8; as Windows-1252 this reads \"Libellé\"; set encoding=windows-1252");
}

static void test_delimiter_asked_for(void **state) {
    case_folder *f = *state;
    cam_read_options options = labelled(case_text(f, "data.csv", "text;label,autre\nbon;x,y\n"));
    options.delimiter = ',';
    ASSERT_ROWS(&options, case_says(f, ":1: no column \"text\"; the file has \"text;label\", \"autre\"; set "
                                       "text_column=… label_column=…"));
    options.delimiter = ';';
    options.label_column = "label,autre";
    ASSERT_ROWS(&options, "x,y|bon\n");
    options = labelled(case_text(f, "data.csv", "text;label\nbon;x\n"));
    options.delimiter = ',';
    ASSERT_ROWS(&options, case_says(f, ":1: no column \"text\"; the file has \"text;label\"; set text_column=… "
                                       "label_column=… or delimiter=';'"));
}

/* A bad row before a failure that ends the reading is still reported. */
static void test_bad_row_before_break(void **state) {
    case_folder *f = *state;
    cam_read_options options = labelled(case_text(f, "d.csv", "text;label\na\n\"b;x\n"));
    char expected[1000];
    snprintf(
        expected, sizeof expected,
        "%s:2: 1 cell where the header has 2; is there a line break in an unquoted text? if there is none, leave such "
        "rows out with on_bad_row=skip\n%s:3: the quote opened here is never closed",
        options.path, options.path);
    ASSERT_ROWS(&options, expected);
}

static void test_same_words_in_other_encodings(void **state) {
    case_folder *f = *state;
    cam_read_options options =
        labelled(case_text(f, "a.csv", "Libell\xE9;Cat\xE9gorie\r\nl'\xE9t\xE9 \x80;\x9Cuf\r\n"));
    options.encoding = CAM_ENCODING_WINDOWS_1252;
    options.text_column = "Libellé";
    options.label_column = "Catégorie";
    ASSERT_ROWS(&options, "œuf|l'été €\n");
    static const char utf16[] = "\xFF\xFE"
                                "t\0e\0x\0t\0;\0l\0a\0b\0e\0l\0\r\0\n\0\xE9\0;\0\x53\x01\r\0\n\0";
    options = labelled(case_write(f, "b.csv", utf16, sizeof utf16 - 1));
    ASSERT_ROWS(&options, "œ|é\n");
}

static void test_columns_given(void **state) {
    case_folder *f = *state;
    static const char *const columns[] = {"label", "text"};
    cam_read_options options = labelled(case_text(f, "data.tsv", "x\tbonjour, ça va\ny\t\"cité\"\n"));
    options.columns = columns;
    options.column_count = 2;
    ASSERT_ROWS(&options, "x|bonjour, ça va\ny|cité\n");
    options = labelled(case_text(f, "data.csv", "x;a\ny;b\n"));
    options.columns = columns;
    options.column_count = 2;
    ASSERT_ROWS(&options, "x|a\ny|b\n");
    options.column_count = 1;
    ASSERT_ROWS(&options, "\"columns\" does not name \"text\"; add it, or set text_column=…");
    options = labelled(case_text(f, "data.csv", "Label;text\na;b\n"));
    options.columns = columns;
    options.column_count = 2;
    ASSERT_ROWS(&options, "Label|text\na|b\n");
    options = labelled(case_text(f, "data.csv", "label;text\na;b\n"));
    options.columns = columns;
    options.column_count = 2;
    ASSERT_ROWS(&options, case_says(f, ":1: the file has a header row; leave \"columns\" out"));
}

/* In TSV, quotes are plain characters unless they enclose a whole cell. */
static void test_tsv_quotes(void **state) {
    case_folder *f = *state;
    cam_read_options options = labelled(case_text(f, "data.tsv",
                                                  "label\ttext\n"
                                                  "x\t\"a \"\"b\"\" c\"\n"
                                                  "x\t\"a\" b\n"
                                                  "x\t\"a\n"
                                                  "x\ta \"b\"\n"
                                                  "\"y\"\t\"a\tb\"\n"
                                                  "x\t\"\n"
                                                  "x\t\"\"\r\n"));
    ASSERT_ROWS(&options, "x|a \"b\" c\nx|\"a\" b\nx|\"a\nx|a \"b\"\ny|a\tb\nx|\"\nx|\n");
}

static void test_jsonl(void **state) {
    case_folder *f = *state;
    cam_read_options options = labelled(case_text(
        f, "data.jsonl",
        "{\"text\":\"a\\n\\u00e9\",\"label\":\"x\"}\n\n"
        "{ \"autre\" : {\"label\":[1,\"}\"]}, \"label\" : 1.50 , \"text\":\"b\"}\r\n"
        "{\"k\":\"1\", \"label\" : \" t\" ,\"text\":\"d, {e}\"} "
        "\n{\"label\":true,\"text\":\"c\"}\n{\"label\":-1,\"text\":null}\n{\"text\":12e3,\"label\":\" z \"}\n"));
    ASSERT_ROWS(&options, "x|a\\né\n1.50|b\nt|d, {e}\ntrue|c\n-1|\nz|12e3\n");
    options = labelled(case_text(f, "d.jsonl",
                                 "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"a\"\n[1]\n{\"text\":\"a\",\"y\":1}\n"
                                 "{\"text\":[],\"label\":\"x\"}\n{\"text\":\"\\u0000\",\"label\":\"x\"}\n"
                                 "{\"text\":\"a\",\"label\":null}\n{\"text\":\"a\",\"text\":\"b\",\"label\":\"x\"}\n"));
    char *message = case_rows(&options);
    static const char *const expected[] = {
        "d.jsonl:2: no valid JSON: '}' expected near end of file\n",
        "d.jsonl:3: a list instead of an object; write one object a line\n",
        "d.jsonl:4: no member \"label\"; the object has \"text\", \"y\"; set label_column=…\n",
        "d.jsonl:5: \"text\" is a list; it must be a string (of a whole column in pandas",
        "d.jsonl:6: no valid JSON",
        "d.jsonl:7: the label is blank; label these rows",
        "d.jsonl:8: no valid JSON",
    };
    const char *at = message;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        at = strstr(at, expected[i]);
        if (!at)
            fail_msg("\"%s\" is not in its place in:\n%s", expected[i], message);
    }
    free(message);
}

/* As in predict: every record of the file gives a row, blank ones too, and the first bad row ends the reading. */
static void test_keep_blank(void **state) {
    case_folder *f = *state;
    cam_read_options options = {.path = case_text(f, "p.csv", "text;id\na;1\n\n;\nb;2\nc\nd;3\n"), .keep_blank = 1};
    cam_record_reader *reader;
    cam_record record;
    int got;
    static const struct {
        const char *text;
        int blank;
        long line;
    } rows[] = {{"a", 0, 2}, {"", 1, 3}, {"", 1, 4}, {"b", 0, 5}};
    assert_int_equal(cam_record_reader_open(&options, &reader), CAM_OK);
    assert_false(cam_record_reader_has_label(reader));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_OK);
        assert_true(got);
        assert_int_equal(record.text_length, strlen(rows[i].text));
        assert_memory_equal(record.text, rows[i].text, record.text_length);
        assert_int_equal(record.blank, rows[i].blank);
        assert_int_equal(record.line, rows[i].line);
        assert_int_equal(record.row, i);
        assert_null(record.label);
    }
    assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_E_DATA);
    assert_false(got);
    assert_string_equal(cam_status_message(), case_says(f, ":6: 1 cell where the header has 2; is there a "
                                                           "line break in an unquoted text?"));
    cam_record_reader_close(reader);
}

static void test_lines(void **state) {
    case_folder *f = *state;
    cam_read_options options = {.path = case_text(f, "p.txt", "\"a\";b\n\n c \r\nd")};
    ASSERT_ROWS(&options, "(none)|\"a\";b\n(none)|\n(none)| c \n(none)|d\n");
    options = labelled(case_text(f, "p.txt", "text;label\na;x\n"));
    ASSERT_ROWS(&options, "x|a\n");
    options.format = CAM_FORMAT_LINES;
    char *message = case_rows(&options);
    assert_non_null(strstr(message, "plain lines have no labels"));
    free(message);
}

/* A pipe that gives one byte at a time gives the same rows, and each record as soon as its line is complete. */
static void test_standard_input(void **state) {
    (void)state;
    int ends[2], kept = dup(STDIN_FILENO), got;
    cam_read_options options = {.path = "-", .format = CAM_FORMAT_LINES, .keep_blank = 1};
    cam_record_reader *reader;
    cam_record record;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(write(ends[1], "bonjour\n", 8), 8);
    assert_int_equal(cam_record_reader_open(&options, &reader), CAM_OK);
    assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_OK);
    assert_int_equal(record.text_length, 7);
    assert_memory_equal(record.text, "bonjour", 7);
    assert_int_equal(write(ends[1], "\xC3", 1), 1);
    assert_int_equal(write(ends[1], "\xA9\nz", 3), 3);
    assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_OK);
    assert_memory_equal(record.text, "\xC3\xA9", 2);
    close(ends[1]);
    assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_OK);
    assert_true(got && record.text_length == 1 && record.text[0] == 'z' && record.line == 3);
    assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_OK);
    assert_false(got);
    cam_record_reader_close(reader);
    dup2(kept, STDIN_FILENO);
    close(ends[0]);
    close(kept);
}

/* A cell of several megabytes, longer than any buffer, with a quote at every offset of a block's end. */
static void test_long_cell(void **state) {
    case_folder *f = *state;
    enum { BYTES = 3 << 20 };
    cam_strbuf file = CAM_STRBUF_INIT;
    cam_dataset data;
    cam_strbuf_puts(&file, "text;label\n\"");
    for (int i = 0; i < BYTES; i++)
        cam_strbuf_puts(&file, i % 3 ? "\"\"" : "\n");
    cam_strbuf_puts(&file, "\";x\nb;y\n");
    cam_read_options options = labelled(case_write(f, "data.csv", file.text, file.length));
    assert_int_equal(cam_dataset_load(&options, &data), CAM_OK);
    assert_int_equal(data.count, 2);
    assert_int_equal(data.rows[0].text_length, BYTES);
    for (int i = 0; i < BYTES; i++)
        assert_true(data.rows[0].text[i] == (i % 3 ? '"' : '\n'));
    assert_int_equal(data.rows[1].line, 3 + BYTES / 3);
    cam_dataset_release(&data);
    cam_strbuf_release(&file);
}

static void test_words_of_the_configuration(void **state) {
    (void)state;
    static const char *const delimiters[] = {"auto", ";", ",", "tab", "|"}, *const none[] = {"\"", "a", ";;", ""};
    for (int i = 0; i < 5; i++)
        assert_int_equal(cam_choice_find(cam_words_delimiter, CAM_CHOICE_COUNT_delimiter, delimiters[i]),
                         CAM_CONFIG_DELIMITER_AUTO + i);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(cam_choice_find(cam_words_delimiter, CAM_CHOICE_COUNT_delimiter, none[i]), -1);
    assert_int_equal(cam_choice_find(cam_words_format, CAM_CHOICE_COUNT_format, "jsonl"), CAM_FORMAT_JSONL);
    assert_int_equal(cam_choice_find(cam_words_format, CAM_CHOICE_COUNT_format, "xlsx"), -1);
    assert_int_equal(cam_format_of_path("a/B.CSV"), CAM_FORMAT_CSV);
    assert_int_equal(cam_format_of_path("csv"), CAM_FORMAT_AUTO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_line_ends_and_quotes),
        TEST(test_spreadsheet_habits),
        TEST(test_same_name_in_nfc),
        TEST(test_counts),
        TEST(test_every_problem_has_its_line),
        TEST(test_refused),
        TEST(test_delimiter_asked_for),
        TEST(test_bad_row_before_break),
        TEST(test_same_words_in_other_encodings),
        TEST(test_columns_given),
        TEST(test_tsv_quotes),
        TEST(test_jsonl),
        TEST(test_keep_blank),
        TEST(test_lines),
        TEST(test_long_cell),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_words_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
