/* metrics_put.c: metrics as JSON for programs and as a table for people; see metrics.h. */
#include "metrics.h"
#include "plain.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 80,            /* of the matrix */
    NAME_COLUMNS = 40,     /* the widest column of labels */
    MATRIX_LABELS = 15,    /* larger confusion matrices are not shown */
    MATRIX_NAME = 10,      /* the least columns of a label beside the matrix */
    CONFUSIONS_SHOWN = 10, /* entries of the list of largest confusions */
    CONFUSION_COLUMNS = 30 /* the widest label there */
};

/* The places where each metric is shown, bits of CAM_SHOWN_*. */
static const int shown[] = {
#define ROW(code, word, field, better, where) [code] = where,
    CAM_METRICS(ROW)
#undef ROW
};

void cam_metrics_put_shown(cam_strbuf *buf, const cam_scores *scores, int where) {
    const char *separator = "";
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++) {
        if (!(shown[m] & where))
            continue;
        cam_strbuf_printf(buf, "%s%s %.4f", separator, cam_words_metric[m], cam_metric_value((cam_metric)m, scores));
        separator = "  ";
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------------ */

int cam_metrics_put_warning(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names) {
    int64_t only = cam_metrics_only_prediction(metrics);
    if (only < 0)
        return 0;
    cam_strbuf_printf(buf, "the model predicts one label only, \"%s\", for all ", names[only]);
    cam_plain_put_counted(buf, metrics->rows, "row", "rows");
    return 1;
}

static void put_labels(cam_json *json, const cam_metrics *metrics, const char *const *names) {
    cam_json_array(json, "labels");
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_class_scores label = cam_metrics_class(metrics, k);
        cam_json_object(json, NULL);
        cam_json_text(json, "label", names[k]);
        cam_json_number(json, "precision", label.precision);
        cam_json_number(json, "recall", label.recall);
        cam_json_number(json, "f1", label.f1);
        cam_json_integer(json, "support", label.support);
        cam_json_close(json);
    }
    cam_json_close(json);
}

static void put_confusion(cam_json *json, const cam_metrics *metrics) {
    cam_json_array(json, "confusion");
    for (int64_t i = 0; i < metrics->labels; i++) {
        cam_json_array(json, NULL);
        for (int64_t k = 0; k < metrics->labels; k++)
            cam_json_integer(json, NULL, metrics->confusion[i * metrics->labels + k]);
        cam_json_close(json);
    }
    cam_json_close(json);
}

void cam_metrics_put_members(cam_json *json, const cam_metrics *metrics, const char *const *names,
                             const char *const *warnings, int64_t count) {
    cam_scores scores = cam_metrics_scores(metrics);
    cam_json_integer(json, "rows", scores.rows);
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
        cam_json_number(json, cam_words_metric[m], cam_metric_value((cam_metric)m, &scores));
    put_labels(json, metrics, names);
    put_confusion(json, metrics);
    cam_json_array(json, "warnings");
    cam_strbuf warning = CAM_STRBUF_INIT;
    if (cam_metrics_put_warning(&warning, metrics, names))
        cam_json_text(json, NULL, warning.text);
    cam_strbuf_release(&warning);
    for (int64_t i = 0; i < count; i++)
        cam_json_text(json, NULL, warnings[i]);
    cam_json_close(json);
}

void cam_metrics_put_json(cam_strbuf *buf, const char *part, const cam_metrics *metrics, const char *const *names,
                          const char *const *warnings, int64_t count) {
    cam_json json;
    cam_json_begin(&json, buf);
    if (part)
        cam_json_text(&json, "part", part);
    cam_metrics_put_members(&json, metrics, names, warnings, count);
    cam_json_end(&json);
}

/* --- table ----------------------------------------------------------------------------------------------------- */

static int name_width(const cam_metrics *metrics, const char *const *names) {
    int width = cam_plain_columns("weighted mean");
    for (int64_t k = 0; k < metrics->labels; k++) {
        int columns = cam_plain_columns(names[k]);
        width = columns > width ? columns : width;
    }
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
        if (shown[m] & CAM_SHOWN_TABLE && cam_plain_columns(cam_words_metric[m]) > width)
            width = cam_plain_columns(cam_words_metric[m]);
    return width < NAME_COLUMNS ? width : NAME_COLUMNS;
}

static void put_figures(cam_strbuf *buf, double precision, double recall, double f1, int64_t support) {
    cam_strbuf_printf(buf, "  %9.4f  %7.4f  %7.4f  ", precision, recall, f1);
    cam_plain_put_count_aligned(buf, support, 7);
    cam_strbuf_putc(buf, '\n');
}

