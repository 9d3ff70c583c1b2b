/* chart_lines.c: line charts; see chart_internal.h. */
#include "axis_internal.h"
#include "chart_internal.h"
#include <math.h>
#include <string.h>

enum { HEIGHT = 220, LEFT = 48, RIGHT = 20, TOP = 10, BOTTOM = 38, COLUMNS = 120 };

typedef struct points {
    size_t count;
    int joined; /* each stands for several of the series */
    double x[2 * COLUMNS], y[2 * COLUMNS], low[2 * COLUMNS], high[2 * COLUMNS];
} points;

/* The points that are drawn: those of the series, or one for each column of the picture. */
static void join_points(const cam_series *series, points *out) {
    size_t most = series->marks ? 2 * COLUMNS : COLUMNS, groups = series->count <= 2 * COLUMNS ? series->count : most;
    *out = (points){.joined = series->count > 2 * COLUMNS};
    for (size_t g = 0; g < groups; g++) {
        size_t begin = g * series->count / groups, end = (g + 1) * series->count / groups, used = 0;
        double x = 0, y = 0, low = INFINITY, high = -INFINITY;
        for (size_t i = begin; i < end; i++) {
            if (!isfinite(series->y[i]) || !isfinite(series->x[i]))
                continue;
            double at_least = series->low ? series->low[i] : series->y[i];
            double at_most = series->high ? series->high[i] : series->y[i];
            x += series->x[i];
            y += series->y[i];
            low = fmin(low, at_least);
            high = fmax(high, at_most);
            used++;
        }
        out->x[g] = used ? x / (double)used : NAN;
        out->y[g] = used ? y / (double)used : NAN;
        out->low[g] = used ? low : NAN;
        out->high[g] = used ? high : NAN;
    }
    out->count = groups;
}

typedef struct frame {
    cam_scale x, y;
} frame;

static double place_x(const frame *f, double x) {
    return LEFT + cam_scale_share(&f->x, x) * (CAM_CHART_WIDTH - LEFT - RIGHT);
}

static double place_y(const frame *f, double y) {
    return HEIGHT - BOTTOM - cam_scale_share(&f->y, y) * (HEIGHT - TOP - BOTTOM);
}

static frame frame_of(const cam_chart *chart, const points *drawn) {
    double x_low = INFINITY, x_high = -INFINITY, y_low = chart->from_zero ? 0 : INFINITY, y_high = -INFINITY;
    for (size_t s = 0; s < chart->count; s++) {
        int spread = chart->series[s].low || drawn[s].joined;
        for (size_t i = 0; i < chart->series[s].count; i++) {
            x_low = fmin(x_low, chart->series[s].x[i]);
            x_high = fmax(x_high, chart->series[s].x[i]);
        }
        for (size_t i = 0; i < drawn[s].count; i++) {
            y_low = fmin(y_low, spread ? drawn[s].low[i] : drawn[s].y[i]);
            y_high = fmax(y_high, spread ? drawn[s].high[i] : drawn[s].y[i]);
        }
    }
    if (chart->unit)
        x_low = y_low = 0, x_high = y_high = 1;
    frame f = {cam_scale_of(x_low, x_high, 5), cam_scale_of(y_low, y_high, 5)};
    if (chart->x_axis != CAM_AXIS_PERCENT && !chart->unit && x_low < x_high) { /* time needs no room at its ends */
        f.x.low = x_low;
        f.x.high = x_high;
    }
    return f;
}

static void put_axes(cam_page *page, const cam_chart *chart, const frame *f) {
    cam_html *html = &page->html;
    cam_strbuf text = CAM_STRBUF_INIT;
    for (int i = 0; i < cam_scale_ticks(&f->y); i++) {
        double y = cam_scale_tick(&f->y, i);
        cam_svg_line(html, "grid", LEFT, place_y(f, y), CAM_CHART_WIDTH - RIGHT, place_y(f, y));
        cam_strbuf_clear(&text);
        cam_axis_put(&text, page->language, chart->y_axis, y, f->y.step);
        cam_svg_text(html, "tick end", LEFT - 5, place_y(f, y) + 4, cam_strbuf_text(&text));
    }
    for (int i = 0; i < cam_scale_ticks(&f->x); i++) {
        double x = cam_scale_tick(&f->x, i);
        cam_svg_line(html, "axis", place_x(f, x), HEIGHT - BOTTOM, place_x(f, x), HEIGHT - BOTTOM + 4);
        cam_strbuf_clear(&text);
        cam_axis_put(&text, page->language, chart->x_axis, x, f->x.step);
        cam_svg_text(html, "tick middle", place_x(f, x), HEIGHT - BOTTOM + 16, cam_strbuf_text(&text));
    }
    cam_svg_line(html, "axis", LEFT, HEIGHT - BOTTOM, CAM_CHART_WIDTH - RIGHT, HEIGHT - BOTTOM);
    if (chart->unit)
        cam_svg_line(html, "ideal", place_x(f, 0), place_y(f, 0), place_x(f, 1), place_y(f, 1));
    cam_svg_text(html, "name middle", LEFT + (CAM_CHART_WIDTH - LEFT - RIGHT) / 2.0, HEIGHT - 5, chart->x_name);
    cam_strbuf_release(&text);
}

