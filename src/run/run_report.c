/* run_report.c: the report at the end of a run; see run_end_internal.h. */
#include "event_file.h"
#include "files.h"
#include "plain.h"
#include "remedy.h"
#include "run_end_internal.h"
#include "wrap.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    WIDTH = 80,
    WORST_LABELS = 5,
    LABEL_COLUMNS = 28, /* of a label in the table of worst labels */
    PART_COLUMNS = 12
};

/* The metrics that are shown at the end, bits of CAM_SHOWN_*. */
static const int shown[] = {
#define ROW(code, word, field, better, where) [code] = where,
    CAM_METRICS(ROW)
#undef ROW
};

/* --- scores ------------------------------------------------------------------------------------------------------ */

static int metric_columns(int metric) {
    int word = (int)strlen(cam_words_metric[metric]);
    return word > 6 ? word : 6;
}

static void put_scores_line(cam_strbuf *out, const char *name, int64_t rows, const double *value) {
    cam_strbuf_printf(out, "%-*s", PART_COLUMNS, name);
    cam_plain_put_count_aligned(out, rows, 9);
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++) {
        if (!(shown[m] & CAM_SHOWN_END))
            continue;
        if (value[m] >= 0)
            cam_strbuf_printf(out, "  %*.4f", metric_columns(m), value[m]);
        else
            cam_strbuf_printf(out, "  %*s", metric_columns(m), "");
    }
    while (out->length > 0 && out->text[out->length - 1] == ' ')
        cam_strbuf_resize(out, out->length - 1);
    cam_strbuf_putc(out, '\n');
}

static void put_scores(cam_strbuf *out, const cam_run_end *end) {
    if (!end->metrics[CAM_PART_VALIDATION] && !end->metrics[CAM_PART_TEST])
        return;
    cam_strbuf_printf(out, "%-*s%9s", PART_COLUMNS, "", "rows");
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
        if (shown[m] & CAM_SHOWN_END)
            cam_strbuf_printf(out, "  %*s", metric_columns(m), cam_words_metric[m]);
    cam_strbuf_putc(out, '\n');
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++) {
        if (!end->metrics[part])
            continue;
        double value[CAM_CHOICE_COUNT_metric];
        cam_scores scores = cam_metrics_scores(end->metrics[part]);
        for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
            value[m] = cam_metric_value((cam_metric)m, &scores);
        put_scores_line(out, cam_data_part_name((cam_data_part)part), scores.rows, value);
        if (end->baseline[part].rows == 0)
            continue;
        for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
            value[m] = -1;
        value[CAM_METRIC_ACCURACY] = end->baseline[part].accuracy;
        value[CAM_METRIC_F1_MACRO] = end->baseline[part].f1_macro;
        put_scores_line(out, "  TF-IDF", end->baseline[part].rows, value);
    }
}

/* --- worst labels ------------------------------------------------------------------------------------------------ */

/* The labels with the lowest F1 below 1 that have rows, lowest first; equal ones in their order. Returns their number. */
static int find_worst(const cam_metrics *metrics, int64_t worst[WORST_LABELS]) {
    double f1[WORST_LABELS];
    int found = 0;
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_class_scores label = cam_metrics_class(metrics, k);
        int at = found;
        while (at > 0 && f1[at - 1] > label.f1)
            at--;
        if (label.support == 0 || label.f1 == 1 || at == WORST_LABELS)
            continue;
        found += found < WORST_LABELS;
        memmove(worst + at + 1, worst + at, (size_t)(found - at - 1) * sizeof *worst);
        memmove(f1 + at + 1, f1 + at, (size_t)(found - at - 1) * sizeof *f1);
        worst[at] = k;
        f1[at] = label.f1;
    }
    return found;
}

/* The label for which a label's rows are most often taken; -1 if all are right. */
static int64_t taken_for(const cam_metrics *metrics, int64_t label, int64_t *count) {
    int64_t most = -1;
    *count = 0;
    for (int64_t k = 0; k < metrics->labels; k++) {
        int64_t rows = metrics->confusion[label * metrics->labels + k];
        if (k == label || rows <= *count)
            continue;
        most = k;
        *count = rows;
    }
    return most;
}