static void put_scores(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names, int width) {
    cam_scores scores = cam_metrics_scores(metrics);
    cam_strbuf_printf(buf, "%-*s  %9s  %7s  %7s  %7s\n", width, "label", "precision", "recall", "f1", "support");
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_class_scores label = cam_metrics_class(metrics, k);
        cam_plain_put_padded(buf, names[k], width);
        put_figures(buf, label.precision, label.recall, label.f1, label.support);
    }
    cam_strbuf_printf(buf, "\n%-*s", width, "macro mean");
    put_figures(buf, scores.precision_macro, scores.recall_macro, scores.f1_macro, scores.rows);
    cam_strbuf_printf(buf, "%-*s", width, "weighted mean");
    put_figures(buf, scores.precision_weighted, scores.recall_weighted, scores.f1_weighted, scores.rows);
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++) {
        if (!(shown[m] & CAM_SHOWN_TABLE))
            continue;
        cam_strbuf_printf(buf, "%-*s  %9s  %7s  %7.4f  ", width, cam_words_metric[m], "", "",
                          cam_metric_value((cam_metric)m, &scores));
        cam_plain_put_count_aligned(buf, scores.rows, 7);
        cam_strbuf_putc(buf, '\n');
    }
}

static int decimal_digits(int64_t value) {
    int digits = 1;
    for (; value >= 10; value /= 10)
        digits++;
    return digits;
}

/* Puts the matrix unless it is wider than a terminal. */
static void put_matrix(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names, int width) {
    int64_t labels = metrics->labels, most = labels;
    for (int64_t i = 0; i < labels * labels; i++)
        most = metrics->confusion[i] > most ? metrics->confusion[i] : most;
    int cell = decimal_digits(most) + 1, room = WIDTH - 3 - (int)labels * cell;
    if (room < MATRIX_NAME && room < width)
        return;
    width = room < width ? room : width;
    cam_strbuf_puts(buf, "\nrows are the truth, columns the prediction\n");
    cam_strbuf_printf(buf, "%*s", width + 3, "");
    for (int64_t k = 0; k < labels; k++)
        cam_strbuf_printf(buf, "%*" PRId64, cell, k + 1);
    cam_strbuf_putc(buf, '\n');
    for (int64_t i = 0; i < labels; i++) {
        cam_strbuf_printf(buf, "%2" PRId64 " ", i + 1);
        cam_plain_put_padded(buf, names[i], width);
        for (int64_t k = 0; k < labels; k++) {
            int64_t count = metrics->confusion[i * labels + k];
            if (count)
                cam_strbuf_printf(buf, "%*" PRId64, cell, count);
            else
                cam_strbuf_printf(buf, "%*s", cell, ".");
        }
        cam_strbuf_putc(buf, '\n');
    }
}

typedef struct confusion {
    int64_t truth, prediction, count;
} confusion;

/* The largest confusions, largest first; equal ones in the order of their labels. Returns their number. */
static int largest_confusions(const cam_metrics *metrics, confusion *largest) {
    int found = 0;
    for (int64_t i = 0; i < metrics->labels * metrics->labels; i++) {
        confusion here = {i / metrics->labels, i % metrics->labels, metrics->confusion[i]};
        if (here.truth == here.prediction || here.count == 0)
            continue;
        int at = found;
        while (at > 0 && largest[at - 1].count < here.count)
            at--;
        if (at == CONFUSIONS_SHOWN)
            continue;
        found += found < CONFUSIONS_SHOWN;
        memmove(largest + at + 1, largest + at, (size_t)(found - at - 1) * sizeof *largest);
        largest[at] = here;
    }
    return found;
}

static void put_confusions(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names) {
    confusion largest[CONFUSIONS_SHOWN];
    int found = largest_confusions(metrics, largest);
    if (found)
        cam_strbuf_puts(buf, "\nlargest confusions\n");
    for (int i = 0; i < found; i++) {
        cam_strbuf_puts(buf, "  ");
        cam_plain_put(buf, names[largest[i].truth], CONFUSION_COLUMNS);
        cam_strbuf_puts(buf, " taken for ");
        cam_plain_put(buf, names[largest[i].prediction], CONFUSION_COLUMNS);
        cam_strbuf_puts(buf, ": ");
        cam_plain_put_count(buf, largest[i].count);
        cam_strbuf_putc(buf, '\n');
    }
}

void cam_metrics_put_table(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names) {
    int width = name_width(metrics, names);
    put_scores(buf, metrics, names, width);
    if (metrics->labels <= MATRIX_LABELS)
        put_matrix(buf, metrics, names, width);
    put_confusions(buf, metrics, names);
}
