/* chart_internal.h: figures of a page: an SVG picture with a caption, a key and, for those who do not see it, a title and
 * a description with its extreme values. Colours are classes of the style sheet (style_internal.h), which has a light and a dark set.
 * No figure relies on colour alone: series also differ by their dashes and marks, cells of a matrix hold their number.
 *
 * A picture is 360 units wide, so that its letters can be read on a narrow telephone. */
#ifndef CAM_CHART_INTERNAL_H
#define CAM_CHART_INTERNAL_H

#include "html_internal.h"
#include "words_internal.h"
#include <stddef.h>
#include <stdint.h>

/* What all parts of a page share. */
typedef struct cam_page {
    cam_html html;
    cam_language language;
    int figures; /* so far: makes the ids */
} cam_page;

typedef enum cam_axis { CAM_AXIS_NUMBER, CAM_AXIS_COUNT, CAM_AXIS_PERCENT } cam_axis;

enum { CAM_CHART_SERIES = 4 };

/* A line. Points that are not finite interrupt it. */
typedef struct cam_series {
    const char *name;
    const double *x, *y;
    const double *low, *high; /* a band or, with marks, an interval at each point; NULL: none */
    size_t count;
    int marks;  /* a mark at each point */
    int dashed; /* a line of dashes; with 2 no line */
} cam_series;

typedef struct cam_chart {
    const char *title, *note; /* the caption, and a sentence below the picture, or NULL */
    const char *x_name, *y_name;
    cam_axis x_axis, y_axis;
    cam_series series[CAM_CHART_SERIES];
    size_t count;
    int from_zero; /* the y axis begins at 0 */
    int unit;      /* both axes go from 0 to 1, and a line joins their ends */
} cam_chart;

/* Draws lines; more points than the picture has columns are joined: the mean as the line, lowest and highest as a band. */
void cam_chart_lines(cam_page *page, const cam_chart *chart);

/* A bar with its value, and an interval where it has one. */
typedef struct cam_bar {
    const char *name;
    double value, low, high; /* low and high: NAN where there is no interval */
    int kind;                /* 0 the subject, 1 what it is compared with, 2 recommended, which its name says, too */
} cam_bar;

/* Draws horizontal bars from 0 to `most` (0: the largest value). Names are texts of others. */
void cam_chart_bars(cam_page *page, const char *title, const char *note, const cam_bar *bars, size_t count, double most,
                    cam_axis axis);

/* Differences from 0 with intervals: a point and a whisker for each. */
void cam_chart_differences(cam_page *page, const char *title, const char *note, const cam_bar *bars, size_t count);

/* A small bar for a cell of a table, beside its value; decoration. */
void cam_chart_cell_bar(cam_page *page, double value, double low, double high);

/* A heat map: counts[i * labels + j], rows are the truth, columns the prediction; a table whose cells are shaded. */
void cam_chart_matrix(cam_page *page, const char *title, const char *note, const char *const *names,
                      const int64_t *counts, size_t labels);

#endif
