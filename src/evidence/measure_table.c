/* measure_table.c: what the user reads of a measurement; see measure_internal.h. */
#include "measure_internal.h"
#include "plain.h"
#include "remedy.h"
#include <math.h>
#include <stdlib.h>

enum { WORST_LABELS = 5, LABEL_COLUMNS = 30, NAME_COLUMNS = 32 };

static void put_interval(cam_strbuf *out, cam_interval figure) {
    cam_strbuf_printf(out, "  %.4f  %.4f to %.4f", figure.value, figure.low, figure.high);
}

static void put_model(cam_strbuf *out, const char *name, const cam_figures *f) {
    cam_plain_put_padded(out, name, NAME_COLUMNS);
    put_interval(out, f->scores.accuracy);
    cam_strbuf_putc(out, '\n');
}

static void put_line(cam_strbuf *out, const char *name, cam_interval figure, double spread) {
    cam_strbuf_printf(out, "  %-*s", NAME_COLUMNS - 2, name);
    put_interval(out, figure);
    if (!isnan(spread))
        cam_strbuf_printf(out, "  %.4f", spread);
    cam_strbuf_putc(out, '\n');
}

static void put_scores(cam_strbuf *out, const cam_measure_state *m) {
    const cam_figures *f = &m->figures;
    int percent = (int)lround(100 * m->task->config->confidence);
    cam_strbuf_printf(out, "%-*s   value  %d %% interval%s\n", NAME_COLUMNS, "", percent,
                      f->seeds > 1 ? "       seeds" : "");
    put_line(out, "accuracy", f->scores.accuracy, f->spread_accuracy);
    put_line(out, "f1_macro", f->scores.f1_macro, f->spread_f1_macro);
    put_line(out, "f1_weighted", f->scores.f1_weighted, f->spread_f1_weighted);
    put_line(out, "loss", f->scores.loss, f->spread_loss);
    if (!m->has_baseline)
        return;
    cam_strbuf_putc(out, '\n');
    put_model(out, CAM_BASELINE_NAME, &m->baseline);
    put_line(out, "the model minus it", m->difference.accuracy, NAN);
    if (m->difference.p >= 0)
        cam_strbuf_printf(out, "  McNemar's exact test: p = %.2g\n", m->difference.p);
}

typedef struct ranked {
    double f1;
    int64_t label;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    return x->f1 != y->f1 ? (x->f1 < y->f1 ? -1 : 1) : x->label < y->label ? -1 : 1;
}

static int64_t taken_for(const cam_metrics *metrics, int64_t label) {
    int64_t most = -1, count = 0;
    for (int64_t k = 0; k < metrics->labels; k++)
        if (k != label && metrics->confusion[label * metrics->labels + k] > count) {
            most = k;
            count = metrics->confusion[label * metrics->labels + k];
        }
    return most;
}

static void put_worst(cam_strbuf *out, const cam_measure_state *m) {
    const cam_metrics *metrics = &m->figures.metrics;
    const char *const *names = (const char *const *)m->task->run->corpus.labels.names;
    ranked *list = calloc((size_t)metrics->labels + 1, sizeof *list);
    if (!list)
        return;
    for (int64_t k = 0; k < metrics->labels; k++)
        list[k] = (ranked){cam_metrics_class(metrics, k).f1, k};
    qsort(list, (size_t)metrics->labels, sizeof *list, compare_ranked);
    cam_strbuf_printf(out, "\n%-*s%6s  %6s  %-16s  %s\n", LABEL_COLUMNS - 8, "worst labels", "rows", "f1", "interval",
                      "most often taken for");
    for (int64_t i = 0; i < metrics->labels && i < WORST_LABELS; i++) {
        int64_t k = list[i].label, other = taken_for(metrics, k);
        cam_interval f1 = m->figures.scores.f1[k];
        cam_plain_put_padded(out, names[k], LABEL_COLUMNS - 8);
        cam_plain_put_count_aligned(out, cam_metrics_class(metrics, k).support / m->predictions.seeds, 6);
        cam_strbuf_printf(out, "  %.4f  %.4f to %.4f", f1.value, f1.low, f1.high);
        if (other >= 0) {
            cam_strbuf_puts(out, "  ");
            cam_plain_put(out, names[other], 22);
        }
        cam_strbuf_putc(out, '\n');
    }
    free(list);
}

