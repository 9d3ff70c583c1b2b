/* axis_internal.h: what charts are drawn with: scales with round steps, elements of SVG, and the frame of a figure. */
#ifndef CAM_AXIS_INTERNAL_H
#define CAM_AXIS_INTERNAL_H

#include "chart_internal.h"

enum { CAM_CHART_WIDTH = 360 };

/* An axis from low to high, with ticks at multiples of step, which is 1, 2 or 5 times a power of 10. */
typedef struct cam_scale {
    double low, high, step;
} cam_scale;

/* Holds both values, with about `ticks` ticks. Of values that are not finite: 0 to 1. */
cam_scale cam_scale_of(double low, double high, int ticks);
int cam_scale_ticks(const cam_scale *scale);                  /* their number */
double cam_scale_tick(const cam_scale *scale, int i);         /* from 0, the lowest first */
double cam_scale_share(const cam_scale *scale, double value); /* 0 at low, 1 at high; outside: that end */

/* Appends a value as ticks show it; `step` 0: with the digits of a single value. */
void cam_axis_put(cam_strbuf *out, cam_language language, cam_axis axis, double value, double step);

void cam_svg_line(cam_html *html, const char *class, double x1, double y1, double x2, double y2);
void cam_svg_rectangle(cam_html *html, const char *class, double x, double y, double width, double height);
void cam_svg_path(cam_html *html, const char *class, const char *path);
void cam_svg_text(cam_html *html, const char *class, double x, double y, const char *text);
/* The mark of a series: circle, square, triangle or diamond. */
void cam_svg_mark(cam_html *html, size_t series, double x, double y);
/* A picture beside a text that says the same: hidden from those who hear the page. */
void cam_svg_open_decoration(cam_html *html, const char *class, double width, double height);

/* Opens a figure with its caption and the picture, which the caller draws and closes; cam_figure_close then ends the figure. */
void cam_figure_open(cam_page *page, const char *title, const char *said, double height);
void cam_figure_close(cam_page *page, const char *note);

#endif
