/* encoding.c: a file is read as UTF-8, or fails with a message that names the line. */
#include "encoding.h"
#include "dataset_case.h"

static char *read_all(const char *path, cam_encoding encoding, size_t capacity) {
    cam_decoder d;
    cam_strbuf out = CAM_STRBUF_INIT;
    size_t count = 1;
    char bytes[64];
    cam_status st = cam_decoder_open(&d, path, encoding);
    while (st == CAM_OK && count > 0) {
        st = cam_decoder_read(&d, bytes, capacity, &count);
        if (st == CAM_OK)
            cam_strbuf_append(&out, bytes, count);
    }
    if (st != CAM_OK) {
        cam_strbuf_clear(&out);
        cam_strbuf_puts(&out, cam_status_message());
    }
    cam_decoder_close(&d);
    return cam_strbuf_detach(&out);
}

static void expect_sized(case_folder *folder, const char *bytes, size_t size, cam_encoding encoding,
                         const char *expected) {
    const char *path = case_write(folder, "data.csv", bytes, size);
    for (size_t capacity = 4; capacity <= 64; capacity += 5) {
        char *got = read_all(path, encoding, capacity);
        assert_string_equal(got, expected[0] == ':' ? case_says(folder, expected) : expected);
        free(got);
    }
}
#define EXPECT(folder, bytes, encoding, expected) expect_sized(folder, bytes, sizeof(bytes) - 1, encoding, expected)

static void test_accepted(void **state) {
    case_folder *f = *state;
    EXPECT(f, "", CAM_ENCODING_AUTO, "");
    EXPECT(f, "\xC3\xA9t\xC3\xA9\r\n", CAM_ENCODING_AUTO, "été\r\n");
    EXPECT(f, "\xEF\xBB\xBFtext", CAM_ENCODING_AUTO, "text");
    EXPECT(f, "\xEF\xBB\xBFtext", CAM_ENCODING_UTF8, "text");
    EXPECT(f,
           "\xFF\xFE"
           "\xE9\0t\0\x3D\xD8\x00\xDE\n\0",
           CAM_ENCODING_AUTO, "ét\U0001F600\n");
    EXPECT(f,
           "\xFE\xFF"
           "\0\xE9\0t\xD8\x3D\xDE\x00\0\n",
           CAM_ENCODING_UTF16, "ét\U0001F600\n");
    EXPECT(f, "\xFF\xFE", CAM_ENCODING_AUTO, "");
    EXPECT(f, "Libell\xE9;\x80 \x9Cuf \x92", CAM_ENCODING_WINDOWS_1252, "Libellé;€ œuf ’");
    EXPECT(f, "PK;text\n1;x\n", CAM_ENCODING_AUTO, "PK;text\n1;x\n");
}

static void test_refused(void **state) {
    case_folder *f = *state;
    EXPECT(f, "Libell\xE9;Cat\xE9gorie\r\n", CAM_ENCODING_AUTO,
           ":1: byte 0xE9 is not UTF-8; as Windows-1252 this reads \"Libellé\"; set encoding=windows-1252");
    EXPECT(f, "a;b\r\nx;y\rz;t\nl'\xE9t\xE9 fini", CAM_ENCODING_AUTO,
           ":4: byte 0xE9 is not UTF-8; as Windows-1252 this reads \"l'été\"; set encoding=windows-1252");
    EXPECT(f, "a\n\xC3\xA9 \x81", CAM_ENCODING_AUTO, ":2: byte 0x81 is not UTF-8; save the file as CSV UTF-8");
    EXPECT(f, "a\n\xC3", CAM_ENCODING_AUTO,
           ":2: byte 0xC3 is not UTF-8; as Windows-1252 this reads \"Ã\"; set encoding=windows-1252");
    EXPECT(f, "a\nb\nc\0d", CAM_ENCODING_AUTO,
           ":3: a NUL byte; this is no text file, or it is UTF-16 without its byte-order mark: save it as CSV UTF-8");
    EXPECT(f, "t\0e\0x\0t\0", CAM_ENCODING_AUTO,
           ":1: a NUL byte; this is no text file, or it is UTF-16 without its byte-order mark: save it as CSV UTF-8");
    EXPECT(f, "a\n\x81", CAM_ENCODING_WINDOWS_1252,
           ":2: byte 0x81 has no character in Windows-1252; save the file as CSV UTF-8");
    EXPECT(f,
           "\xFF\xFE"
           "a\0\n\0\x3D\xD8"
           "a\0",
           CAM_ENCODING_AUTO, ":2: half a surrogate pair in UTF-16; save the file as CSV UTF-8");
    EXPECT(f,
           "\xFF\xFE"
           "a\0\n\0b",
           CAM_ENCODING_AUTO, ":2: the last character is cut in UTF-16; save the file as CSV UTF-8");
    EXPECT(f,
           "\xFF\xFE"
           "a\0\0\0",
           CAM_ENCODING_AUTO, ":1: a NUL character in UTF-16; save the file as CSV UTF-8");
    EXPECT(f,
           "\xFF\xFE"
           "a\0",
           CAM_ENCODING_UTF8, ":1: the file begins with a UTF-16 byte-order mark; set encoding=utf-16");
    EXPECT(f, "abcd", CAM_ENCODING_UTF16,
           ":1: no UTF-16 byte-order mark; set encoding=auto, or save the file as CSV UTF-8");
    EXPECT(f,
           "\xEF\xBB\xBF"
           "abcd",
           CAM_ENCODING_WINDOWS_1252, ":1: the file begins with the byte-order mark of UTF-8; set encoding=utf-8");
}

