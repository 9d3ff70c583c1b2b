/* axis.c: see axis_internal.h. */
#include "axis_internal.h"
#include <math.h>
#include <string.h>

/* --- scales -------------------------------------------------------------------------------------------------------- */

cam_scale cam_scale_of(double low, double high, int ticks) {
    if (!isfinite(low) || !isfinite(high) || low > high)
        return (cam_scale){0, 1, 0.5};
    if (high - low <= 1e-12 * fmax(fabs(low), fabs(high)) || high == low) { /* one value: room around it */
        double room = low == 0 ? 1 : 0.1 * fabs(low);
        low = low < 0 || low - room >= 0 ? low - room : 0;
        high += room;
    }
    double raw = (high - low) / ticks, power = pow(10, floor(log10(raw))), factor = raw / power;
    double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    return (cam_scale){step * floor(low / step + 1e-9), step * ceil(high / step - 1e-9), step};
}

double cam_scale_tick(const cam_scale *scale, int i) {
    return scale->step * (ceil(scale->low / scale->step - 1e-9) + i);
}

int cam_scale_ticks(const cam_scale *scale) {
    return 1 + (int)floor((scale->high - cam_scale_tick(scale, 0)) / scale->step + 1e-9);
}

double cam_scale_share(const cam_scale *scale, double value) {
    double share = (value - scale->low) / (scale->high - scale->low);
    return isfinite(share) ? fmin(fmax(share, 0), 1) : 0;
}

void cam_axis_put(cam_strbuf *out, cam_language language, cam_axis axis, double value, double step) {
    if (fabs(value) < 1e-9 * step)
        value = 0;
    int digits = 0; /* that tell one tick from the next */
    for (double unit = axis == CAM_AXIS_PERCENT ? 100 * step : step; step > 0 && unit < 0.999 && digits < 9; unit *= 10)
        digits++;
    if (axis == CAM_AXIS_COUNT && (step == 0 || step >= 1) && fabs(value) < 1e15)
        cam_figure_count(out, language, llrint(value));
    else if (axis == CAM_AXIS_PERCENT)
        cam_figure_percent(out, language, value, step > 0 ? digits : 1);
    else if (step > 0 && digits <= 3 && fabs(value) < 1e6)
        cam_figure_number(out, language, value, digits);
    else
        cam_figure_short(out, language, value, step > 0 ? 3 : 4);
}

/* --- elements ------------------------------------------------------------------------------------------------------ */

void cam_svg_line(cam_html *html, const char *class, double x1, double y1, double x2, double y2) {
    cam_html_open(html, "line");
    cam_html_attribute(html, "class", class);
    cam_html_coordinate(html, "x1", x1);
    cam_html_coordinate(html, "y1", y1);
    cam_html_coordinate(html, "x2", x2);
    cam_html_coordinate(html, "y2", y2);
    cam_html_close(html);
}

void cam_svg_rectangle(cam_html *html, const char *class, double x, double y, double width, double height) {
    cam_html_open(html, "rect");
    cam_html_attribute(html, "class", class);
    cam_html_coordinate(html, "x", x);
    cam_html_coordinate(html, "y", y);
    cam_html_coordinate(html, "width", fmax(width, 0));
    cam_html_coordinate(html, "height", fmax(height, 0));
    cam_html_close(html);
}

void cam_svg_path(cam_html *html, const char *class, const char *path) {
    if (!path[0])
        return;
    cam_html_open(html, "path");
    cam_html_attribute(html, "class", class);
    cam_html_attribute(html, "d", path);
    cam_html_close(html);
}

void cam_svg_text(cam_html *html, const char *class, double x, double y, const char *text) {
    cam_html_open(html, "text");
    cam_html_attribute(html, "class", class);
    cam_html_coordinate(html, "x", x);
    cam_html_coordinate(html, "y", y);
    cam_html_text(html, text);
    cam_html_close(html);
}

