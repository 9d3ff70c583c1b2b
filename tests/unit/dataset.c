/* dataset.c: a file gives the same rows in every format and encoding; what init detects in a file. */
#include "dataset_case.h"
#include "detect.h"

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
    uint64_t first = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        size_t size = files[i].size ? files[i].size : strlen(files[i].bytes);
        cam_read_options options = {.path = case_write(f, files[i].name, files[i].bytes, size),
                                    .encoding = files[i].encoding,
                                    .label_required = 1};
        cam_dataset data = load(&options);
        assert_int_equal(data.count, 2);
        first = i ? first : cam_dataset_hash(&data);
        assert_true(cam_dataset_hash(&data) == first);
        cam_dataset_release(&data);
    }
    cam_read_options options = {.path = case_text(f, "a.csv", "label,text\nx,étéb\ny,\n"), .label_required = 1};
    cam_dataset other = load(&options);
    assert_true(cam_dataset_hash(&other) != first);
    cam_dataset_release(&other);
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

/* --- init --data ------------------------------------------------------------------------------------------------ */

static void expect_found(case_folder *f, const char *name, const char *bytes, cam_detected expected, const char *text,
                         const char *label) {
    cam_detected found;
    if (cam_detect(case_text(f, name, bytes), &found) != CAM_OK)
        fail_msg("%s", cam_status_message());
    assert_int_equal(found.format, expected.format);
    assert_int_equal(found.encoding, expected.encoding);
    assert_int_equal(found.delimiter, expected.delimiter);
    assert_int_equal(found.has_header, expected.has_header);
    assert_int_equal(found.rows, expected.rows);
    assert_int_equal(found.labels, expected.labels);
    assert_string_equal(found.columns[found.text_column], text);
    if (label)
        assert_string_equal(found.columns[found.label_column], label);
    else
        assert_int_equal(found.label_column, found.column_count);
    cam_detected_release(&found);
}

static void test_detect(void **state) {
    case_folder *f = *state;
    expect_found(f, "d.csv",
                 "Libell\xE9;Cat\xE9gorie\r\nacheter une vis;achat\r\nrendre une vis;retour\r\nacheter un "
                 "clou;achat\r\nrendre un clou, cass\xE9;retour\r\n",
                 (cam_detected){.format = CAM_FORMAT_CSV,
                                .encoding = CAM_ENCODING_WINDOWS_1252,
                                .delimiter = ';',
                                .has_header = 1,
                                .rows = 4,
                                .labels = 2},
                 "Libellé", "Catégorie");
    /* no header: the first label occurs again */
    expect_found(
        f, "d.tsv", "achat\tacheter une vis\nretour\trendre une vis\nachat\tun clou\nretour\tle clou\n",
        (cam_detected){
            .format = CAM_FORMAT_TSV, .encoding = CAM_ENCODING_UTF8, .delimiter = '\t', .rows = 4, .labels = 2},
        "text", "label");
    /* both ; and , in the first record; numbers repeat more often than words, an identifier never repeats */
    expect_found(f, "d.csv",
                 "id,note;texte,long;classe\n1;la première demande, longue;a\n2;la seconde demande;b\n3;une "
                 "autre;a\n4;encore une;b\n",
                 (cam_detected){.format = CAM_FORMAT_CSV,
                                .encoding = CAM_ENCODING_UTF8,
                                .delimiter = ';',
                                .has_header = 1,
                                .rows = 4,
                                .labels = 2},
                 "texte,long", "classe");
    expect_found(f, "d.csv",
                 "annee,theme,message\n2023,x,un long message\n2023,y,deux longs messages\n2023,x,trois\n2024,y,quatre "
                 "messages\n2024,z,cinq messages\n2024,z,encore des messages\n",
                 (cam_detected){.format = CAM_FORMAT_CSV,
                                .encoding = CAM_ENCODING_UTF8,
                                .delimiter = ',',
                                .has_header = 1,
                                .rows = 6,
                                .labels = 3},
                 "message", "theme");
    expect_found(
        f, "d.jsonl",
        "{\"k\":\"a\",\"message\":\"un long message\"}\n{\"k\":\"b\",\"message\":\"deux messages\"}\n"
        "{\"message\":\"trois messages\",\"k\":\"a\"}\n{\"k\":\"b\",\"message\":\"quatre messages\"}\n",
        (cam_detected){
            .format = CAM_FORMAT_JSONL, .encoding = CAM_ENCODING_UTF8, .has_header = 1, .rows = 4, .labels = 2},
        "message", "k");
    expect_found(
        f, "d.csv", "a;b\nun texte assez long;x1\nun autre texte long;x2\nencore un texte;x3\n",
        (cam_detected){
            .format = CAM_FORMAT_CSV, .encoding = CAM_ENCODING_UTF8, .delimiter = ';', .has_header = 1, .rows = 3},
        "a", NULL);
}

static void expect_not_found(case_folder *f, const char *bytes, const char *message) {
    cam_detected found;
    assert_int_equal(cam_detect(case_text(f, "d.csv", bytes), &found), CAM_E_DATA);
    assert_string_equal(cam_status_message(), case_says(f, message));
    assert_null(found.columns);
}

static void test_detect_refuses(void **state) {
    case_folder *f = *state;
    expect_not_found(f, "", ": no rows to look at");
    expect_not_found(f, "text;label\n", ": no rows to look at");
    expect_not_found(f, "text\na\nb\n", ": one column only; a text and a label are needed");
    expect_not_found(f, "a;b\n\x81;\xE9\n",
                     ":2: byte 0x81 is not UTF-8, and the text reads as French in none of Windows-1252, "
                     "ISO-8859-15 and Mac OS Roman; save the file as CSV UTF-8");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_hash), TEST(test_rows_own_their_bytes), TEST(test_no_good_row),
        TEST(test_detect),   TEST(test_detect_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
