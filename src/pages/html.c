/* html.c: see html_internal.h. Invariant: open[0 .. depth-1] are the open elements, outermost first. */
#include "html_internal.h"
#include "utf8.h"
#include "visible.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Elements that never have content and no closing tag. */
static int is_void(const char *name) {
    return strcmp(name, "meta") == 0 || strcmp(name, "wbr") == 0;
}

static const char *entity_of(uint32_t c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static int is_plain(uint32_t c) {
    return (c == '\n' || c == '\t' || !cam_is_hidden(c)) && c != 0xFFFE && c != 0xFFFF && !entity_of(c);
}

static void put_escaped(cam_strbuf *out, const char *text, size_t length) {
    const char *end = text + length, *copied = text;
    for (const char *at = text; at < end;) {
        uint32_t c;
        size_t bytes = cam_utf8_decode(at, (size_t)(end - at), &c);
        if (bytes > 0 && is_plain(c)) {
            at += bytes;
            continue;
        }
        cam_strbuf_append(out, copied, (size_t)(at - copied));
        const char *entity = entity_of(c);
        if (entity)
            cam_strbuf_puts(out, entity);
        else if (bytes == 0 || c == 0xFFFE || c == 0xFFFF)
            cam_strbuf_puts(out, "\xef\xbf\xbd");
        else
            cam_strbuf_put_visible(out, at, bytes);
        at += bytes ? bytes : 1;
        copied = at;
    }
    cam_strbuf_append(out, copied, (size_t)(end - copied));
}

static void end_tag(cam_html *html) {
    if (html->in_tag)
        cam_strbuf_putc(html->out, '>');
    html->in_tag = 0;
}

void cam_html_begin(cam_html *html, cam_strbuf *out) {
    *html = (cam_html){.out = out};
    cam_strbuf_puts(out, "<!DOCTYPE html>\n");
}

void cam_html_end(cam_html *html) {
    CAM_ASSERT(html->depth == 0);
    cam_strbuf_putc(html->out, '\n');
}

void cam_html_open(cam_html *html, const char *name) {
    CAM_ASSERT(html->depth < CAM_HTML_DEPTH);
    end_tag(html);
    cam_strbuf_put_all(html->out, "<", name, NULL);
    html->open[html->depth++] = name;
    html->in_tag = 1;
}

void cam_html_attribute(cam_html *html, const char *name, const char *value) {
    CAM_ASSERT(html->in_tag);
    cam_strbuf_put_all(html->out, " ", name, "=\"", NULL);
    put_escaped(html->out, value, strlen(value));
    cam_strbuf_putc(html->out, '"');
}

void cam_html_put_coordinate(cam_strbuf *out, double value) {
    char text[40];
    snprintf(text, sizeof text, "%.2f", isfinite(value) && fabs(value) < 1e9 ? value : 0);
    size_t length = strlen(text);
    while (text[length - 1] == '0')
        length--;
    length -= text[length - 1] == '.';
    cam_strbuf_append(out, text, length);
}

void cam_html_coordinate(cam_html *html, const char *name, double value) {
    CAM_ASSERT(html->in_tag);
    cam_strbuf_put_all(html->out, " ", name, "=\"", NULL);
    cam_html_put_coordinate(html->out, value);
    cam_strbuf_putc(html->out, '"');
}

void cam_html_text(cam_html *html, const char *text) {
    CAM_ASSERT(html->depth > 0);
    end_tag(html);
    put_escaped(html->out, text, strlen(text));
}

void cam_html_close(cam_html *html) {
    CAM_ASSERT(html->depth > 0);
    const char *name = html->open[--html->depth];
    if (is_void(name)) {
        CAM_ASSERT(html->in_tag);
        cam_strbuf_puts(html->out, "/>");
    } else {
        end_tag(html);
        cam_strbuf_put_all(html->out, "</", name, ">", NULL);
    }
    html->in_tag = 0;
}

void cam_html_element(cam_html *html, const char *name, const char *class, const char *text) {
    cam_html_open(html, name);
    if (class)
        cam_html_attribute(html, "class", class);
    cam_html_text(html, text);
    cam_html_close(html);
}

void cam_html_isolated(cam_html *html, const char *text) {
    cam_html_open(html, "bdi");
    end_tag(html);
    for (size_t length; *text; text += length) {
        length = strcspn(text, "_/");
        length += text[length] != '\0';
        put_escaped(html->out, text, length);
        if (text[length]) {
            cam_html_open(html, "wbr");
            cam_html_close(html);
        }
    }
    cam_html_close(html);
}

void cam_html_style(cam_html *html, const char *css) {
    cam_html_open(html, "style");
    end_tag(html);
    cam_strbuf_puts(html->out, css);
    cam_html_close(html);
}
