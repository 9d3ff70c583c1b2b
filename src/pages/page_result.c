/* page_result.c: the scores of a run and its course; see page_internal.h. */
#include "page_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the result ---------------------------------------------------------------------------------------------------- */

static void put_tile(cam_page *page, cam_phrase name, double value, cam_axis axis, const char *detail) {
    cam_strbuf text = CAM_STRBUF_INIT;
    if (isfinite(value)) {
        if (axis == CAM_AXIS_PERCENT)
            cam_figure_percent(&text, page->language, value, 1);
        else if (axis == CAM_AXIS_COUNT)
            cam_figure_count(&text, page->language, llrint(value));
        else
            cam_figure_number(&text, page->language, value, 4);
        cam_page_tile(page, name, cam_strbuf_text(&text), detail);
    }
    cam_strbuf_release(&text);
}

static void put_tiles(cam_page *page, const json_t *scores, cam_phrase part) {
    const char *where = cam_page_word(page, part);
    cam_page_tiles_open(page);
    put_tile(page, CAM_WORD_ACCURACY, cam_member_number(scores, "accuracy"), CAM_AXIS_PERCENT, where);
    put_tile(page, CAM_WORD_F1_MACRO, cam_member_number(scores, "f1_macro"), CAM_AXIS_NUMBER, where);
    put_tile(page, CAM_WORD_F1_WEIGHTED, cam_member_number(scores, "f1_weighted"), CAM_AXIS_NUMBER, where);
    put_tile(page, CAM_WORD_LOSS, cam_member_number(scores, "loss"), CAM_AXIS_NUMBER, where);
    put_tile(page, CAM_WORD_PERPLEXITY, cam_member_number(scores, "perplexity"), CAM_AXIS_NUMBER, where);
    put_tile(page, CAM_WORD_MASKED_ACCURACY, cam_member_number(scores, "masked_accuracy"), CAM_AXIS_PERCENT, where);
    put_tile(page, CAM_WORD_ROWS, cam_member_number(scores, "rows"), CAM_AXIS_COUNT, where);
    cam_page_close(page);
}

/* The model beside the classifier without a language model, on the same rows. */
static void put_baseline(cam_page *page, const json_t *metrics, const char *part, const json_t *scores) {
    const json_t *baseline = cam_member_object(cam_member_object(metrics, "baseline"), part);
    if (!baseline)
        return;
    const char *model = cam_page_word(page, CAM_WORD_THIS_MODEL);
    cam_bar accuracy[] = {{model, cam_member_number(scores, "accuracy"), NAN, NAN, 0},
                          {"TF-IDF", cam_member_number(baseline, "accuracy"), NAN, NAN, 1}};
    cam_bar f1[] = {{model, cam_member_number(scores, "f1_macro"), NAN, NAN, 0},
                    {"TF-IDF", cam_member_number(baseline, "f1_macro"), NAN, NAN, 1}};
    cam_page_charts_open(page);
    cam_chart_bars(page, cam_page_word(page, CAM_WORD_ACCURACY), NULL, accuracy, 2, 1, CAM_AXIS_PERCENT);
    cam_chart_bars(page, cam_page_word(page, CAM_WORD_F1_MACRO), NULL, f1, 2, 1, CAM_AXIS_NUMBER);
    cam_page_close(page);
    cam_page_say(page, "note", CAM_WORD_BASELINE_NOTE, NULL);
}

int cam_page_result(cam_page *page, const cam_page_files *files, cam_status *st) {
    static const struct {
        const char *name;
        cam_phrase word;
    } parts[] = {{"test", CAM_WORD_TEST_ROWS}, {"validation", CAM_WORD_VALIDATION_ROWS}};
    (void)st;
    if (!files->metrics)
        return 0;
    if (!page)
        return 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *scores = cam_member_object(files->metrics, parts[i].name);
        if (!scores)
            continue;
        put_tiles(page, scores, parts[i].word);
        cam_page_warnings(page, cam_member_list(scores, "warnings"));
        put_baseline(page, files->metrics, parts[i].name, scores);
    }
    cam_page_message(page, cam_member_text(files->metrics, "verdict"), 0);
    cam_page_warnings(page, cam_member_list(files->metrics, "warnings"));
    if (cam_member_object(files->metrics, "validation"))
        cam_page_say(page, "note", CAM_WORD_VALIDATION_NOTE, NULL);
    return 1;
}

/* --- the course ---------------------------------------------------------------------------------------------------- */

typedef struct course {
    const cam_log_table *log;
    const double *step_x; /* epochs, or steps where the log has no epochs */
    double *eval_x;
    int has_epochs;
} course;

static cam_series step_series(const course *c, const char *name, int column) {
    return (cam_series){.name = name, .x = c->step_x, .y = c->log->steps.column[column], .count = c->log->steps.count};
}

static cam_series eval_series(const course *c, const char *name, int column, int dashed) {
    return (cam_series){.name = name,
                        .x = c->eval_x,
                        .y = c->log->evals.column[column],
                        .count = c->log->evals.count,
                        .marks = 1,
                        .dashed = dashed};
}

static cam_chart course_chart(cam_page *page, const course *c, cam_phrase title, cam_phrase note) {
    return (cam_chart){.title = cam_page_word(page, title),
                       .note = cam_page_word(page, note),
                       .x_name = cam_page_word(page, c->has_epochs ? CAM_WORD_EPOCH : CAM_WORD_STEP),
                       .y_name = cam_page_word(page, title)};
}

