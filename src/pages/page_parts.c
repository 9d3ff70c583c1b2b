/* page_parts.c: see page_internal.h. */
#include "page_internal.h"
#include "utf8.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { LONG_BYTES = 600, SAY_VALUES = 8 };

void cam_page_close(cam_page *page) {
    cam_html_close(&page->html);
    cam_strbuf_putc(page->html.out, '\n');
}

void cam_page_say(cam_page *page, const char *class, cam_phrase word, ...) {
    const char *values[SAY_VALUES + 1] = {NULL};
    cam_strbuf text = CAM_STRBUF_INIT;
    va_list args;
    va_start(args, word);
    for (int i = 0; i < SAY_VALUES && (values[i] = va_arg(args, const char *));)
        i++;
    va_end(args);
    cam_word_put(&text, page->language, word, values);
    cam_html_element(&page->html, "p", class, cam_strbuf_text(&text));
    cam_strbuf_putc(page->html.out, '\n');
    cam_strbuf_release(&text);
}

static void open_class(cam_page *page, const char *name, const char *class) {
    cam_html_open(&page->html, name);
    cam_html_attribute(&page->html, "class", class);
}

void cam_page_message(cam_page *page, const char *message, int is_warning) {
    if (!message[0])
        return;
    open_class(page, "p", is_warning ? "say warn" : "say");
    if (is_warning) {
        cam_html_element(&page->html, "strong", NULL, cam_page_word(page, CAM_WORD_WARNING));
        cam_html_text(&page->html, " ");
    }
    cam_html_open(&page->html, "bdi");
    cam_html_attribute(&page->html, "lang", "en");
    cam_html_text(&page->html, message);
    cam_html_close(&page->html);
    cam_page_close(page);
}

void cam_page_charts_open(cam_page *page) {
    open_class(page, "div", "charts");
}

void cam_page_tiles_open(cam_page *page) {
    open_class(page, "dl", "tiles");
}

void cam_page_tile(cam_page *page, cam_phrase name, const char *value, const char *detail) {
    cam_html_open(&page->html, "div");
    cam_html_element(&page->html, "dt", NULL, cam_page_word(page, name));
    cam_html_element(&page->html, "dd", NULL, value);
    if (detail && detail[0])
        cam_html_element(&page->html, "dd", "small", detail);
    cam_page_close(page);
}

/* --- tables -------------------------------------------------------------------------------------------------------- */

void cam_page_table_open(cam_page *page, cam_phrase caption, const cam_phrase *heads, int texts) {
    cam_html *html = &page->html;
    open_class(page, "div", "scroll");
    cam_html_attribute(html, "role", "region");
    cam_html_attribute(html, "tabindex", "0");
    cam_html_attribute(html, "aria-label", cam_page_word(page, caption));
    cam_html_open(html, "table");
    cam_html_element(html, "caption", NULL, cam_page_word(page, caption));
    cam_html_open(html, "thead");
    cam_html_open(html, "tr");
    for (int i = 0; heads[i] != CAM_WORD_COUNT; i++) {
        cam_html_open(html, "th");
        cam_html_attribute(html, "scope", "col");
        if (i >= texts || heads[i] == CAM_WORD_F1_BAR)
            cam_html_attribute(html, "class", i >= texts ? "n" : "aside");
        cam_html_text(html, cam_page_word(page, heads[i]));
        cam_html_close(html);
    }
    cam_html_close(html);
    cam_html_close(html);
    cam_html_open(html, "tbody");
    cam_strbuf_putc(html->out, '\n');
}

void cam_page_table_close(cam_page *page) {
    cam_html_close(&page->html);
    cam_html_close(&page->html);
    cam_page_close(page);
}

void cam_page_row_open(cam_page *page, int is_chosen) {
    cam_html_open(&page->html, "tr");
    if (is_chosen)
        cam_html_attribute(&page->html, "class", "chosen");
}