static void put_point(cam_strbuf *path, char command, double x, double y) {
    cam_strbuf_putc(path, command);
    cam_html_put_coordinate(path, x);
    cam_strbuf_putc(path, ' ');
    cam_html_put_coordinate(path, y);
}

/* The band between lowest and highest, in pieces where points are missing. */
static void put_band(cam_html *html, const frame *f, const points *p, const char *class) {
    cam_strbuf path = CAM_STRBUF_INIT;
    for (size_t begin = 0, end; begin < p->count; begin = end + 1) {
        for (end = begin; end < p->count && isfinite(p->low[end]);)
            end++;
        for (size_t i = begin; i < end; i++)
            put_point(&path, i == begin ? 'M' : 'L', place_x(f, p->x[i]), place_y(f, p->high[i]));
        for (size_t i = end; i > begin; i--)
            put_point(&path, 'L', place_x(f, p->x[i - 1]), place_y(f, p->low[i - 1]));
        if (end > begin)
            cam_strbuf_putc(&path, 'Z');
    }
    cam_svg_path(html, class, cam_strbuf_text(&path));
    cam_strbuf_release(&path);
}

static void put_line(cam_html *html, const frame *f, const points *p, const char *class) {
    cam_strbuf path = CAM_STRBUF_INIT;
    int broken = 1;
    for (size_t i = 0; i < p->count; i++) {
        if (!isfinite(p->y[i])) {
            broken = 1;
            continue;
        }
        put_point(&path, broken ? 'M' : 'L', place_x(f, p->x[i]), place_y(f, p->y[i]));
        broken = 0;
    }
    cam_svg_path(html, class, cam_strbuf_text(&path));
    cam_strbuf_release(&path);
}

static void put_marks(cam_html *html, const frame *f, const points *p, const cam_series *series, size_t number) {
    for (size_t i = 0; i < p->count; i++) {
        double x = place_x(f, p->x[i]), y = place_y(f, p->y[i]);
        if (!isfinite(p->y[i]))
            continue;
        if (series->low && p->high[i] > p->low[i]) {
            double low = place_y(f, p->low[i]), high = place_y(f, p->high[i]);
            cam_svg_line(html, "whisker", x, low, x, high);
            cam_svg_line(html, "whisker", x - 3, low, x + 3, low);
            cam_svg_line(html, "whisker", x - 3, high, x + 3, high);
        }
        cam_svg_mark(html, number, x, y);
    }
}

static void put_series(cam_page *page, const cam_chart *chart, const frame *f, const points *drawn, size_t number) {
    const cam_series *series = &chart->series[number];
    cam_strbuf class = CAM_STRBUF_INIT;
    if ((series->low && !series->marks) || drawn->joined) {
        cam_strbuf_printf(&class, "band b%zu", number);
        put_band(&page->html, f, drawn, cam_strbuf_text(&class));
        cam_strbuf_clear(&class);
    }
    cam_strbuf_printf(&class, "line l%zu%s", number, series->dashed ? " dashed" : "");
    if (series->dashed < 2)
        put_line(&page->html, f, drawn, cam_strbuf_text(&class));
    if (series->marks)
        put_marks(&page->html, f, drawn, series, number);
    cam_strbuf_release(&class);
}

/* --- what a reader hears ------------------------------------------------------------------------------------------- */

