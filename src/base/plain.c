/* plain.c: see plain.h. */
#include "plain.h"
#include "utf8.h"
#include "visible.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cam_plain_put_count(cam_strbuf *buf, int64_t count) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, count);
    int first = count < 0; /* the sign is no digit */
    for (int i = 0; i < length; i++) {
        if (i > first && (length - i) % 3 == 0)
            cam_strbuf_putc(buf, ',');
        cam_strbuf_putc(buf, digits[i]);
    }
}

void cam_plain_put_count_aligned(cam_strbuf *buf, int64_t count, int width) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_plain_put_count(&text, count);
    cam_strbuf_printf(buf, "%*s", width, text.text);
    cam_strbuf_release(&text);
}

void cam_plain_put_counted(cam_strbuf *buf, int64_t count, const char *one, const char *many) {
    cam_plain_put_count(buf, count);
    cam_strbuf_put_all(buf, " ", count == 1 ? one : many, NULL);
}

void cam_plain_put_duration(cam_strbuf *buf, double seconds) {
    long whole = lround(seconds);
    if (seconds < 59.95)
        cam_strbuf_printf(buf, "%.1f s", seconds);
    else if (whole < 3600)
        cam_strbuf_printf(buf, "%ld min %ld s", whole / 60, whole % 60);
    else
        cam_strbuf_printf(buf, "%ld h %ld min", whole / 3600, whole % 3600 / 60);
}

void cam_plain_put_rate(cam_strbuf *buf, double rate, int digits) {
    char text[32];
    snprintf(text, sizeof text, "%.*e", digits - 1, rate);
    char *exponent = strchr(text, 'e');
    if (!exponent) { /* not finite */
        cam_strbuf_puts(buf, text);
        return;
    }
    size_t length = (size_t)(exponent - text);
    if (memchr(text, '.', length)) {
        while (text[length - 1] == '0')
            length--;
        length -= text[length - 1] == '.';
    }
    cam_strbuf_append(buf, text, length);
    int power = atoi(exponent + 1);
    if (power != 0)
        cam_strbuf_printf(buf, "e%d", power);
}

void cam_plain_put_bytes(cam_strbuf *buf, double bytes) {
    if (bytes < 1e3)
        cam_strbuf_printf(buf, "%.0f byte%s", bytes, bytes == 1 ? "" : "s");
    else if (bytes < 0.95e6)
        cam_strbuf_printf(buf, "%.0f kB", bytes / 1e3);
    else if (bytes < 9.95e6)
        cam_strbuf_printf(buf, "%.1f MB", bytes / 1e6);
    else if (bytes < 999.5e6)
        cam_strbuf_printf(buf, "%.0f MB", bytes / 1e6);
    else
        cam_strbuf_printf(buf, "%.1f GB", bytes / 1e9);
}

/* Returns the character at *at and moves *at past it. */
static uint32_t next_character(const char **at) {
    uint32_t c;
    *at += cam_utf8_next(*at, *at + strnlen(*at, CAM_UTF8_BYTES), &c);
    return c;
}

static int character_columns(uint32_t c) {
    static const uint32_t wide[][2] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
                                       {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
    if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f))
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (c >= wide[i][0] && c <= wide[i][1])
            return 2;
    return 1;
}

int cam_plain_columns(const char *text) {
    int columns = 0;
    while (*text)
        columns += character_columns(next_character(&text));
    return columns;
}

int cam_plain_put(cam_strbuf *buf, const char *text, int limit) {
    int fits = cam_plain_columns(text) <= limit;
    int columns = 0;
    while (*text) {
        const char *from = text;
        uint32_t c = next_character(&text);
        int wide = character_columns(c);
        if (!fits && columns + wide > limit - 1)
            break;
        if (cam_is_hidden(c) || (c == CAM_UTF8_REPLACEMENT && text - from == 1)) /* no UTF-8 */
            cam_strbuf_putc(buf, '?');
        else
            cam_strbuf_append(buf, from, (size_t)(text - from));
        columns += wide;
    }
    if (fits)
        return columns;
    cam_strbuf_puts(buf, "\u2026");
    return columns + 1;
}

/* The end of a text that covers at most `limit` columns. */
static const char *end_of(const char *text, int limit) {
    while (cam_plain_columns(text) > limit)
        next_character(&text);
    return text;
}

void cam_plain_put_padded(cam_strbuf *buf, const char *text, int width) {
    int columns, tail = (width - 1) / 3;
    if (tail > 0 && cam_plain_columns(text) > width) {
        columns = cam_plain_put(buf, text, width - tail);
        columns += cam_plain_put(buf, end_of(text, tail), tail);
    } else {
        columns = cam_plain_put(buf, text, width);
    }
    cam_strbuf_printf(buf, "%*s", width - columns, "");
}
