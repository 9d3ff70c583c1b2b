/* page_trust.c: what a score is worth: calibration, and the share of rows that is right without a person; see
 * page_internal.h. */
#include "page_internal.h"
#include <math.h>
#include <stdlib.h>

/* The object that has a member of this name: measure.json, or a part of metrics.json. */
static const json_t *find_holder(const cam_page_files *files, const char *name) {
    const json_t *holders[] = {files->measure, cam_member_object(files->metrics, "validation"),
                               cam_member_object(files->metrics, "test"), files->metrics};
    for (size_t i = 0; i < sizeof holders / sizeof holders[0]; i++) {
        const json_t *member = json_object_get(holders[i], name);
        if (json_is_object(member) || json_array_size(member) > 0)
            return member;
    }
    return NULL;
}

/* Columns of numbers from a list of objects; *column[i] has list's length, all are freed with *memory. */
static cam_status read_columns(const json_t *list, const char *const *keys, size_t count, double **columns,
                               double **memory) {
    size_t rows = json_array_size(list);
    *memory = malloc((rows * count + 1) * sizeof **memory);
    if (!*memory)
        return cam_fail(CAM_E_MEMORY, "no memory for the %zu points of a curve", rows);
    for (size_t c = 0; c < count; c++) {
        columns[c] = *memory + c * rows;
        for (size_t i = 0; i < rows; i++)
            columns[c][i] = cam_member_number(json_array_get(list, i), keys[c]);
    }
    return CAM_OK;
}

static void put_errors(cam_page *page, const json_t *calibration) {
    cam_strbuf before = CAM_STRBUF_INIT, after = CAM_STRBUF_INIT, temperature = CAM_STRBUF_INIT;
    double factor = cam_member_number(calibration, "temperature");
    cam_figure_number(&before, page->language, cam_member_number(calibration, "ece_before"), 4);
    cam_figure_number(&after, page->language, cam_member_number(calibration, "ece_after"), 4);
    cam_figure_number(&temperature, page->language, factor, 3);
    cam_page_say(page, NULL,
                 !isfinite(factor)                         ? CAM_WORD_CALIBRATION_ERROR
                 : cam_member_is_true(calibration, "kept") ? CAM_WORD_CALIBRATION_KEPT
                                                           : CAM_WORD_CALIBRATION_NOT_KEPT,
                 cam_strbuf_text(&temperature), cam_strbuf_text(&before), cam_strbuf_text(&after), NULL);
    cam_strbuf_release(&before);
    cam_strbuf_release(&after);
    cam_strbuf_release(&temperature);
}

int cam_page_calibration(cam_page *page, const cam_page_files *files, cam_status *st) {
    static const char *const keys[] = {"score", "accuracy", "rows", "low", "high"};
    static const cam_phrase heads[] = {CAM_WORD_BIN, CAM_WORD_MEAN_SCORE, CAM_WORD_ACCURACY, CAM_WORD_ROWS,
                                       CAM_WORD_COUNT};
    const json_t *calibration = find_holder(files, "calibration");
    const json_t *bins = cam_member_list(calibration, "bins");
    double *column[5], *memory = NULL;
    if (!json_is_object(calibration))
        return 0;
    if (!page)
        return 1;
    put_errors(page, calibration);
    if (!bins)
        return 1;
    *st = read_columns(bins, keys, 5, column, &memory);
    if (*st != CAM_OK)
        return 1;
    size_t count = json_array_size(bins);
    for (size_t i = 0; i < count; i++)
        if (!(column[2][i] > 0)) /* a bin without rows has no accuracy */
            column[1][i] = NAN;
    cam_chart chart = {.title = cam_page_word(page, CAM_WORD_RELIABILITY),
                       .note = cam_page_word(page, CAM_WORD_RELIABILITY_NOTE),
                       .x_name = cam_page_word(page, CAM_WORD_MEAN_SCORE),
                       .y_name = cam_page_word(page, CAM_WORD_ACCURACY),
                       .x_axis = CAM_AXIS_PERCENT,
                       .y_axis = CAM_AXIS_PERCENT,
                       .unit = 1,
                       .count = 1,
                       .series = {{.name = cam_page_word(page, CAM_WORD_THIS_MODEL),
                                   .x = column[0],
                                   .y = column[1],
                                   .count = count,
                                   .marks = 1}}};
    cam_page_charts_open(page);
    cam_chart_lines(page, &chart);
    cam_page_table_open(page, CAM_WORD_BINS_CAPTION, heads, 0);
    for (size_t i = 0; i < count; i++) {
        if (!(column[2][i] > 0))
            continue;
        cam_page_row_open(page, 0);
        cam_page_cell_interval(page, column[3][i], column[4][i], 2);
        cam_page_cell_number(page, column[0][i], 4);
        cam_page_cell_number(page, column[1][i], 4);
        cam_page_cell_count(page, llrint(column[2][i]));
        cam_page_close(page);
    }
    cam_page_table_close(page);
    cam_page_close(page);
    free(memory);
    return 1;
}

int cam_page_automation(cam_page *page, const cam_page_files *files, cam_status *st) {
    static const char *const keys[] = {"share", "accuracy", "low", "high", "threshold"};
    static const cam_phrase heads[] = {CAM_WORD_THRESHOLD, CAM_WORD_SHARE, CAM_WORD_ACCURACY, CAM_WORD_INTERVAL_HEAD,
                                       CAM_WORD_COUNT};
    enum { MOST_ROWS = 12 };
    const json_t *points = find_holder(files, "automation");
    double *column[5], *memory = NULL;
    size_t count = json_array_size(points), every = (count + MOST_ROWS - 1) / MOST_ROWS;
    if (count == 0)
        return 0;
    if (!page)
        return 1;
    *st = read_columns(points, keys, 5, column, &memory);
    if (*st != CAM_OK)
        return 1;
    cam_chart chart = {.title = cam_page_word(page, CAM_WORD_AUTOMATION_TITLE),
                       .note = cam_page_word(page, CAM_WORD_AUTOMATION_NOTE),
                       .x_name = cam_page_word(page, CAM_WORD_SHARE),
                       .y_name = cam_page_word(page, CAM_WORD_ACCURACY),
                       .x_axis = CAM_AXIS_PERCENT,
                       .y_axis = CAM_AXIS_PERCENT,
                       .count = 1,
                       .series = {{.name = cam_page_word(page, CAM_WORD_ACCURACY_WITH_INTERVAL),
                                   .x = column[0],
                                   .y = column[1],
                                   .low = column[2],
                                   .high = column[3],
                                   .count = count}}};
    cam_page_charts_open(page);
    cam_chart_lines(page, &chart);
    cam_page_table_open(page, CAM_WORD_AUTOMATION_TITLE, heads, 0);
    for (size_t i = 0; i < count; i += every) {
        cam_strbuf text = CAM_STRBUF_INIT;
        cam_page_row_open(page, 0);
        cam_page_cell_number(page, column[4][i], 3);
        cam_figure_percent(&text, page->language, column[0][i], 1);
        cam_page_cell_figure(page, cam_strbuf_text(&text));
        cam_page_cell_number(page, column[1][i], 4);
        cam_page_cell_interval(page, column[2][i], column[3][i], 3);
        cam_page_close(page);
        cam_strbuf_release(&text);
    }
    cam_page_table_close(page);
    cam_page_close(page);
    free(memory);
    return 1;
}
