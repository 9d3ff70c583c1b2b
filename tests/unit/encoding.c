/* encoding.c: a file is read as UTF-8, or fails with a message that names the line. */
#include "encoding.h"
#include "dataset_case.h"
#include "encoding_evidence.h"
#include "utf8.h"

static char *read_all(const char *path, cam_encoding encoding, size_t capacity) {
    cam_decoder d;
    cam_strbuf out = CAM_STRBUF_INIT;
    size_t count = 1;
    char bytes[64];
    cam_status st = cam_decoder_open(&d, path, encoding, CAM_SYNTAX_KEYS);
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
    EXPECT(f, "t\0\xE9\0\n\0", CAM_ENCODING_UTF16, "té\n");
    EXPECT(f, "\0t\0\xE9\0\n", CAM_ENCODING_UTF16, "té\n");
    EXPECT(f, "prix 5 \xA4, c\xBDur", CAM_ENCODING_ISO_8859_15, "prix 5 €, cœur");
    EXPECT(f, "l\xD5\x8Et\x8E \x88 No\x91l", CAM_ENCODING_MACROMAN, "l’été à Noël");
}

static void test_refused(void **state) {
    case_folder *f = *state;
    EXPECT(f, "Libell\xE9;Cat\xE9gorie\r\n", CAM_ENCODING_AUTO,
           ":1: byte 0xE9 is not UTF-8; as Windows-1252 this reads \"Libellé\"; set encoding=windows-1252");
    EXPECT(f, "a;b\r\nx;y\rz;t\nl'\xE9t\xE9 fini", CAM_ENCODING_AUTO,
           ":4: byte 0xE9 is not UTF-8; as Windows-1252 this reads \"l'été\"; set encoding=windows-1252");
    EXPECT(f, "a\n\x82t\x82", CAM_ENCODING_AUTO,
           ":2: byte 0x82 is not UTF-8, and the text reads as French in none of Windows-1252, ISO-8859-15 and Mac OS "
           "Roman; save the file as CSV UTF-8");
    EXPECT(f, "a\nb\nc\0d", CAM_ENCODING_AUTO, ":3: a NUL byte; this is no text file: save it as CSV UTF-8");
    EXPECT(f, "t\0e\0x\0t\0", CAM_ENCODING_AUTO, ":1: UTF-16 without its byte-order mark; set encoding=utf-16");
    EXPECT(f, "\0t\0e\0x\0t", CAM_ENCODING_AUTO, ":1: UTF-16 without its byte-order mark; set encoding=utf-16");
    EXPECT(f, "\xC3\xA9t\xC3\xA9\nl\xC3\n", CAM_ENCODING_WINDOWS_1252,
           ":1: the file is UTF-8, and would be garbled in another encoding; set encoding=utf-8");
    EXPECT(f, "\xC3\xA9t\xC3\xA9;", CAM_ENCODING_MACROMAN,
           ":1: the file is UTF-8, and would be garbled in another encoding; set encoding=utf-8");
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
    EXPECT(f, "abcd", CAM_ENCODING_UTF16, ":1: no UTF-16, and no mark of it; set encoding=auto");
    EXPECT(f,
           "\xEF\xBB\xBF"
           "abcd",
           CAM_ENCODING_WINDOWS_1252, ":1: the file begins with the byte-order mark of UTF-8; set encoding=utf-8");
}

/* --- damage -------------------------------------------------------------------------------------------------------- */

/* Many whole characters and one that is cut: UTF-8, and no other encoding is proposed. */
static void test_cut_character(void **state) {
    case_folder *f = *state;
    EXPECT(f, "\xC3\xA9t\xC3\xA9\nl\xC3 haut\n\xC3\xA9t\xC3\xA9\n", CAM_ENCODING_AUTO,
           ":2: a character is cut or damaged here (byte 0xC3); the rest of the file is UTF-8: write the line again");
    EXPECT(f, "\xC3\xA9t\xC3\xA9\nl\xE0\n\xE9t\xE9\n", CAM_ENCODING_AUTO,
           ":2: byte 0xE0 is not UTF-8, while other lines are (two files joined?); save each part as CSV UTF-8");
}

