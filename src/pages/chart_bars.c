/* chart_bars.c: horizontal bars, differences, the bar of a table's cell, and the heat map; see chart_internal.h. */
#include "axis_internal.h"
#include "chart_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROW = 38, BAR = 12, BAR_LEFT = 2, VALUE = 62, BAR_RIGHT = CAM_CHART_WIDTH - VALUE, INSET = 16, NAME_BYTES = 48 };

/* Appends a name for one line of a picture; a longer one is cut. */
static void put_name(cam_strbuf *out, const char *name) {
    size_t length = strlen(name), end = NAME_BYTES;
    if (length > NAME_BYTES)
        while (end > 0 && ((unsigned char)name[end] & 0xC0) == 0x80)
            end--;
    cam_strbuf_append(out, name, length > NAME_BYTES ? end : length);
    if (length > NAME_BYTES)
        cam_strbuf_puts(out, "\xe2\x80\xa6");
}

static int has_interval(const cam_bar *bar) {
    return isfinite(bar->low) && isfinite(bar->high);
}

static void put_whisker(cam_html *html, double low, double high, double y) {
    cam_svg_line(html, "halo", low - 1.5, y, high + 1.5, y); /* it also lies on the bar */
    cam_svg_line(html, "whisker", low, y, high, y);
    cam_svg_line(html, "whisker", low, y - 4, low, y + 4);
    cam_svg_line(html, "whisker", high, y - 4, high, y + 4);
}

/* Appends the value of a bar. */
static void put_value(cam_strbuf *out, cam_language language, cam_axis axis, double value) {
    if (axis == CAM_AXIS_NUMBER)
        cam_figure_number(out, language, value, 4);
    else
        cam_axis_put(out, language, axis, value, 0);
}

/* Appends "name: 0.93 (0.91 to 0.95). ", the description of a bar. */
static void describe_bar(cam_page *page, const cam_bar *bar, cam_axis axis, cam_strbuf *out) {
    cam_strbuf value = CAM_STRBUF_INIT, low = CAM_STRBUF_INIT, high = CAM_STRBUF_INIT;
    put_value(&value, page->language, axis, bar->value);
    cam_strbuf_put_all(out, bar->name, ": ", cam_strbuf_text(&value), NULL);
    if (has_interval(bar)) {
        put_value(&low, page->language, axis, bar->low);
        put_value(&high, page->language, axis, bar->high);
        const char *ends[] = {cam_strbuf_text(&low), cam_strbuf_text(&high), NULL};
        cam_word_put(out, page->language, CAM_WORD_INTERVAL_SAID, ends);
    }
    cam_strbuf_puts(out, ". ");
    cam_strbuf_release(&value);
    cam_strbuf_release(&low);
    cam_strbuf_release(&high);
}

static void describe_bars(cam_page *page, const cam_bar *bars, size_t count, cam_axis axis, cam_strbuf *out) {
    for (size_t i = 0; i < count; i++)
        describe_bar(page, &bars[i], axis, out);
}

static void put_row(cam_page *page, const cam_bar *bar, double y, cam_axis axis) {
    cam_strbuf text = CAM_STRBUF_INIT;
    put_name(&text, bar->name);
    if (bar->kind == 2)
        cam_strbuf_put_all(&text, " (", cam_word_text(page->language, CAM_WORD_RECOMMENDED), ")", NULL);
    cam_svg_text(&page->html, "bar-name", BAR_LEFT, y + 13, cam_strbuf_text(&text));
    cam_strbuf_clear(&text);
    put_value(&text, page->language, axis, bar->value);
    cam_svg_text(&page->html, "bar-value end", CAM_CHART_WIDTH - 2, y + 28, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

void cam_chart_bars(cam_page *page, const char *title, const char *note, const cam_bar *bars, size_t count, double most,
                    cam_axis axis) {
    static const char *const classes[] = {"bar", "bar other", "bar chosen"};
    cam_strbuf said = CAM_STRBUF_INIT;
    for (size_t i = 0; most <= 0 && i < count; i++)
        most = fmax(most, has_interval(&bars[i]) ? bars[i].high : bars[i].value);
    double unit = most > 0 ? (BAR_RIGHT - BAR_LEFT) / most : 0;
    describe_bars(page, bars, count, axis, &said);
    cam_figure_open(page, title, cam_strbuf_text(&said), (double)count * ROW + 4);
    for (size_t i = 0; i < count; i++) {
        double y = (double)i * ROW, value = isfinite(bars[i].value) ? bars[i].value : 0;
        cam_svg_rectangle(&page->html, "track", BAR_LEFT, y + 18, BAR_RIGHT - BAR_LEFT, BAR);
        cam_svg_rectangle(&page->html, classes[bars[i].kind], BAR_LEFT, y + 18, fmin(value, most) * unit, BAR);
        if (has_interval(&bars[i]))
            put_whisker(&page->html, BAR_LEFT + bars[i].low * unit, BAR_LEFT + fmin(bars[i].high, most) * unit,
                        y + 18 + BAR / 2.0);
        put_row(page, &bars[i], y, axis);
    }
    cam_html_close(&page->html);
    cam_figure_close(page, note);
    cam_strbuf_release(&said);
}

void cam_chart_differences(cam_page *page, const char *title, const char *note, const cam_bar *bars, size_t count) {
    cam_strbuf said = CAM_STRBUF_INIT;
    double least = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, has_interval(&bars[i]) ? bars[i].low : bars[i].value);
        most = fmax(most, has_interval(&bars[i]) ? bars[i].high : bars[i].value);
    }
    cam_scale scale = cam_scale_of(least, most, 4);
    double width = BAR_RIGHT - BAR_LEFT - 2 * INSET, height = (double)count * ROW + 24;
    describe_bars(page, bars, count, CAM_AXIS_NUMBER, &said);
    cam_figure_open(page, title, cam_strbuf_text(&said), height);
    for (int i = 0; i < cam_scale_ticks(&scale); i++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        double tick = cam_scale_tick(&scale, i), x = BAR_LEFT + INSET + cam_scale_share(&scale, tick) * width;
        cam_svg_line(&page->html, fabs(tick) < 1e-9 * scale.step ? "zero" : "grid", x, 2, x, height - 20);
        cam_axis_put(&text, page->language, CAM_AXIS_NUMBER, tick, scale.step);
        cam_svg_text(&page->html, "tick middle", x, height - 5, cam_strbuf_text(&text));
        cam_strbuf_release(&text);
    }
    for (size_t i = 0; i < count; i++) {
        double y = (double)i * ROW;
        if (has_interval(&bars[i]))
            put_whisker(&page->html, BAR_LEFT + INSET + cam_scale_share(&scale, bars[i].low) * width,
                        BAR_LEFT + INSET + cam_scale_share(&scale, bars[i].high) * width, y + 24);
        if (isfinite(bars[i].value))
            cam_svg_mark(&page->html, bars[i].kind == 2 ? 3 : 0,
                         BAR_LEFT + INSET + cam_scale_share(&scale, bars[i].value) * width, y + 24);
        put_row(page, &bars[i], y, CAM_AXIS_NUMBER);
    }
    cam_html_close(&page->html);
    cam_figure_close(page, note);
    cam_strbuf_release(&said);
}