void cam_page_cell(cam_page *page, const char *text) {
    cam_html_open(&page->html, "td");
    cam_html_isolated(&page->html, text);
    cam_html_close(&page->html);
}

void cam_page_cell_long(cam_page *page, const char *text) {
    cam_strbuf cut = CAM_STRBUF_INIT;
    size_t length = strlen(text), end = cam_utf8_cut(text, length, LONG_BYTES);
    cam_strbuf_append(&cut, text, end);
    if (end < length)
        cam_strbuf_puts(&cut, "\xe2\x80\xa6");
    open_class(page, "td", "text");
    cam_html_isolated(&page->html, cam_strbuf_text(&cut));
    cam_html_close(&page->html);
    cam_strbuf_release(&cut);
}

void cam_page_cell_head(cam_page *page, const char *text) {
    cam_html_open(&page->html, "th");
    cam_html_attribute(&page->html, "scope", "row");
    cam_html_isolated(&page->html, text);
    cam_html_close(&page->html);
}

void cam_page_cell_figure(cam_page *page, const char *text) {
    cam_html_element(&page->html, "td", "n", text);
}

void cam_page_cell_count(cam_page *page, int64_t count) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_figure_count(&text, page->language, count);
    cam_page_cell_figure(page, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

void cam_page_cell_number(cam_page *page, double value, int digits) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_figure_number(&text, page->language, value, digits);
    cam_page_cell_figure(page, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

void cam_page_put_interval(cam_strbuf *out, cam_language language, double low, double high, int digits) {
    cam_strbuf begin = CAM_STRBUF_INIT, end = CAM_STRBUF_INIT;
    if (isfinite(low) && isfinite(high)) {
        cam_figure_number(&begin, language, low, digits);
        cam_figure_number(&end, language, high, digits);
        const char *values[] = {cam_strbuf_text(&begin), cam_strbuf_text(&end), NULL};
        cam_word_put(out, language, CAM_WORD_INTERVAL, values);
    }
    cam_strbuf_release(&begin);
    cam_strbuf_release(&end);
}

void cam_page_cell_interval(cam_page *page, double low, double high, int digits) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_page_put_interval(&text, page->language, low, high, digits);
    cam_page_cell_figure(page, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

/* --- facts --------------------------------------------------------------------------------------------------------- */

void cam_page_facts_open(cam_page *page) {
    open_class(page, "dl", "facts");
}

void cam_page_fact(cam_page *page, cam_phrase name, const char *value) {
    if (!value[0])
        return;
    cam_html_element(&page->html, "dt", NULL, cam_page_word(page, name));
    cam_html_open(&page->html, "dd");
    cam_html_isolated(&page->html, value);
    cam_page_close(page);
}

void cam_page_fact_count(cam_page *page, cam_phrase name, const json_t *object, const char *key) {
    cam_strbuf text = CAM_STRBUF_INIT;
    double value = cam_member_number(object, key);
    if (isfinite(value)) {
        cam_figure_count(&text, page->language, llrint(value));
        cam_page_fact(page, name, cam_strbuf_text(&text));
    }
    cam_strbuf_release(&text);
}

void cam_page_warnings(cam_page *page, const json_t *list) {
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item) {
        if (json_is_string(item))
            cam_page_message(page, json_string_value(item), 1);
    }
}

const json_t *cam_page_classes(const json_t *scores) {
    const json_t *classes = cam_member_list(scores, "classes");
    return classes ? classes : cam_member_list(scores, "labels");
}

const json_t *cam_page_scores(const cam_page_files *files) {
    const json_t *validation = cam_member_object(files->metrics, "validation");
    const json_t *test = cam_member_object(files->metrics, "test");
    if (cam_member_list(files->measure, "confusion"))
        return files->measure;
    /* the larger part is the better measured one */
    return test && (!validation || cam_member_integer(test, "rows") > cam_member_integer(validation, "rows"))
               ? test
               : validation;
}