static void put_worst(cam_strbuf *out, const cam_run_end *end) {
    const cam_metrics *validation = end->metrics[CAM_PART_VALIDATION], *test = end->metrics[CAM_PART_TEST];
    cam_data_part part = test && (!validation || test->rows > validation->rows) ? CAM_PART_TEST : CAM_PART_VALIDATION;
    const char *const *names = (const char *const *)end->run->corpus.labels.names;
    const cam_metrics *metrics = end->metrics[part];
    int64_t worst[WORST_LABELS], count;
    int found = metrics ? find_worst(metrics, worst) : 0;
    if (found == 0)
        return;
    cam_strbuf title = CAM_STRBUF_INIT;
    cam_strbuf_printf(&title, "worst labels, %s", cam_data_part_name(part));
    cam_strbuf_printf(out, "\n%-*s  %6s  %7s  %s\n", LABEL_COLUMNS, cam_strbuf_text(&title), "f1", "rows",
                      "most often taken for");
    for (int i = 0; i < found; i++) {
        cam_class_scores label = cam_metrics_class(metrics, worst[i]);
        cam_plain_put_padded(out, names[worst[i]], LABEL_COLUMNS);
        cam_strbuf_printf(out, "  %6.4f  ", label.f1);
        cam_plain_put_count_aligned(out, label.support, 7);
        int64_t other = taken_for(metrics, worst[i], &count);
        if (other >= 0) {
            cam_strbuf_puts(out, "  ");
            cam_plain_put(out, names[other], LABEL_COLUMNS - 4);
            cam_strbuf_puts(out, " (");
            cam_plain_put_count(out, count);
            cam_strbuf_putc(out, ')');
        }
        cam_strbuf_putc(out, '\n');
    }
    cam_strbuf_release(&title);
}

/* --- what there is now, and what to do with it -------------------------------------------------------------------- */

void cam_run_cost_put(double wall_s, cam_strbuf *out) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    cam_strbuf_puts(out, "\ntime ");
    cam_plain_put_duration(out, wall_s);
    cam_strbuf_puts(out, ", peak memory ");
    cam_plain_put_bytes(out, 1024.0 * (double)usage.ru_maxrss);
    cam_strbuf_putc(out, '\n');
}

void cam_run_record_files_put(const cam_config *config, cam_strbuf *out) {
    cam_strbuf_puts(out, "  metrics.json       all figures");
    cam_strbuf_puts(out, config->report_to ? "; log.jsonl: every step\n" : "\n");
    if (config->report_to & CAM_CONFIG_REPORT_HTML)
        cam_strbuf_puts(out, "  report.html        the same to look at, in a browser\n");
    if (config->report_to & CAM_CONFIG_REPORT_TENSORBOARD)
        cam_strbuf_puts(out, "  " CAM_EVENT_FILE "  the same for TensorBoard\n");
}

static void put_files(cam_strbuf *out, const cam_run_end *end) {
    cam_strbuf_printf(out, "\nin \"%s\"\n  model.safetensors  the model; README.md: its card\n  mistakes.csv       ",
                      end->run->config->output_dir);
    cam_plain_put_counted(out, end->mistakes, "row that was taken for another label\n",
                          end->mistakes ? "rows that were taken for another label, the worst first\n"
                                        : "mistakes outside the training rows\n");
    cam_strbuf_puts(out, "  split.tsv          which row went into which part\n");
    cam_run_record_files_put(end->run->config, out);
}

/* Appends "cam-train VERB --model DIR" and, on a second line where one would be too long, the options of `rest`. */
static void put_command(cam_strbuf *out, const cam_run_end *end, const char *verb, const char *rest) {
    size_t begin = out->length;
    cam_strbuf_printf(out, "  cam-train %s --model ", verb);
    cam_shell_word_put(out, end->run->config->output_dir);
    int fits = out->length > begin && cam_plain_columns(out->text + begin) + 1 + cam_plain_columns(rest) <= WIDTH;
    cam_strbuf_put_all(out, fits ? " " : " \\\n    ", rest, "\n", NULL);
}

