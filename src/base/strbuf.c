/* strbuf.c: see strbuf.h. Invariant: text == NULL, or text[length] == '\0' and length < capacity. */
#include "strbuf.h"
#include "utf8.h"
#include "visible.h"
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(cam_strbuf *buf, size_t more) {
    if (buf->text && more < buf->capacity - buf->length)
        return;
    size_t capacity = (buf->length + more + 1) * 3 / 2 + 32;
    char *text = realloc(buf->text, capacity);
    if (!text)
        CAM_BUG("no memory for a text of %zu bytes", capacity);
    buf->text = text;
    buf->capacity = capacity;
    buf->text[buf->length] = '\0';
}

void cam_strbuf_release(cam_strbuf *buf) {
    free(buf->text);
    *buf = (cam_strbuf)CAM_STRBUF_INIT;
}

void cam_strbuf_clear(cam_strbuf *buf) {
    buf->length = 0;
    if (buf->text)
        buf->text[0] = '\0';
}

const char *cam_strbuf_text(const cam_strbuf *buf) {
    return buf->text ? buf->text : "";
}

void cam_strbuf_append(cam_strbuf *buf, const char *bytes, size_t length) {
    reserve(buf, length);
    if (length)
        memcpy(buf->text + buf->length, bytes, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void cam_strbuf_resize(cam_strbuf *buf, size_t length) {
    size_t more = length > buf->length ? length - buf->length : 0;
    reserve(buf, more);
    memset(buf->text + buf->length, 0, more);
    buf->length = length;
    buf->text[length] = '\0';
}

void cam_strbuf_puts(cam_strbuf *buf, const char *text) {
    cam_strbuf_append(buf, text, strlen(text));
}

void cam_strbuf_putc(cam_strbuf *buf, char c) {
    cam_strbuf_append(buf, &c, 1);
}

void cam_strbuf_put_all(cam_strbuf *buf, const char *first, ...) {
    va_list texts;
    va_start(texts, first);
    for (const char *text = first; text; text = va_arg(texts, const char *))
        cam_strbuf_puts(buf, text);
    va_end(texts);
}

void cam_strbuf_put_visible(cam_strbuf *buf, const char *text, size_t length) {
    size_t shown = cam_visible_copy(NULL, 0, text, length, "");
    reserve(buf, shown);
    buf->length += cam_visible_copy(buf->text + buf->length, shown + 1, text, length, "");
}

void cam_strbuf_printf(cam_strbuf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t length = cam_visible_vprint(NULL, 0, format, args);
    reserve(buf, length);
    buf->length += cam_visible_vprint(buf->text + buf->length, length + 1, format, args);
    va_end(args);
}

void cam_strbuf_put_double(cam_strbuf *buf, double value) {
    if (isnan(value)) {
        cam_strbuf_puts(buf, "NaN");
        return;
    }
    if (isinf(value)) {
        cam_strbuf_puts(buf, value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    cam_strbuf_puts(buf, text);
}

void cam_strbuf_put_json(cam_strbuf *buf, const char *text, size_t length) {
    cam_strbuf_putc(buf, '"');
    for (size_t i = 0, bytes; i < length; i += bytes) {
        uint32_t c;
        bytes = cam_utf8_next(text + i, text + length, &c);
        if (c == '"' || c == '\\')
            cam_strbuf_printf(buf, "\\%c", (char)c);
        else if (c == '\n')
            cam_strbuf_puts(buf, "\\n");
        else if (c == '\t')
            cam_strbuf_puts(buf, "\\t");
        else if (cam_is_hidden(c))
            cam_strbuf_printf(buf, "\\u%04x", (unsigned)c);
        else
            cam_strbuf_append(buf, text + i, bytes);
    }
    cam_strbuf_putc(buf, '"');
}

char *cam_strbuf_detach(cam_strbuf *buf) {
    reserve(buf, 0);
    char *text = buf->text;
    *buf = (cam_strbuf)CAM_STRBUF_INIT;
    return text;
}

int cam_text_compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}