static void test_no_text_files(void **state) {
    case_folder *f = *state;
    EXPECT(f, "PK\x03\x04\x14\0\x06\0", CAM_ENCODING_AUTO, ": an Excel workbook; save it as CSV UTF-8");
    EXPECT(f, "PK", CAM_ENCODING_WINDOWS_1252, ": an Excel workbook; save it as CSV UTF-8");
    EXPECT(f, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", CAM_ENCODING_AUTO, ": an Excel workbook; save it as CSV UTF-8");
    EXPECT(f, "\x1F\x8B\x08\0", CAM_ENCODING_AUTO, ": a gzip archive; unpack it first");
}

static void test_missing(void **state) {
    case_folder *f = *state;
    char path[300], expected[700];
    snprintf(path, sizeof path, "%s/none.csv", f->path);
    snprintf(expected, sizeof expected, "cannot open \"%s\": No such file or directory", path);
    char *got = read_all(path, CAM_ENCODING_AUTO, 8);
    assert_string_equal(got, expected);
    free(got);
    snprintf(expected, sizeof expected, "cannot read \"%s\": Is a directory", f->path);
    got = read_all(f->path, CAM_ENCODING_AUTO, 8);
    assert_string_equal(got, expected);
    free(got);
}

/* The message about a bad byte after several blocks has the exact line, and the whole word even where a block ends in
 * it. */
static void test_far_line(void **state) {
    case_folder *f = *state;
    enum { LINES = 60000, WIDTH = 16 };
    char *bytes = malloc((size_t)LINES * WIDTH);
    assert_non_null(bytes);
    for (int i = 0; i < LINES; i++)
        memcpy(bytes + (size_t)i * WIDTH, "pr\xC3\xA9nom;valeur\r\n", WIDTH);
    static const int bad_lines[] = {1, 16384, 16385, 32768, 49151, LINES};
    for (size_t k = 0; k < sizeof bad_lines / sizeof bad_lines[0]; k++) {
        char expected[200];
        char *at = bytes + (size_t)(bad_lines[k] - 1) * WIDTH + 8;
        *at = (char)0xE2;
        const char *path = case_write(f, "data.csv", bytes, (size_t)LINES * WIDTH);
        *at = 'v';
        snprintf(expected, sizeof expected,
                 ":%d: byte 0xE2 is not UTF-8; as Windows-1252 this reads \"âaleur\"; set encoding=windows-1252",
                 bad_lines[k]);
        for (size_t capacity = 61; capacity <= 64; capacity++) {
            char *got = read_all(path, CAM_ENCODING_AUTO, capacity);
            assert_string_equal(got, case_says(f, expected));
            free(got);
        }
    }
    free(bytes);
}

static void test_names(void **state) {
    (void)state;
    static const char *const names[] = {"auto", "utf-8", "utf-16", "windows-1252"};
    for (cam_encoding e = CAM_ENCODING_AUTO; e <= CAM_ENCODING_WINDOWS_1252; e++) {
        assert_string_equal(cam_words_encoding[e], names[e]);
        assert_int_equal(cam_choice_find(cam_words_encoding, CAM_CHOICE_COUNT_encoding, names[e]), e);
    }
    assert_int_equal(cam_choice_find(cam_words_encoding, CAM_CHOICE_COUNT_encoding, "latin-1"), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepted, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_refused, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_no_text_files, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_missing, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_far_line, case_setup, case_teardown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