static void put_files(cam_strbuf *out, const cam_measure_state *m) {
    const cam_config *config = m->task->config;
    cam_strbuf folder = CAM_STRBUF_INIT;
    cam_strbuf_printf(out, "\nin \"%s\"\n", config->output_dir);
    cam_strbuf_puts(out, "  measure.json   all figures; confusion.csv: given against predicted labels\n"
                         "  oof.jsonl      the scores of every row by a model that never saw it\n");
    cam_measurement_folder_put_page_line(config, 15, out);
    if (config->final) {
        cam_strbuf_puts(out, "  model          the model on all rows; README.md: its card with these scores\n");
        cam_shell_word_put(&folder, m->task->run->config->output_dir);
        cam_strbuf_printf(out, "next: use it\n  cam-train predict --model %s --input FILE\n", cam_strbuf_text(&folder));
    }
    cam_strbuf_release(&folder);
}

void cam_measure_table_put(const cam_measure_state *m, cam_strbuf *out) {
    cam_strbuf_putc(out, '\n');
    cam_strbuf_puts(out, "measured on ");
    cam_plain_put_counted(out, m->plan.rows, "row", "rows");
    cam_strbuf_puts(out, ", each by a model that did not see it\n");
    put_scores(out, m);
    put_worst(out, m);
    cam_strbuf_puts(out, "\ntime ");
    cam_plain_put_duration(out, m->wall_s);
    cam_strbuf_printf(out, " for %lld trainings", (long long)m->plan.job_count);
    if (m->calibration.outcome == CAM_CALIBRATION_KEPT || m->calibration.outcome == CAM_CALIBRATION_NOT_BETTER)
        cam_strbuf_printf(out, "; calibration error %.4f", m->calibration.before.ece);
    cam_strbuf_putc(out, '\n');
    put_files(out, m);
}

static void put_card_row(cam_strbuf *out, const char *name, const cam_figures *f) {
    const cam_interval *a = &f->scores.accuracy, *b = &f->scores.f1_macro;
    cam_strbuf_printf(out, "| %s | %.4f (%.4f to %.4f) | %.4f (%.4f to %.4f) |\n", name, a->value, a->low, a->high,
                      b->value, b->low, b->high);
}

void cam_measure_card_put(const cam_measure_state *m, cam_strbuf *out) {
    const cam_config *config = m->task->config;
    cam_strbuf_printf(out, "Measured by %lld-fold cross-validation", (long long)m->plan.folds);
    if (config->seeds.count > 1)
        cam_strbuf_printf(out, " with %zu seeds", config->seeds.count);
    cam_strbuf_puts(out, ": each of the ");
    cam_plain_put_counted(out, m->plan.rows, "row", "rows");
    cam_strbuf_puts(out,
                    " was scored by a\nmodel that was trained like this one without seeing it. This model has seen "
                    "all of them.\n\n| | accuracy | macro F1 |\n|---|---:|---:|\n");
    put_card_row(out, "measured", &m->figures);
    if (m->has_baseline)
        put_card_row(out, CAM_BASELINE_NAME ", the same folds", &m->baseline);
    cam_strbuf_printf(out, "\nIn brackets: %g %% intervals, by the bootstrap.\n", 100 * config->confidence);
    if (m->task->run->given.temperature > 0)
        cam_strbuf_printf(
            out,
            "\nThe scores are calibrated: the last layer is divided by the temperature %.4g, which these rows\n"
            "chose. Their expected calibration error was %.3f and is %.3f.\n",
            m->calibration.temperature, m->calibration.before.ece, m->calibration.after.ece);
    if (m->task->run->given.has_threshold)
        cam_strbuf_printf(
            out, "\nBelow the score %g `cam-train predict` gives no label, so that of the others %g %% are right.\n",
            m->task->run->given.threshold, 100 * m->task->run->given.target);
}