void cam_svg_mark(cam_html *html, size_t series, double x, double y) {
    static const double corners[3][4][2] = {{{-3.2, -3.2}, {3.2, -3.2}, {3.2, 3.2}, {-3.2, 3.2}},
                                            {{0, -4.2}, {4.2, 3.2}, {-4.2, 3.2}, {0, -4.2}},
                                            {{0, -4.4}, {4.4, 0}, {0, 4.4}, {-4.4, 0}}};
    cam_strbuf class = CAM_STRBUF_INIT, path = CAM_STRBUF_INIT;
    cam_strbuf_printf(&class, "mark m%zu", series);
    if (series == 0) {
        cam_html_open(html, "circle");
        cam_html_attribute(html, "class", cam_strbuf_text(&class));
        cam_html_coordinate(html, "cx", x);
        cam_html_coordinate(html, "cy", y);
        cam_html_attribute(html, "r", "3.2");
        cam_html_close(html);
    } else {
        for (size_t i = 0; i < 4; i++) {
            cam_strbuf_putc(&path, i == 0 ? 'M' : 'L');
            cam_html_put_coordinate(&path, x + corners[(series - 1) % 3][i][0]);
            cam_strbuf_putc(&path, ' ');
            cam_html_put_coordinate(&path, y + corners[(series - 1) % 3][i][1]);
        }
        cam_strbuf_putc(&path, 'Z');
        cam_svg_path(html, cam_strbuf_text(&class), cam_strbuf_text(&path));
    }
    cam_strbuf_release(&class);
    cam_strbuf_release(&path);
}

static void put_view(cam_html *html, double width, double height) {
    cam_strbuf view = CAM_STRBUF_INIT;
    cam_strbuf_puts(&view, "0 0 ");
    cam_html_put_coordinate(&view, width);
    cam_strbuf_putc(&view, ' ');
    cam_html_put_coordinate(&view, height);
    cam_html_attribute(html, "viewBox", cam_strbuf_text(&view));
    cam_strbuf_release(&view);
}

void cam_svg_open_decoration(cam_html *html, const char *class, double width, double height) {
    cam_html_open(html, "svg");
    cam_html_attribute(html, "class", class);
    put_view(html, width, height);
    cam_html_attribute(html, "aria-hidden", "true");
    cam_html_attribute(html, "focusable", "false");
}

/* --- figures ------------------------------------------------------------------------------------------------------- */

void cam_figure_open(cam_page *page, const char *title, const char *said, double height) {
    cam_html *html = &page->html;
    cam_strbuf id = CAM_STRBUF_INIT;
    int number = ++page->figures;
    cam_html_open(html, "figure");
    cam_html_element(html, "figcaption", NULL, title);
    cam_html_open(html, "svg");
    cam_html_attribute(html, "class", "chart");
    put_view(html, CAM_CHART_WIDTH, height);
    cam_html_attribute(html, "role", "img");
    cam_strbuf_printf(&id, "t%d d%d", number, number);
    cam_html_attribute(html, "aria-labelledby", cam_strbuf_text(&id));
    cam_html_open(html, "title");
    cam_strbuf_clear(&id);
    cam_strbuf_printf(&id, "t%d", number);
    cam_html_attribute(html, "id", cam_strbuf_text(&id));
    cam_html_text(html, title);
    cam_html_close(html);
    cam_html_open(html, "desc");
    cam_strbuf_clear(&id);
    cam_strbuf_printf(&id, "d%d", number);
    cam_html_attribute(html, "id", cam_strbuf_text(&id));
    cam_html_text(html, said);
    cam_html_close(html);
    cam_strbuf_release(&id);
}

void cam_figure_close(cam_page *page, const char *note) {
    if (note)
        cam_html_element(&page->html, "p", "note", note);
    cam_html_close(&page->html);
    cam_strbuf_puts(page->html.out, "\n");
}
