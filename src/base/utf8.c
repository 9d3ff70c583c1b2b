/* utf8.c: see utf8.h. */
#include "utf8.h"
#include <string.h>

/* The range of the second byte excludes overlong forms (after E0 and F0), surrogates (after ED) and code points above
 * U+10FFFF (after F4). */
static inline size_t decode_long(const char *text, size_t length, uint32_t *code_point) {
    const unsigned char *p = (const unsigned char *)text;
    unsigned char lead = p[0];
    size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    *code_point = CAM_UTF8_REPLACEMENT;
    if (lead < 0xC2 || lead > 0xF4 || length < bytes || p[1] < low || p[1] > high)
        return 0;
    uint32_t value = (uint32_t)(lead & (0x7F >> bytes)) << 6 | (p[1] & 0x3F);
    for (size_t i = 2; i < bytes; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3F);
    }
    *code_point = value;
    return bytes;
}

size_t cam_utf8_decode_long(const char *text, size_t length, uint32_t *code_point) {
    return decode_long(text, length, code_point);
}

size_t cam_utf8_valid_prefix(const char *bytes, size_t length) {
    size_t i = 0;
    while (i < length) {
        uint64_t word;
        while (i + sizeof word <= length) {
            memcpy(&word, bytes + i, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            i += sizeof word;
        }
        while (i < length && (unsigned char)bytes[i] < 0x80)
            i++;
        if (i == length)
            break;
        uint32_t unused;
        size_t step = decode_long(bytes + i, length - i, &unused);
        if (step == 0)
            break;
        i += step;
    }
    return i;
}

size_t cam_utf8_put(char *to, uint32_t code_point) {
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
