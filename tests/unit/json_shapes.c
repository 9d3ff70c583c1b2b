/* json_shapes.c: JSON of every shape gives the same rows under any ending; a row's line is where its object starts. */
#include "dataset_case.h"

static const char *const shapes[] = {
    "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b, [é]\",\"label\":\"y\"}\n",
    "[{\"text\":\"a\",\"label\":\"x\"},{\"text\":\"b, [é]\",\"label\":\"y\"}]",
    "\n [\n {\n  \"text\": \"a\",\n  \"label\": \"x\"\n },\n {\n  \"label\": \"y\",\n  \"text\": \"b, [é]\"\n }\n]\n",
    "{\n \"text\": \"a\", \"label\": \"x\"\n}\n{\n \"text\": \"b, [é]\",\n \"label\": \"y\"}\n",
    "{\"n\":[{\"a\":\"]}\"}],\"data\":[{\"text\":\"a\",\"label\":\"x\"},\n{\"text\":\"b, [é]\",\"label\":\"y\"}]}",
    "{\"records\":[{\"text\":\"a\",\"label\":\"x\"},{\"text\":\"b, [é]\",\"label\":\"y\"}]}",
    "[{\"text\":\"a\",\"label\":\"x\"}]\n[{\"text\":\"b, [é]\",\"label\":\"y\"}]\n",
    "{\"text\":\"a\",\"label\":[\"x\"],\"data\":[{\"k\":1}]}\n{\"text\":\"b, [é]\",\"label\":{\"choices\":[\"y\"]}}\n",
};

static void test_shapes(void **state) {
    case_folder *f = *state;
    static const char *const names[] = {"a.json", "a.jsonl", "a.csv", "a.txt"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            cam_read_options options = {.path = case_text(f, names[n], shapes[i]), .label_required = 1};
            char *got = case_rows(&options);
            if (strcmp(got, "x|a\ny|b, [é]\n") != 0)
                fail_msg("%s: %s\ngives %s", names[n], shapes[i], got);
            free(got);
        }
}

static void test_lines_and_notes(void **state) {
    case_folder *f = *state;
    static const struct {
        int shape;
        const char *name;
        long line[2];
        const char *notes;
    } cases[] = {
        {0, "a.json", {1, 2}, ""},
        {0, "a.csv", {1, 2}, "F: was read as JSON, which it holds whatever its ending\n"},
        {2, "a.json", {3, 7}, "F: its JSON is not one object a line; each object was read as a row\n"},
        {3, "a.json", {1, 4}, "F: its JSON is not one object a line; each object was read as a row\n"},
        {7, "a.json", {1, 2}, "F: 2 labels were lists of one, and were read as that label\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_dataset data;
        cam_strbuf notes = CAM_STRBUF_INIT;
        cam_read_options options = {.path = case_text(f, cases[i].name, shapes[cases[i].shape]), .label_required = 1};
        assert_int_equal(cam_dataset_load(&options, &data), CAM_OK);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(data.rows[k].line, cases[i].line[k]);
            assert_int_equal(data.rows[k].sheet_row, 0);
        }
        cam_read_counts_describe(&data.counts, "F", &notes);
        assert_string_equal(cam_strbuf_text(&notes), cases[i].notes);
        cam_strbuf_release(&notes);
        cam_dataset_release(&data);
    }
}

/* An explicit format is believed, and refused where the bytes contradict it. */
static void test_explicit_format(void **state) {
    case_folder *f = *state;
    cam_read_options options = {
        .path = case_text(f, "a.txt", shapes[1]), .format = CAM_FORMAT_JSONL, .label_required = 1};
    ASSERT_ROWS(&options, "x|a\ny|b, [é]\n");
    options.format = CAM_FORMAT_CSV;
    ASSERT_ROWS(&options, case_says(f, ": the file holds JSON; set format=jsonl"));
    options.format = CAM_FORMAT_TSV;
    options.syntax = CAM_SYNTAX_OPTIONS;
    ASSERT_ROWS(&options, case_says(f, ": the file holds JSON; set --input-format jsonl"));
    options = (cam_read_options){
        .path = case_text(f, "a.json", "label;text\nx;a\n"), .format = CAM_FORMAT_JSONL, .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, ": the file holds a table, no JSON; set format=csv"));
    /* lines of text are lines, whatever they begin with, but for objects with the text column */
    options = (cam_read_options){.path = case_text(f, "a.txt", "{bonjour}\n[x]\n")};
    ASSERT_ROWS(&options, "(none)|{bonjour}\n(none)|[x]\n");
    options = (cam_read_options){.path = case_text(f, "a.txt", "{\"mot\":\"a\"}\n[x]\n")};
    ASSERT_ROWS(&options, "(none)|{\"mot\":\"a\"}\n(none)|[x]\n");
    options = (cam_read_options){.path = case_text(f, "a.txt", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n")};
    ASSERT_ROWS(&options, "(none)|a\n(none)|b\n");
}

static void expect_json(case_folder *f, const char *text, const char *message) {
    cam_read_options options = {.path = case_text(f, "a.json", text), .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, message));
}

