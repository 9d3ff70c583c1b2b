/* mojibake.c: see mojibake.h. */
#include "mojibake.h"
#include "encoding.h"
#include "utf8.h"

/* The byte that was read as this character, in Windows-1252 or, where it has none, in Latin-1; 0 for none. */
static unsigned char byte_of(uint32_t c) {
    if (c >= 0x80 && c < 0x100)
        return (unsigned char)c;
    return c < 0x100 ? 0 : cam_encoding_byte(CAM_ENCODING_WINDOWS_1252, c);
}

/* Characters whose broken form is looked for. */
static int is_expected(uint32_t c) {
    return (c >= 0x80 && c < 0x100) || c == 0x152 || c == 0x153 || c == 0x160 || c == 0x161 || c == 0x178 ||
           c == 0x17D || c == 0x17E || (c >= 0x2010 && c <= 0x203A) || c == 0x20AC || c == 0x2122 || c == 0xFEFF ||
           c == CAM_UTF8_REPLACEMENT || c >= 0x1F000;
}

size_t cam_mojibake_decode(const char *text, size_t length, unsigned *code_point) {
    char bytes[CAM_UTF8_BYTES];
    uint32_t c;
    size_t at = cam_utf8_next(text, text + length, &c);
    if (c < 0xC2 || c > 0xF4)
        return 0;
    size_t size = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    bytes[0] = (char)c;
    for (size_t i = 1; i < size; i++) {
        if (at == length || (unsigned char)text[at] < 0x80)
            return 0;
        at += cam_utf8_next(text + at, text + length, &c);
        bytes[i] = (char)byte_of(c);
    }
    if (cam_utf8_decode(bytes, size, &c) != size || !is_expected(c))
        return 0;
    *code_point = c;
    return at;
}

/* U+00C3 before a plain space or the end was "à", whose second byte is read as a no-break space. */
static int is_cut_a(const char *text, size_t length) {
    return length >= 2 && memcmp(text, "\xC3\x83", 2) == 0 && (length == 2 || text[2] == ' ');
}

static size_t repair_once(const char *text, size_t length, cam_strbuf *out) {
    char character[CAM_UTF8_BYTES];
    size_t repairs = 0;
    for (size_t at = 0; at < length;) {
        unsigned code_point = 0xE0;
        uint32_t c;
        size_t broken = cam_mojibake_decode(text + at, length - at, &code_point);
        if (broken == 0 && is_cut_a(text + at, length - at))
            broken = 2;
        if (broken == 0) {
            broken = cam_utf8_next(text + at, text + length, &c);
            cam_strbuf_append(out, text + at, broken);
        } else {
            cam_strbuf_append(out, character, cam_utf8_put(character, code_point));
            repairs++;
        }
        at += broken;
    }
    return repairs;
}

size_t cam_mojibake_repair(const char *text, size_t length, cam_strbuf *out) {
    cam_strbuf once = CAM_STRBUF_INIT;
    size_t repairs = repair_once(text, length, &once);
    if (repairs > 0)
        repair_once(cam_strbuf_text(&once), once.length, out);
    else
        cam_strbuf_append(out, text, length);
    cam_strbuf_release(&once);
    return repairs;
}

/* Whether the characters, each as one byte, are UTF-8. */
static int is_utf8_in(const char *text, size_t length, int latin_1, cam_strbuf *bytes) {
    cam_strbuf_clear(bytes);
    for (size_t at = 0; at < length;) {
        uint32_t c;
        at += cam_utf8_next(text + at, text + length, &c);
        unsigned char byte = (unsigned char)c;
        if (c >= 0x80)
            byte = !latin_1 ? cam_encoding_byte(CAM_ENCODING_WINDOWS_1252, c) : c < 0x100 ? (unsigned char)c : 0;
        if (byte == 0)
            return 0;
        cam_strbuf_putc(bytes, (char)byte);
    }
    return cam_utf8_valid_prefix(cam_strbuf_text(bytes), bytes->length) == bytes->length;
}

unsigned cam_mojibake_ways(const char *text, size_t length, cam_strbuf *bytes) {
    return (is_utf8_in(text, length, 0, bytes) ? CAM_MOJIBAKE_WINDOWS_1252 : 0) |
           (is_utf8_in(text, length, 1, bytes) ? CAM_MOJIBAKE_LATIN_1 : 0);
}