static void put_loss(cam_page *page, const course *c) {
    cam_chart chart = course_chart(page, c, CAM_WORD_LOSS, CAM_WORD_LOSS_NOTE);
    if (cam_log_rows_have(&c->log->steps, CAM_LOG_STEP_loss))
        chart.series[chart.count++] = step_series(c, cam_page_word(page, CAM_WORD_TRAINING_ROWS), CAM_LOG_STEP_loss);
    if (cam_log_rows_have(&c->log->evals, CAM_LOG_EVAL_loss)) {
        chart.series[1] = eval_series(c, cam_page_word(page, CAM_WORD_VALIDATION_ROWS), CAM_LOG_EVAL_loss, 1);
        chart.count = chart.count ? 2 : 1;
        if (chart.count == 1)
            chart.series[0] = chart.series[1];
    }
    if (chart.count > 0)
        cam_chart_lines(page, &chart);
}

static void put_scores(cam_page *page, const course *c) {
    static const struct {
        int column;
        cam_phrase name;
    } lines[] = {{CAM_LOG_EVAL_accuracy, CAM_WORD_ACCURACY},
                 {CAM_LOG_EVAL_f1_macro, CAM_WORD_F1_MACRO},
                 {CAM_LOG_EVAL_masked_accuracy, CAM_WORD_MASKED_ACCURACY}};
    cam_chart chart = course_chart(page, c, CAM_WORD_SCORES, CAM_WORD_SCORES_NOTE);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (cam_log_rows_have(&c->log->evals, lines[i].column)) {
            chart.series[chart.count] =
                eval_series(c, cam_page_word(page, lines[i].name), lines[i].column, chart.count > 0);
            chart.count++;
        }
    if (chart.count > 0)
        cam_chart_lines(page, &chart);
}

static void put_steps(cam_page *page, const course *c, cam_phrase title, cam_phrase note, int column) {
    cam_chart chart = course_chart(page, c, title, note);
    if (!cam_log_rows_have(&c->log->steps, column))
        return;
    chart.from_zero = 1;
    chart.series[chart.count++] = step_series(c, cam_page_word(page, title), column);
    cam_chart_lines(page, &chart);
}

static void put_evals(cam_page *page, const course *c) {
    static const cam_phrase names[CAM_LOG_EVAL_COLUMNS] = {
        CAM_WORD_STEP,     CAM_WORD_LOSS,        CAM_WORD_ACCURACY,   CAM_WORD_F1_MACRO,
        CAM_WORD_F1_MICRO, CAM_WORD_F1_WEIGHTED, CAM_WORD_PERPLEXITY, CAM_WORD_MASKED_ACCURACY};
    enum { MOST_ROWS = 200 };
    const cam_log_rows *evals = &c->log->evals;
    cam_phrase heads[CAM_LOG_EVAL_COLUMNS + 1];
    int columns[CAM_LOG_EVAL_COLUMNS], count = 0;
    for (int column = 0; column < CAM_LOG_EVAL_COLUMNS; column++)
        if (cam_log_rows_have(evals, column)) {
            heads[count] = names[column];
            columns[count++] = column;
        }
    heads[count] = CAM_WORD_COUNT;
    if (count == 0 || evals->count > MOST_ROWS)
        return;
    cam_html_open(&page->html, "details");
    cam_html_element(&page->html, "summary", NULL, cam_page_word(page, CAM_WORD_EVALUATIONS_AS_TABLE));
    cam_page_table_open(page, CAM_WORD_EVALUATIONS, heads, 0);
    for (size_t i = 0; i < evals->count; i++) {
        cam_page_row_open(page, 0);
        for (int k = 0; k < count; k++)
            if (columns[k] == CAM_LOG_EVAL_step)
                cam_page_cell_count(page, llrint(evals->column[columns[k]][i]));
            else
                cam_page_cell_number(page, evals->column[columns[k]][i], 4);
        cam_page_close(page);
    }
    cam_page_table_close(page);
    cam_page_close(page);
}

int cam_page_course(cam_page *page, const cam_page_files *files, cam_status *st) {
    const cam_log_table *log = &files->log;
    if (log->steps.count == 0 && log->evals.count == 0)
        return 0;
    if (!page)
        return 1;
    course c = {.log = log, .has_epochs = cam_log_rows_have(&log->steps, CAM_LOG_STEP_epoch)};
    c.step_x = log->steps.column[c.has_epochs ? CAM_LOG_STEP_epoch : CAM_LOG_STEP_step];
    c.eval_x = malloc((log->evals.count + 1) * sizeof *c.eval_x);
    if (!c.eval_x) {
        *st = cam_fail(CAM_E_MEMORY, "no memory for the %zu evaluations of a page", log->evals.count);
        return 1;
    }
    for (size_t i = 0; i < log->evals.count; i++) {
        double step = log->evals.column[CAM_LOG_EVAL_step][i];
        c.eval_x[i] = c.has_epochs ? cam_log_table_epoch(log, step) : step;
    }
    cam_page_charts_open(page);
    put_loss(page, &c);
    put_scores(page, &c);
    put_steps(page, &c, CAM_WORD_LEARNING_RATE, CAM_WORD_LEARNING_RATE_NOTE, CAM_LOG_STEP_lr);
    put_steps(page, &c, CAM_WORD_GRADIENT_NORM, CAM_WORD_GRADIENT_NORM_NOTE, CAM_LOG_STEP_grad_norm);
    cam_page_close(page);
    put_evals(page, &c);
    free(c.eval_x);
    return 1;
}