void cam_chart_cell_bar(cam_page *page, double value, double low, double high) {
    cam_svg_open_decoration(&page->html, "cell-bar", 100, 12);
    cam_svg_rectangle(&page->html, "track", 0, 2, 100, 8);
    cam_svg_rectangle(&page->html, "bar", 0, 2, isfinite(value) ? 100 * fmin(fmax(value, 0), 1) : 0, 8);
    if (isfinite(low) && isfinite(high))
        put_whisker(&page->html, 100 * low, 100 * high, 6);
    cam_html_close(&page->html);
}

/* --- the heat map -------------------------------------------------------------------------------------------------- */

/* The shade of a cell, 1 to 5, by its share of the row; 0 for no rows. */
static int shade_of(int64_t count, int64_t row) {
    if (count <= 0 || row <= 0)
        return 0;
    int shade = 1 + (int)(5 * (double)count / (double)row);
    return shade > 5 ? 5 : shade;
}

static void put_header(cam_page *page, const char *name, const char *scope) {
    cam_html_open(&page->html, "th");
    cam_html_attribute(&page->html, "scope", scope);
    cam_html_isolated(&page->html, name);
    cam_html_close(&page->html);
}

static void put_cell(cam_page *page, int64_t count, int64_t row, int right) {
    cam_strbuf text = CAM_STRBUF_INIT;
    int shade = shade_of(count, row);
    cam_html_open(&page->html, "td");
    if (shade > 0 || right) {
        cam_strbuf_printf(&text, "%c%d", right ? 'r' : 'w', shade);
        cam_html_attribute(&page->html, "class", cam_strbuf_text(&text));
        cam_strbuf_clear(&text);
        cam_figure_count(&text, page->language, count);
        cam_html_text(&page->html, cam_strbuf_text(&text));
    }
    cam_html_close(&page->html);
    cam_strbuf_release(&text);
}

void cam_chart_matrix(cam_page *page, const char *title, const char *note, const char *const *names,
                      const int64_t *counts, size_t labels) {
    cam_html *html = &page->html;
    cam_html_open(html, "figure");
    cam_html_attribute(html, "class", "wide");
    cam_html_open(html, "div");
    cam_html_attribute(html, "class", "scroll");
    cam_html_attribute(html, "role", "region");
    cam_html_attribute(html, "tabindex", "0");
    cam_html_attribute(html, "aria-label", title);
    cam_html_open(html, "table");
    cam_html_attribute(html, "class", "matrix");
    cam_html_element(html, "caption", NULL, title);
    cam_html_open(html, "thead");
    cam_html_open(html, "tr");
    cam_html_element(html, "td", "corner", cam_word_text(page->language, CAM_WORD_MATRIX_CORNER));
    for (size_t j = 0; j < labels; j++)
        put_header(page, names[j], "col");
    cam_html_close(html);
    cam_html_close(html);
    cam_html_open(html, "tbody");
    for (size_t i = 0; i < labels; i++) {
        int64_t row = 0;
        for (size_t j = 0; j < labels; j++)
            row += counts[i * labels + j];
        cam_html_open(html, "tr");
        put_header(page, names[i], "row");
        for (size_t j = 0; j < labels; j++)
            put_cell(page, counts[i * labels + j], row, i == j);
        cam_html_close(html);
        cam_strbuf_putc(html->out, '\n');
    }
    cam_html_close(html);
    cam_html_close(html);
    cam_html_close(html);
    cam_figure_close(page, note);
}
