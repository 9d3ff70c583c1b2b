/* encoding.c: see encoding.h. UTF-8 and Windows-1252 as such; the decoder around them, with UTF-16, in decoder.c. */
#include "encoding.h"
#include <stdint.h>
#include <string.h>

static const char *const names[] = {"auto", "utf-8", "utf-16", "windows-1252"};

const char *cam_encoding_name(cam_encoding encoding) {
    return names[encoding];
}

int cam_encoding_parse(const char *name, cam_encoding *encoding) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) {
            *encoding = (cam_encoding)i;
            return 1;
        }
    return 0;
}

/* The length of the valid character at p (n bytes follow), or 0. Unicode 15, table 3-7. */
static size_t character_length(const unsigned char *p, size_t n) {
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4)
        return 0;
    size_t length = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (n < length)
        return 0;
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

size_t cam_utf8_valid_prefix(const char *bytes, size_t length) {
    const unsigned char *p = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < length) {
        uint64_t word;
        while (i + sizeof word <= length) {
            memcpy(&word, p + i, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            i += sizeof word;
        }
        while (i < length && p[i] < 0x80)
            i++;
        if (i == length)
            break;
        size_t step = character_length(p + i, length - i);
        if (step == 0)
            break;
        i += step;
    }
    return i;
}

size_t cam_utf8_put(char *to, unsigned code_point) {
    if (code_point < 0x80) {
        to[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    to[0] = (char)(lead[length] | code_point);
    return length;
}

unsigned cam_windows_1252_code_point(unsigned char byte) {
    /* Bytes 0x80 to 0x9F; the rest is Latin-1. Source: unicode.org, MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT. */
    static const uint16_t high[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                      0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                      0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
    return byte >= 0x80 && byte < 0xA0 ? high[byte - 0x80] : byte;
}