static void test_refused(void **state) {
    case_folder *f = *state;
    expect_json(f, "[{\"text\":\"a\",\n\"label\":\"x\"},\n", ":3: the list is never closed; is the file cut?");
    expect_json(f, "[{\"text\":\"a\",\n\"label\":\"x\"},\n{\"text",
                ":3: the object that begins here is never closed; is the "
                "file cut?");
    expect_json(f, "[\n{\"text\":\"a\",\"label\":\"x\"},\n3]",
                ":3: no object begins here; write each row as an object: {\"text\": …, \"label\": …}");
    expect_json(f, "[[\"a\",\"x\"]]",
                ":1: a JSON list of lists or texts; write each row as an object: {\"text\": …, \"label\": …} (pandas: "
                "to_json with orient=\"records\")");
    expect_json(f, "[]", ": no rows");
    expect_json(f, "{\"text\":{\"0\":\"a\"},\"label\":{\"0\":\"x\"}}",
                ":1: \"text\" is an object; it must be a string (of a whole column in pandas: to_json with "
                "orient=\"records\", lines=True)");
    expect_json(f, "{\"text\":\"a\",\"label\":[[0,1,\"PER\"]]}",
                ":1: \"label\" is a list of marked places in the text; here a text has one label as a whole");
    expect_json(f, "{\"id\":1,\"data\":{\"text\":\"a\"},\"annotations\":[]}",
                ":1: no member \"text\"; the object has \"id\", \"data\", \"annotations\"; set text_column=… "
                "label_column=…, or export from Label Studio as JSON-MIN or CSV");
    expect_json(f, "{\"text\":\"a\",\"label\":[\"x\",\"y\"]}\n{\"text\":\"b\",\"label\":[\"x\",\"y\",\"z\"]}\n",
                ": lines 1, 2 (2 of 2): the label is a list of 2 labels: the data is multi-label, and a text has one "
                "label here; keep one label a row, or leave such rows out with on_bad_row=skip");
    expect_json(f,
                "[{\"text\":\"a\",\"label\":[]}, {\"text\":\"b\",\"label\":null},\n{\"text\":\"b\",\"label\":\"x\"}]",
                ": objects 1, 2 (2 of 3): the label is blank; label these rows, or leave such rows out with "
                "on_bad_row=skip");
}

/* A list larger than any window, whose objects cross every block's end. */
static void test_long_list(void **state) {
    case_folder *f = *state;
    enum { OBJECTS = 30000 };
    cam_strbuf file = CAM_STRBUF_INIT;
    cam_dataset data;
    for (int i = 0; i < OBJECTS; i++) {
        cam_strbuf_puts(&file, i ? ",\n" : "[");
        cam_strbuf_printf(&file, "{\"text\":\n\"texte } numéro \\\"%d\\\" %.*s\", \"label\": \"%d\"}", i, i % 40,
                          "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", i % 7);
    }
    cam_strbuf_puts(&file, "\n]\n");
    cam_read_options options = {.path = case_write(f, "a.json", file.text, file.length), .label_required = 1};
    assert_int_equal(cam_dataset_load(&options, &data), CAM_OK);
    assert_int_equal(data.count, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) {
        assert_int_equal(data.rows[i].line, 2 * i + 1);
        assert_int_equal(data.rows[i].label[0], '0' + i % 7);
    }
    cam_dataset_release(&data);
    cam_strbuf_release(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_shapes),  TEST(test_lines_and_notes), TEST(test_explicit_format),
        TEST(test_refused), TEST(test_long_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