/* A decoder that accepts damage gives a NUL for each bad byte, and all other bytes. */
static void test_accepted_damage(void **state) {
    case_folder *f = *state;
    cam_decoder d;
    char bytes[64];
    size_t count, size = 0;
    static const char text[] = "\xC3\xA9t\xC3\xA9\nl\xC3 \xE2\x82\n\xC3";
    static const char expected[] = "\xC3\xA9t\xC3\xA9\nl\0 \0\0\n\0";
    assert_int_equal(
        cam_decoder_open(&d, case_write(f, "d.csv", text, sizeof text - 1), CAM_ENCODING_AUTO, CAM_SYNTAX_KEYS),
        CAM_OK);
    d.accepts_damage = 1;
    do {
        assert_int_equal(cam_decoder_read(&d, bytes + size, sizeof bytes - size, &count), CAM_OK);
        size += count;
    } while (count > 0);
    assert_int_equal(size, sizeof expected - 1);
    assert_memory_equal(bytes, expected, size);
    assert_true(d.damaged);
    cam_decoder_close(&d);
}

/* --- evidence ---------------------------------------------------------------------------------------------------- */

static cam_encoding_evidence weigh(case_folder *f, const char *bytes, size_t size) {
    cam_encoding_evidence evidence;
    assert_int_equal(cam_encoding_evidence_read(case_write(f, "e.csv", bytes, size), &evidence), CAM_OK);
    return evidence;
}

/* `text` in a single-byte encoding. */
static cam_encoding_evidence weigh_as(case_folder *f, cam_encoding encoding, const char *text) {
    char bytes[400];
    size_t size = 0;
    for (const char *at = text, *end = text + strlen(text); at < end;) {
        uint32_t code_point;
        at += cam_utf8_next(at, end, &code_point);
        unsigned char byte = cam_encoding_byte(encoding, code_point);
        assert_true(byte != 0);
        bytes[size++] = (char)byte;
    }
    return weigh(f, bytes, size);
}

