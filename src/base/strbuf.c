/* strbuf.c: see strbuf.h. Invariant: text == NULL, or text == nothing and length == capacity == 0 (the buffer failed), or
 * text[length] == '\0' and length < capacity. */
#include "strbuf.h"
#include "utf8.h"
#include "visible.h"
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char nothing[1]; /* the text of every buffer that failed */

int cam_strbuf_failed(const cam_strbuf *buf) {
    return buf->text == nothing;
}

/* Makes room for `more` bytes and a NUL. 0 without memory: the buffer has then failed. */
static int reserve(cam_strbuf *buf, size_t more) {
    if (buf->text && more < buf->capacity - buf->length)
        return 1;
    if (cam_strbuf_failed(buf))
        return 0;
    size_t capacity = (buf->length + more + 1) / 2 * 3 + 33;
    char *text = more < SIZE_MAX / 4 ? realloc(buf->text, capacity) : NULL;
    if (!text) {
        free(buf->text);
        *buf = (cam_strbuf){nothing, 0, 0};
        cam_memory_note();
        return 0;
    }
    buf->text = text;
    buf->capacity = capacity;
    buf->text[buf->length] = '\0';
    return 1;
}

void cam_strbuf_release(cam_strbuf *buf) {
    if (!cam_strbuf_failed(buf))
        free(buf->text);
    *buf = (cam_strbuf)CAM_STRBUF_INIT;
}

void cam_strbuf_clear(cam_strbuf *buf) {
    buf->length = 0;
    if (buf->text && !cam_strbuf_failed(buf))
        buf->text[0] = '\0';
}

const char *cam_strbuf_text(const cam_strbuf *buf) {
    return buf->text ? buf->text : "";
}

void cam_strbuf_append(cam_strbuf *buf, const char *bytes, size_t length) {
    if (!reserve(buf, length))
        return;
    if (length)
        memcpy(buf->text + buf->length, bytes, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void cam_strbuf_resize(cam_strbuf *buf, size_t length) {
    size_t more = length > buf->length ? length - buf->length : 0;
    if (!reserve(buf, more))
        return;
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
    if (reserve(buf, shown))
        buf->length += cam_visible_copy(buf->text + buf->length, shown + 1, text, length, "");
}

void cam_strbuf_printf(cam_strbuf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t length = cam_visible_vprint(NULL, 0, format, args);
    if (reserve(buf, length))
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
    char *text = reserve(buf, 0) ? buf->text : NULL;
    *buf = (cam_strbuf)CAM_STRBUF_INIT;
    return text;
}

int cam_text_compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}