static void describe_series(cam_page *page, const cam_chart *chart, const cam_series *series, cam_strbuf *out) {
    cam_strbuf first = CAM_STRBUF_INIT, last = CAM_STRBUF_INIT, least = CAM_STRBUF_INIT, most = CAM_STRBUF_INIT;
    double low = INFINITY, high = -INFINITY, begin = NAN, end = NAN;
    for (size_t i = 0; i < series->count; i++) {
        if (!isfinite(series->y[i]))
            continue;
        begin = isfinite(begin) ? begin : series->y[i];
        end = series->y[i];
        low = fmin(low, end);
        high = fmax(high, end);
    }
    cam_axis_put(&first, page->language, chart->y_axis, begin, 0);
    cam_axis_put(&last, page->language, chart->y_axis, end, 0);
    cam_axis_put(&least, page->language, chart->y_axis, low, 0);
    cam_axis_put(&most, page->language, chart->y_axis, high, 0);
    const char *values[] = {series->name,           cam_strbuf_text(&first),
                            cam_strbuf_text(&last), cam_strbuf_text(&least),
                            cam_strbuf_text(&most), NULL};
    cam_word_put(out, page->language, CAM_WORD_SERIES_SAID, values);
    cam_strbuf_putc(out, ' ');
    cam_strbuf_release(&first);
    cam_strbuf_release(&last);
    cam_strbuf_release(&least);
    cam_strbuf_release(&most);
}

/* Whether joined points cover a height that can be seen. */
static int has_visible_band(const frame *f, const points *drawn) {
    for (size_t i = 0; drawn->joined && i < drawn->count; i++)
        if (drawn->high[i] - drawn->low[i] > 0.02 * (f->y.high - f->y.low))
            return 1;
    return 0;
}

static void put_key(cam_page *page, const cam_chart *chart, const frame *f, const points *drawn) {
    cam_html *html = &page->html;
    int joined = 0;
    cam_html_open(html, "ul");
    cam_html_attribute(html, "class", "key");
    for (size_t s = 0; s < chart->count; s++) {
        cam_strbuf class = CAM_STRBUF_INIT;
        cam_strbuf_printf(&class, "line l%zu%s", s, chart->series[s].dashed ? " dashed" : "");
        cam_html_open(html, "li");
        cam_svg_open_decoration(html, "swatch", 34, 12);
        if (chart->series[s].dashed < 2)
            cam_svg_line(html, cam_strbuf_text(&class), 1, 6, 33, 6);
        if (chart->series[s].marks)
            cam_svg_mark(html, s, 17, 6);
        cam_html_close(html);
        cam_html_text(html, " ");
        cam_html_isolated(html, chart->series[s].name);
        cam_html_close(html);
        joined |= has_visible_band(f, &drawn[s]);
        cam_strbuf_release(&class);
    }
    if (chart->unit) {
        cam_html_open(html, "li");
        cam_svg_open_decoration(html, "swatch", 34, 12);
        cam_svg_line(html, "ideal", 1, 6, 33, 6);
        cam_html_close(html);
        cam_html_text(html, " ");
        cam_html_text(html, cam_word_text(page->language, CAM_WORD_IDEAL));
        cam_html_close(html);
    }
    if (joined)
        cam_html_element(html, "li", NULL, cam_word_text(page->language, CAM_WORD_BAND_OF_STEPS));
    cam_html_close(html);
}

void cam_chart_lines(cam_page *page, const cam_chart *chart) {
    static const cam_series none;
    points drawn[CAM_CHART_SERIES];
    cam_strbuf said = CAM_STRBUF_INIT;
    CAM_ASSERT(chart->count <= CAM_CHART_SERIES);
    for (size_t s = 0; s < CAM_CHART_SERIES; s++)
        join_points(s < chart->count ? &chart->series[s] : &none, &drawn[s]);
    frame f = frame_of(chart, drawn);
    const char *axes[] = {chart->y_name, chart->x_name, NULL};
    cam_word_put(&said, page->language, CAM_WORD_LINES_SAID, axes);
    cam_strbuf_putc(&said, ' ');
    for (size_t s = 0; s < chart->count; s++)
        describe_series(page, chart, &chart->series[s], &said);
    cam_figure_open(page, chart->title, cam_strbuf_text(&said), HEIGHT);
    put_axes(page, chart, &f);
    for (size_t s = 0; s < chart->count; s++)
        put_series(page, chart, &f, &drawn[s], s);
    cam_html_close(&page->html);
    put_key(page, chart, &f, drawn);
    cam_figure_close(page, chart->note);
    cam_strbuf_release(&said);
}
