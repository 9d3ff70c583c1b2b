/* json_out.c: see json_out.h. Invariant: level[0 .. depth-1] are the open objects and arrays, outermost first. */
#include "json_out.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static void put_text(cam_strbuf *buf, const char *text) {
    cam_strbuf valid = CAM_STRBUF_INIT;
    for (const char *at = text, *end = text + strlen(text); at < end;) {
        uint32_t unused;
        size_t count = cam_utf8_decode(at, (size_t)(end - at), &unused);
        if (count == 0)
            cam_strbuf_puts(&valid, "\xef\xbf\xbd");
        else
            cam_strbuf_append(&valid, at, count);
        at += count ? count : 1;
    }
    cam_strbuf_put_json(buf, cam_strbuf_text(&valid), valid.length);
    cam_strbuf_release(&valid);
}

/* Writes the comma and the key before a member. */
static void put_key(cam_json *json, const char *key) {
    CAM_ASSERT(json->depth > 0);
    if (json->level[json->depth - 1].used++)
        cam_strbuf_putc(json->buf, ',');
    CAM_ASSERT((key != NULL) == (json->level[json->depth - 1].closer == '}'));
    if (key) {
        cam_strbuf_put_json(json->buf, key, strlen(key));
        cam_strbuf_putc(json->buf, ':');
    }
}

static void open_level(cam_json *json, char opener, char closer) {
    CAM_ASSERT(json->depth < CAM_JSON_DEPTH);
    cam_strbuf_putc(json->buf, opener);
    json->level[json->depth].closer = closer;
    json->level[json->depth++].used = 0;
}

void cam_json_begin(cam_json *json, cam_strbuf *buf) {
    json->buf = buf;
    json->depth = 0;
    open_level(json, '{', '}');
}

void cam_json_end(cam_json *json) {
    CAM_ASSERT(json->depth == 1);
    cam_strbuf_putc(json->buf, json->level[--json->depth].closer);
}

void cam_json_object(cam_json *json, const char *key) {
    put_key(json, key);
    open_level(json, '{', '}');
}

void cam_json_array(cam_json *json, const char *key) {
    put_key(json, key);
    open_level(json, '[', ']');
}

void cam_json_close(cam_json *json) {
    CAM_ASSERT(json->depth > 1);
    cam_strbuf_putc(json->buf, json->level[--json->depth].closer);
}

void cam_json_number(cam_json *json, const char *key, double value) {
    put_key(json, key);
    if (isfinite(value))
        cam_strbuf_put_double(json->buf, value);
    else
        cam_strbuf_puts(json->buf, "null");
}

void cam_json_integer(cam_json *json, const char *key, int64_t value) {
    put_key(json, key);
    cam_strbuf_printf(json->buf, "%" PRId64, value);
}

void cam_json_boolean(cam_json *json, const char *key, int value) {
    put_key(json, key);
    cam_strbuf_puts(json->buf, value ? "true" : "false");
}

void cam_json_null(cam_json *json, const char *key) {
    put_key(json, key);
    cam_strbuf_puts(json->buf, "null");
}

void cam_json_text(cam_json *json, const char *key, const char *text) {
    if (!text) {
        cam_json_null(json, key);
        return;
    }
    put_key(json, key);
    put_text(json->buf, text);
}

void cam_json_lines(cam_json *json, const char *key, const char *lines) {
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_json_array(json, key);
    for (size_t length; *lines; lines += length + (lines[length] != '\0')) {
        length = strcspn(lines, "\n");
        cam_strbuf_clear(&line);
        cam_strbuf_append(&line, lines, length);
        if (length > 0)
            cam_json_text(json, NULL, cam_strbuf_text(&line));
    }
    cam_json_close(json);
    cam_strbuf_release(&line);
}
