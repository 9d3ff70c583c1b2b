/* encoder.c: what the decoder reads, the encoder writes back byte for byte; and cells of CSV are read as written. */
#include "encoder.h"
#include "csv_out.h"
#include "dataset_case.h"
#include "utf8.h"

/* Writes a file, reads it in `encoding`, encodes the text again, and expects the bytes of the file. */
static void expect_back(case_folder *folder, const char *bytes, size_t size, cam_encoding encoding) {
    cam_decoder d;
    cam_strbuf text = CAM_STRBUF_INIT, out = CAM_STRBUF_INIT;
    char block[64];
    size_t count = 1;
    assert_int_equal(cam_decoder_open(&d, case_write(folder, "data.csv", bytes, size), encoding, CAM_SYNTAX_KEYS),
                     CAM_OK);
    while (count > 0) {
        assert_int_equal(cam_decoder_read(&d, block, sizeof block, &count), CAM_OK);
        cam_strbuf_append(&text, block, count);
    }
    cam_text_encoder encoder = {d.encoding, d.big_endian};
    if (d.has_mark)
        cam_text_encoder_put_mark(&encoder, &out);
    assert_int_equal(cam_text_encoder_put(&encoder, cam_strbuf_text(&text), text.length, &out), text.length);
    assert_int_equal(out.length, size);
    assert_memory_equal(cam_strbuf_text(&out), bytes, size);
    cam_decoder_close(&d);
    cam_strbuf_release(&text);
    cam_strbuf_release(&out);
}
#define BACK(folder, bytes, encoding) expect_back(folder, bytes, sizeof(bytes) - 1, encoding)

static void test_round_trip(void **state) {
    case_folder *f = *state;
    BACK(f, "d\xC3\xA9j\xC3\xA0;\xF0\x9F\x98\x80\r\n", CAM_ENCODING_AUTO);
    BACK(f, "\xEF\xBB\xBFtext", CAM_ENCODING_AUTO);
    BACK(f, "\xFF\xFE\xE9\0t\0\x3D\xD8\x00\xDE\n\0", CAM_ENCODING_AUTO);
    BACK(f, "\xFE\xFF\0\xE9\0t\xD8\x3D\xDE\x00\0\n", CAM_ENCODING_AUTO);
}

/* All bytes that a single-byte encoding has. */
static void test_every_byte(void **state) {
    static const cam_encoding encodings[] = {CAM_ENCODING_WINDOWS_1252, CAM_ENCODING_ISO_8859_15,
                                             CAM_ENCODING_MACROMAN};
    for (size_t e = 0; e < sizeof encodings / sizeof encodings[0]; e++) {
        char bytes[256];
        size_t count = 0;
        for (unsigned byte = 1; byte < 256; byte++)
            if (cam_encoding_code_point(encodings[e], (unsigned char)byte))
                bytes[count++] = (char)byte;
        assert_true(count >= 250);
        expect_back(*state, bytes, count, encodings[e]);
    }
}

/* A character that the encoding lacks ends the writing; what precedes it was written. */
static void test_lacking(void **state) {
    (void)state;
    cam_strbuf out = CAM_STRBUF_INIT;
    cam_text_encoder encoder = {CAM_ENCODING_WINDOWS_1252, 0};
    assert_int_equal(cam_text_encoder_put(&encoder, "\xC3\xA9\xE2\x86\x92x", 6, &out), 2);
    assert_string_equal(cam_strbuf_text(&out), "\xE9");
    encoder.encoding = CAM_ENCODING_ISO_8859_15; /* where Windows-1252 has the currency sign */
    assert_int_equal(cam_text_encoder_put(&encoder, "\xC2\xA4", 2, &out), 0);
    cam_text_encoder_put_mark(&encoder, &out);
    assert_int_equal(out.length, 1);
    cam_strbuf_release(&out);
}

static void expect_cell(const char *text, int quoted, char delimiter, const char *expected) {
    char bytes[64];
    cam_strbuf out = CAM_STRBUF_INIT;
    snprintf(bytes, sizeof bytes, "%s", text);
    cam_csv_cell_put(&out, &(cam_cell){bytes, strlen(bytes), quoted}, delimiter);
    assert_string_equal(cam_strbuf_text(&out), expected);
    cam_strbuf_release(&out);
}

static void test_cells(void **state) {
    (void)state;
    expect_cell("", 0, ';', "");
    expect_cell("", 1, ';', "\"\"");
    expect_cell("a, b", 0, ';', "a, b");
    expect_cell("a; b", 0, ';', "\"a; b\"");
    expect_cell("a", 1, ';', "\"a\"");
    expect_cell("5\" de large", 0, ';', "5\" de large");
    expect_cell("5\" de large", 1, ';', "\"5\"\" de large\"");
    expect_cell("\"", 0, ';', "\"\"\"\"");
    expect_cell("a\nb", 0, '\t', "\"a\nb\"");
    expect_cell("a\rb\"\"", 0, '\t', "\"a\rb\"\"\"\"\"");
}

/* Reads the one record of a table without header and expects these cells. */
static void expect_cells(const char *path, char delimiter, const cam_cell *cells, size_t count) {
    static const char *const names[] = {"a", "text", "c", "d", "e", "f"};
    cam_read_options options = {.path = path,
                                .format = CAM_FORMAT_CSV,
                                .encoding = CAM_ENCODING_UTF8,
                                .delimiter = delimiter,
                                .columns = names,
                                .column_count = count,
                                .keep_blank = 1};
    cam_record_reader *reader = NULL;
    cam_record record;
    int got;
    assert_int_equal(cam_record_reader_open(&options, &reader), CAM_OK);
    assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_OK);
    assert_true(got && record.cell_count == count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(record.cells[i].length, cells[i].length);
        assert_memory_equal(record.cells[i].text, cells[i].text, cells[i].length);
    }
    assert_int_equal(cam_record_reader_next(reader, &record, &got), CAM_OK);
    assert_false(got);
    cam_record_reader_close(reader);
}

/* Cells of all that is special in a table are read as they were written. */
static void test_cells_come_back(void **state) {
    enum { RECORDS = 400, COLUMNS = 6, LONGEST = 7 };
    static const char letters[] = "ab\"\";,\t|\n\r";
    uint32_t random = 12345;
    for (int record = 0; record < RECORDS; record++) {
        char bytes[COLUMNS][LONGEST + 1];
        cam_cell cells[COLUMNS];
        cam_strbuf line = CAM_STRBUF_INIT;
        char delimiter = ";,\t|"[record % 4];
        for (size_t i = 0; i < COLUMNS; i++) {
            size_t length = (random = random * 1664525 + 1013904223) >> 29;
            for (size_t k = 0; k < length; k++)
                bytes[i][k] = letters[((random = random * 1664525 + 1013904223) >> 16) % (sizeof letters - 1)];
            cells[i] = (cam_cell){bytes[i], length, (random >> 24) % 4 == 0};
            if (i > 0)
                cam_strbuf_putc(&line, delimiter);
            cam_csv_cell_put(&line, &cells[i], delimiter);
        }
        cam_strbuf_puts(&line, "\r\n");
        expect_cells(case_write(*state, "table.csv", cam_strbuf_text(&line), line.length), delimiter, cells, COLUMNS);
        cam_strbuf_release(&line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_every_byte, case_setup, case_teardown),
        cmocka_unit_test(test_lacking),
        cmocka_unit_test(test_cells),
        cmocka_unit_test_setup_teardown(test_cells_come_back, case_setup, case_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
