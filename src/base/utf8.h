/* utf8.h: reads and writes UTF-8 characters.
 *
 * A character is valid when it is complete, in its shortest form, no surrogate and at most U+10FFFF (Unicode 15, table
 * 3-7). No function reads outside the given bytes. */
#ifndef CAM_UTF8_H
#define CAM_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CAM_UTF8_BYTES = 4,           /* the longest character */
    CAM_UTF8_REPLACEMENT = 0xFFFD /* replaces a byte that is not part of a valid character */
};

/* The length of a character that begins with a byte of 0x80 or above; see cam_utf8_decode. */
size_t cam_utf8_decode_long(const char *text, size_t length, uint32_t *code_point);

/* The length of the character at text[0], the first of `length` (at least 1) bytes. 0 where no valid character begins
 * there; *code_point is then CAM_UTF8_REPLACEMENT. */
static inline size_t cam_utf8_decode(const char *text, size_t length, uint32_t *code_point) {
    if ((unsigned char)text[0] >= 0x80)
        return cam_utf8_decode_long(text, length, code_point);
    *code_point = (unsigned char)text[0];
    return 1;
}

/* The same for a loop over [at, end) that skips invalid bytes one by one: at least 1. */
static inline size_t cam_utf8_next(const char *at, const char *end, uint32_t *code_point) {
    size_t length = cam_utf8_decode(at, (size_t)(end - at), code_point);
    return length ? length : 1;
}

/* The number of leading bytes that are valid characters: the offset of the first bad byte, or `length`. */
size_t cam_utf8_valid_prefix(const char *bytes, size_t length);

/* The largest length, at most `limit`, at which a valid text can be cut between two characters. With limit = length - 1
 * it is the offset of the last character. */
static inline size_t cam_utf8_cut(const char *text, size_t length, size_t limit) {
    if (length <= limit)
        return length;
    while (limit > 0 && ((unsigned char)text[limit] & 0xC0) == 0x80)
        limit--;
    return limit;
}

/* For a text of size - 1 bytes, which snprintf has truncated: ends it at the end of a character, with "...". */
static inline void cam_utf8_truncate(char *text, size_t size) {
    memcpy(text + cam_utf8_cut(text, size - 1, size - 4), "...", 4);
}

/* Writes a code point (at most 0x10FFFF, no surrogate) and returns its length, 1 to CAM_UTF8_BYTES. */
size_t cam_utf8_put(char *to, uint32_t code_point);

/* The Unicode property White_Space: 25 code points (PropList.txt). */
static inline int cam_is_white_space(uint32_t c) {
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Characters without width: soft hyphen, joiners, marks of direction and byte order, variation selectors. */
static inline int cam_is_invisible(uint32_t c) {
    return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFE00 && c <= 0xFE0F);
}

#ifdef __cplusplus
}
#endif
#endif
