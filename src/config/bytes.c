/* bytes.c: see bytes_internal.h. */
#include "bytes_internal.h"
#include "utf8.h"
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

long cam_bytes_line(const char *text, size_t offset) {
    long line = 1;
    for (size_t i = 0; i < offset; i++)
        line += text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');
    return line;
}

/* The code unit at `at` of a text in UTF-16. */
static uint32_t unit_at(const char *text, size_t at, int big_endian) {
    unsigned char first = (unsigned char)text[at], second = (unsigned char)text[at + 1];
    return big_endian ? (uint32_t)(first << 8 | second) : (uint32_t)(second << 8 | first);
}

bool cam_bytes_decode_utf16(cam_strbuf *text) {
    const char *bytes = cam_strbuf_text(text);
    int big_endian = text->length >= 2 && memcmp(bytes, "\xFE\xFF", 2) == 0;
    bool valid = text->length % 2 == 0 && (big_endian || (text->length >= 2 && memcmp(bytes, "\xFF\xFE", 2) == 0));
    cam_strbuf decoded = CAM_STRBUF_INIT;
    for (size_t at = 2; valid && at < text->length; at += 2) {
        uint32_t c = unit_at(bytes, at, big_endian);
        if (c >= 0xD800 && c < 0xE000) {
            at += 2;
            uint32_t low = c < 0xDC00 && at < text->length ? unit_at(bytes, at, big_endian) : 0;
            valid = low >= 0xDC00 && low < 0xE000;
            c = valid ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : CAM_UTF8_REPLACEMENT;
        }
        char utf8[CAM_UTF8_BYTES];
        cam_strbuf_append(&decoded, utf8, cam_utf8_put(utf8, c));
    }
    if (valid) {
        cam_strbuf_clear(text);
        cam_strbuf_append(text, cam_strbuf_text(&decoded), decoded.length);
    }
    cam_strbuf_release(&decoded);
    return valid;
}

/* White_Space, and the byte-order mark, which text copied from a spreadsheet may hold. */
static int is_space(uint32_t c) {
    return cam_is_white_space(c) || c == 0xFEFF;
}

void cam_bytes_trim(const char **begin, size_t *length) {
    uint32_t c;
    while (*length > 0) {
        size_t first = cam_utf8_decode(*begin, *length, &c);
        if (first == 0 || !is_space(c))
            break;
        *begin += first;
        *length -= first;
    }
    while (*length > 0) {
        size_t last = cam_utf8_cut(*begin, *length, *length - 1);
        if (cam_utf8_decode(*begin + last, *length - last, &c) == 0 || !is_space(c))
            break;
        *length = last;
    }
}

/* Characters that YAML forbids, drops, or reads as line ends, and those that a terminal does not show: a text that is
 * copied from there keeps them when they are escaped. */
static int needs_escape(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0xA0 && is_space(c)) || cam_is_invisible(c) || c == 0xFFFE ||
           c == 0xFFFF;
}

static void put_quoted(const char *text, size_t limit, cam_strbuf *out) {
    size_t length = strlen(text);
    cam_strbuf_putc(out, '"');
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t step = cam_utf8_next(text + i, text + length, &c);
        if (i + step > limit) {
            cam_strbuf_puts(out, "...");
            break;
        }
        if (c == '"' || c == '\\')
            cam_strbuf_printf(out, "\\%c", (char)c);
        else if (c == '\n' || c == '\t')
            cam_strbuf_puts(out, c == '\n' ? "\\n" : "\\t");
        else if (needs_escape(c) || c == CAM_UTF8_REPLACEMENT)
            cam_strbuf_printf(out, "\\u%04x", (unsigned)c);
        else
            cam_strbuf_append(out, text + i, step);
        i += step;
    }
    cam_strbuf_putc(out, '"');
}

void cam_bytes_quote(const char *text, cam_strbuf *out) {
    enum { SHOWN_BYTES = 60 };
    put_quoted(text, SHOWN_BYTES, out);
}

/* True where every YAML reader takes the unquoted text for a string: it does not begin like a number, has no special
 * character, and is no word for a boolean or null. */
static int is_plain(const char *text) {
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"};
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.- ";
    size_t length = strlen(text);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return 0;
    if (length == 0 || strchr("0123456789.- ", text[0]) || text[length - 1] == ' ')
        return 0;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t step = cam_utf8_decode(text + i, length - i, &c);
        if (step == 0 || (c < 0x80 ? !strchr(allowed, (int)c) : needs_escape(c) || is_space(c)))
            return 0;
        i += step;
    }
    return 1;
}

void cam_bytes_put_yaml(const char *text, cam_strbuf *out) {
    if (is_plain(text))
        cam_strbuf_puts(out, text);
    else
        put_quoted(text, SIZE_MAX, out);
}

void cam_bytes_put_comment(const char *text, cam_strbuf *out) {
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t step = cam_utf8_decode(text + i, length - i, &c);
        if (step == 0 || needs_escape(c))
            cam_strbuf_putc(out, '?');
        else
            cam_strbuf_append(out, text + i, step);
        i += step ? step : 1;
    }
}

/* "0.0005" as "5e-4", where that is shorter; otherwise the text as it is. */
static void put_small(const char *text, cam_strbuf *out) {
    cam_strbuf exponent = CAM_STRBUF_INIT;
    int is_negative = text[0] == '-';
    const char *zeros = text + is_negative + 2;
    size_t count = strncmp(text + is_negative, "0.", 2) == 0 ? strspn(zeros, "0") : 0;
    const char *digits = zeros + count;
    if (count > 0 && digits[0])
        cam_strbuf_printf(&exponent, "%s%c%s%se-%zu", is_negative ? "-" : "", digits[0], digits[1] ? "." : "",
                          digits + 1, count + 1);
    cam_strbuf_puts(out, exponent.length > 0 && exponent.length < strlen(text) ? exponent.text : text);
    cam_strbuf_release(&exponent);
}

void cam_bytes_put_number(double value, cam_strbuf *out) {
    if (fabs(value) < 1e15 && value == floor(value)) {
        cam_strbuf_printf(out, "%.0f", value);
        return;
    }
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_put_double(&text, value);
    const char *e = strchr(cam_strbuf_text(&text), 'e');
    if (e && e[2] == '0') { /* printf writes at least two digits of an exponent: 2e-05 */
        cam_strbuf_append(out, text.text, (size_t)(e + 2 - text.text));
        cam_strbuf_puts(out, e + 3);
    } else {
        put_small(text.text, out);
    }
    cam_strbuf_release(&text);
}
