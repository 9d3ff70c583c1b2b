/* dataset.c: a file gives the same rows in every format and encoding. */
#include "dataset_case.h"

static cam_dataset load(const cam_read_options *options) {
    cam_dataset data;
    if (cam_dataset_load(options, &data) != CAM_OK)
        fail_msg("%s", cam_status_message());
    return data;
}

/* The same rows in CSV, TSV, JSONL, UTF-16 and Windows-1252 have the same hash. */
static void test_one_hash(void **state) {
    case_folder *f = *state;
    static const char utf16[] = "\xFE\xFF\0t\0e\0x\0t\0;\0l\0a\0b\0e\0l\0\r\0\xE9\0t\0\xE9\0;\0x\0\r\0b\0;\0y";
    static const struct {
        const char *name, *bytes;
        size_t size;
        cam_encoding encoding;
    } files[] = {
        {"a.csv", "label,text\nx,été\ny,b\n", 0, CAM_ENCODING_AUTO},
        {"a.tsv", "\xEF\xBB\xBFtext\tlabel\r\n\"été\"\tx\r\nb\ty", 0, CAM_ENCODING_AUTO},
        {"a.jsonl", "{\"label\":\"x\",\"text\":\"\\u00e9t\\u00e9\"}\n{\"text\":\"b\",\"label\":\"y\"}", 0,
         CAM_ENCODING_AUTO},
        {"a.csv", "text;label\n\xE9t\xE9;x\nb;y\n", 0, CAM_ENCODING_WINDOWS_1252},
        {"a.csv", utf16, sizeof utf16 - 1, CAM_ENCODING_AUTO},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        size_t size = files[i].size ? files[i].size : strlen(files[i].bytes);
        cam_read_options options = {.path = case_write(f, files[i].name, files[i].bytes, size),
                                    .encoding = files[i].encoding,
                                    .label_required = 1};
        cam_dataset data = load(&options);
        assert_int_equal(data.count, 2);
        assert_string_equal(data.rows[0].text, "été");
        assert_string_equal(data.rows[0].label, "x");
        assert_string_equal(data.rows[1].text, "b");
        assert_string_equal(data.rows[1].label, "y");
        cam_dataset_release(&data);
    }
}

static void test_rows_own_their_bytes(void **state) {
    case_folder *f = *state;
    enum { ROWS = 40000 };
    cam_strbuf file = CAM_STRBUF_INIT;
    cam_strbuf_puts(&file, "text;label\n");
    for (int i = 0; i < ROWS; i++)
        cam_strbuf_printf(&file, "\"texte numéro \"\"%d\"\" de la liste\"; classe %d \r\n", i, i % 7);
    cam_read_options options = {.path = case_write(f, "d.csv", file.text, file.length), .label_required = 1};
    cam_dataset data = load(&options);
    assert_int_equal(data.count, ROWS);
    assert_int_equal(data.labels.count, 7);
    assert_int_equal(data.counts.labels_trimmed, ROWS);
    for (int i = 0; i < ROWS; i++) {
        char text[60], label[20];
        snprintf(text, sizeof text, "texte numéro \"%d\" de la liste", i);
        snprintf(label, sizeof label, "classe %d", i % 7);
        assert_string_equal(data.rows[i].text, text);
        assert_int_equal(data.rows[i].text_length, strlen(text));
        assert_string_equal(data.rows[i].label, label);
        assert_ptr_equal(data.rows[i].label, data.rows[i % 7].label);
        assert_int_equal(data.rows[i].line, i + 2);
        assert_int_equal(data.rows[i].row, i);
    }
    cam_dataset_release(&data);
    cam_strbuf_release(&file);
}

static void test_no_good_row(void **state) {
    case_folder *f = *state;
    cam_read_options options = {
        .path = case_text(f, "d.csv", "text;label\na\nb\n"), .on_bad_row = CAM_BAD_ROW_SKIP, .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, ": every row is bad (2), the first row 2: 1 cell where the header has 2"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_hash),
        TEST(test_rows_own_their_bytes),
        TEST(test_no_good_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