static void put_next(cam_strbuf *out, const cam_run_end *end) {
    const cam_config *config = end->run->config;
    cam_strbuf rest = CAM_STRBUF_INIT;
    cam_strbuf_puts(out, "\nnext: predict (with a file of new texts in place of this one), and score\n");
    cam_strbuf_puts(&rest, "--input ");
    cam_shell_word_put(&rest, config->train_file);
    put_command(out, end, "predict", cam_strbuf_text(&rest));
    cam_strbuf_clear(&rest);
    cam_strbuf_puts(&rest, "--data ");
    cam_shell_word_put(&rest, config->train_file);
    put_command(out, end, "eval", cam_strbuf_text(&rest));
    cam_strbuf_release(&rest);
}

/* Appends a line, wrapped as it stands behind "warning: ", without this beginning and without the line end. */
static void put_warning(cam_strbuf *out, const char *line) {
    static const char begin[] = "warning: ";
    cam_strbuf whole = CAM_STRBUF_INIT, lines = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&whole, begin, line, NULL);
    cam_put_wrapped(&lines, cam_strbuf_text(&whole));
    if (lines.length > sizeof begin)
        cam_strbuf_append(out, lines.text + sizeof begin - 1, lines.length - sizeof begin);
    cam_strbuf_release(&whole);
    cam_strbuf_release(&lines);
}

static void put_verdict(const cam_run_end *end, cam_strbuf *out) {
    const cam_command *command = end->run->command;
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&line, cam_strbuf_text(&end->verdict), end->settings.length > 0 ? "; train again:" : "", NULL);
    put_warning(out, cam_strbuf_text(&line));
    if (end->settings.length > 0) {
        cam_strbuf_puts(out, "\n  ");
        cam_command_put(command ? command : &(cam_command){0}, end->settings.text, out);
    }
    cam_strbuf_release(&line);
}

void cam_run_verdict_put(const cam_run_end *end, cam_strbuf *out) {
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_run_scores_warning_put(end->scores, &line);
    if (line.length > 0)
        put_warning(out, line.text);
    if (line.length > 0 && end->verdict.length > 0)
        cam_strbuf_puts(out, "\nwarning: ");
    if (end->verdict.length > 0)
        put_verdict(end, out);
    cam_strbuf_release(&line);
}

void cam_run_saved_put(const cam_run_end *end, cam_strbuf *out) {
    const cam_config *config = end->run->config;
    cam_strbuf_printf(out, "saved the model of step %lld to \"%s\" (", (long long)end->saved_step, config->output_dir);
    cam_plain_put_duration(out, end->wall_s);
    cam_strbuf_puts(out, ")\n\n");
    if (end->run->corpus.part_count[CAM_PART_VALIDATION] > 0) {
        int is_best = end->best->step == end->saved_step;
        cam_strbuf_printf(out, "%s epoch %.4g of %.4g (step ", is_best ? "best" : "last",
                          cam_plan_epoch(end->plan, end->saved_step), cam_plan_epoch(end->plan, end->plan->updates));
        cam_plain_put_count(out, end->saved_step);
        cam_strbuf_puts(out, " of ");
        cam_plain_put_count(out, end->plan->updates);
        cam_strbuf_printf(out, ")%s%s\n", is_best ? " by " : "", is_best ? cam_words_metric[end->best->metric] : "");
    }
}

void cam_run_report_put(const cam_run_end *end, cam_strbuf *out) {
    cam_run_saved_put(end, out);
    put_scores(out, end);
    cam_put_wrapped(out, cam_strbuf_text(&end->run->comparison));
    cam_run_scores_report_put(end->scores, out);
    put_worst(out, end);
    cam_run_cost_put(end->wall_s, out);
    put_files(out, end);
    put_next(out, end);
}