static void test_single_byte_evidence(void **state) {
    case_folder *f = *state;
    static const struct {
        cam_encoding written;
        const char *text;
        cam_encoding found; /* where no byte decides: Windows-1252 */
        const char *word;
    } cases[] = {
        {CAM_ENCODING_WINDOWS_1252, "Libellé;Catégorie\n", CAM_ENCODING_WINDOWS_1252, "Libellé"},
        {CAM_ENCODING_WINDOWS_1252, "prix : 5 €\nl’été à Noël\nŒuvre\n", CAM_ENCODING_WINDOWS_1252, "l’été"},
        {CAM_ENCODING_WINDOWS_1252, "École «\u00A0créée\u00A0», ÉTÉ, déjà…\n", CAM_ENCODING_WINDOWS_1252, "École"},
        {CAM_ENCODING_ISO_8859_15, "été, naïve, ça\n", CAM_ENCODING_WINDOWS_1252, "été"},
        {CAM_ENCODING_ISO_8859_15, "prix : 5 €\nété\n", CAM_ENCODING_ISO_8859_15, "été"},
        {CAM_ENCODING_ISO_8859_15, "cœur, sœur\n", CAM_ENCODING_ISO_8859_15, "cœur"},
        {CAM_ENCODING_MACROMAN, "réclamation\n", CAM_ENCODING_MACROMAN, "réclamation"},
        {CAM_ENCODING_MACROMAN, "l’été à Noël, cœur, 5 €, « ça »\n", CAM_ENCODING_MACROMAN, "l’été"},
        {CAM_ENCODING_MACROMAN, "l’écran d’été, l’école\n", CAM_ENCODING_MACROMAN, "l’écran"}, /* ’é is valid UTF-8 */
        {CAM_ENCODING_MACROMAN, "ÉTÉ À PARIS\n", CAM_ENCODING_MACROMAN, "ÉTÉ"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_encoding_evidence e = weigh_as(f, cases[i].written, cases[i].text);
        if (e.finding != CAM_FOUND_SINGLE_BYTE || e.encoding != cases[i].found)
            fail_msg("\"%s\": finding %d, %s", cases[i].text, e.finding, cam_words_encoding[e.encoding]);
        assert_string_equal(e.word, cases[i].word);
    }
}

static void test_other_evidence(void **state) {
    case_folder *f = *state;
    static const char ascii[] = "a;b\n", utf8[] = "\xC3\xA9t\xC3\xA9\r\nfin",
                      cp850[] = "r\x82"
                                "clamation, tr\x8As, l\x85\n",
                      cyrillic[] = "\xCF\xF0\xE8\xE2\xE5\xF2, \xEA\xE0\xEA \xE4\xE5\xEB\xE0\n",
                      cut[] = "\xC3\xA9t\xC3\xA9\r\n\xC3\xA9t\xC3\r\nfin", big[] = "\0t\0;\0\n\0\xE9";
    assert_int_equal(weigh(f, ascii, sizeof ascii - 1).finding, CAM_FOUND_ASCII);
    cam_encoding_evidence e = weigh(f, utf8, sizeof utf8 - 1);
    assert_int_equal(e.finding, CAM_FOUND_UTF8);
    assert_int_equal(e.characters, 2);
    e = weigh(f, cp850, sizeof cp850 - 1);
    assert_int_equal(e.finding, CAM_FOUND_NONE);
    assert_int_equal(e.encoding, CAM_ENCODING_AUTO);
    assert_int_equal(weigh(f, cyrillic, sizeof cyrillic - 1).finding, CAM_FOUND_NONE);
    e = weigh(f, cut, sizeof cut - 1);
    assert_int_equal(e.finding, CAM_FOUND_DAMAGED);
    assert_int_equal(e.encoding, CAM_ENCODING_UTF8);
    assert_int_equal(e.first_bad_line, 2);
    assert_int_equal(e.first_bad_byte, 0xC3);
    assert_int_equal(e.bad_lines, 1);
    e = weigh(f, big, sizeof big - 1);
    assert_int_equal(e.finding, CAM_FOUND_UTF16);
    assert_true(e.no_mark && e.big_endian);
}

/* A character at every offset of a block's end is counted once, and its line is right. */
static void test_evidence_of_blocks(void **state) {
    case_folder *f = *state;
    enum { LINES = 46000, BAD_LINE = 33334 };
    char *bytes = malloc(3 * LINES + 3);
    assert_non_null(bytes);
    for (size_t shift = 0; shift < 3; shift++) {
        memset(bytes, 'a', shift);
        for (size_t i = 0; i < LINES; i++)
            memcpy(bytes + shift + 3 * i, "\xC3\xA9\n", 3);
        bytes[shift + 3 * (BAD_LINE - 1)] = (char)0xE2;
        cam_encoding_evidence e = weigh(f, bytes, shift + 3 * LINES);
        assert_int_equal(e.finding, CAM_FOUND_DAMAGED);
        assert_int_equal(e.bad_bytes, 2);
        assert_int_equal(e.first_bad_line, BAD_LINE);
        assert_int_equal(e.characters, LINES - 1);
    }
    free(bytes);
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
        snprintf(
            expected, sizeof expected,
            ":%d: a character is cut or damaged here (byte 0xE2); the rest of the file is UTF-8: write the line again",
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
        cmocka_unit_test_setup_teardown(test_cut_character, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_accepted_damage, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_single_byte_evidence, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_other_evidence, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_evidence_of_blocks, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_missing, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_far_line, case_setup, case_teardown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
