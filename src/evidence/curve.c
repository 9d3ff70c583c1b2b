/* curve.c: see curve.h. */
#include "curve.h"
#include "log.h"
#include "plain.h"
#include "power_law.h"
#include "split.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each has 1.6 times the rows of the one before. With fewer rows than a quarter many a training has too few steps. */
static const double shares[] = {0.25, 0.4, 0.63, 1};
enum { SHARES = sizeof shares / sizeof shares[0], GAINING_LABELS = 5, LABEL_COLUMNS = 30 };
typedef struct curve {
    const cam_measure_task *task;
    cam_measurement_folder folder;
    cam_fold_plan plan;
    cam_fold_plan part[SHARES]; /* copies of the plan with the jobs of a share */
    cam_repeat_job *jobs;       /* [SHARES * plan.job_count] */
    int32_t *rows;              /* the training rows of the shares of each fold */
    cam_repeat_result *results;
    cam_figures figures[SHARES];
    double trained[SHARES]; /* training rows of a fold, the mean over folds */
    int has_law;
    cam_power_law law;
    cam_interval at_twice; /* accuracy */
    int64_t twice;         /* rows */
    cam_strbuf warnings;
} curve;

/* --- shares ------------------------------------------------------------------------------------------------------ */

typedef struct ranked_row {
    uint64_t rank;
    int32_t label, row;
} ranked_row;

static int by_label_and_rank(const void *a, const void *b) {
    const ranked_row *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_row(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* Takes a share of each label's rows, which `sorted` has in the order in which they join. Returns their number. */
static int64_t take_share(const ranked_row *sorted, int64_t count, double share, int32_t *out) {
    int64_t taken = 0;
    for (int64_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && sorted[end].label == sorted[first].label;)
            end++;
        int64_t want = (int64_t)ceil(share * (double)(end - first) - 1e-9);
        for (int64_t i = first; i < first + want; i++)
            out[taken++] = sorted[i].row;
    }
    qsort(out, (size_t)taken, sizeof *out, by_row);
    return taken;
}

static cam_status make_shares(curve *c) {
    cam_status st = CAM_OK;
    const cam_run *run = c->task->run;
    cam_fold_plan *plan = &c->plan;
    size_t rows = (size_t)plan->rows, jobs = (size_t)plan->job_count;
    uint64_t *rank = malloc((rows + 1) * sizeof *rank);
    ranked_row *sorted = malloc((rows + 1) * sizeof *sorted);
    c->rows = malloc((SHARES * rows * (size_t)plan->folds + 1) * sizeof *c->rows);
    c->jobs = calloc(SHARES * jobs, sizeof *c->jobs);
    if (!rank || !sorted || !c->rows || !c->jobs)
        CAM_FAIL(CAM_E_MEMORY, "no memory for shares of %zu rows", rows);
    cam_split_rank_texts(&run->corpus.files[CAM_PART_TRAIN], (uint32_t)run->config->split_seed, rank);
    for (int64_t f = 0; f < plan->folds; f++) {
        int64_t count = plan->train_count[f];
        for (int64_t i = 0; i < count; i++) {
            int32_t row = plan->train[f * plan->rows + i];
            sorted[i] = (ranked_row){rank[row], run->corpus.label[row], row};
        }
        qsort(sorted, (size_t)count, sizeof *sorted, by_label_and_rank);
        for (int s = 0; s < SHARES; s++) {
            int32_t *list = c->rows + ((int64_t)s * plan->folds + f) * plan->rows;
            int64_t taken = take_share(sorted, count, shares[s], list);
            c->trained[s] += (double)taken / (double)plan->folds;
            for (size_t j = (size_t)f; j < jobs; j += (size_t)plan->folds) {
                cam_repeat_job *job = &c->jobs[(size_t)s * jobs + j];
                *job = plan->jobs[j];
                job->training.train = list;
                job->training.train_count = taken;
                snprintf(job->name, sizeof job->name, "%lld rows, seed %lld, fold %lld", (long long)taken,
                         (long long)job->seed, (long long)f + 1);
            }
        }
    }
    for (int s = 0; s < SHARES; s++) {
        c->part[s] = *plan;
        c->part[s].jobs = c->jobs + (size_t)s * jobs;
    }
out:
    free(rank);
    free(sorted);
    return st;
}

/* --- figures ----------------------------------------------------------------------------------------------------- */

/* The law through the errors of one end of the intervals, or through the errors themselves. */
static double expect(const curve *c, double (*of)(const cam_interval *), double rows, cam_power_law *law) {
    double error[SHARES], weight[SHARES];
    for (int s = 0; s < SHARES; s++) {
        const cam_interval *a = &c->figures[s].scores.accuracy;
        double width = a->high - a->low;
        error[s] = 1 - of(a);
        weight[s] = width > 0 ? 1 / (width * width) : 1e6;
    }
    if (cam_power_law_fit(c->trained, error, weight, SHARES, law) != CAM_OK)
        return NAN;
    return 1 - cam_power_law_at(law, rows);
}

static double value_of(const cam_interval *i) {
    return i->value;
}
static double low_of(const cam_interval *i) {
    return i->low;
}
static double high_of(const cam_interval *i) {
    return i->high;
}

static void find_law(curve *c) {
    cam_power_law other;
    c->twice = 2 * c->plan.rows;
    double twice = (double)c->twice;
    c->at_twice.value = expect(c, value_of, twice, &c->law);
    c->at_twice.low = expect(c, low_of, twice, &other);
    c->at_twice.high = expect(c, high_of, twice, &other);
    c->has_law = !isnan(c->at_twice.value) && !isnan(c->at_twice.low) && !isnan(c->at_twice.high);
    if (!c->has_law)
        cam_strbuf_puts(&c->warnings, "no power law fits the points: more rows cannot be judged\n");
}

static cam_status find_figures(curve *c) {
    cam_status st = CAM_OK;
    cam_predictions p = {0};
    for (int s = 0; s < SHARES; s++) {
        CAM_TRY(cam_predictions_of_results(&p, c->task->run, &c->part[s], c->results + s * c->plan.job_count));
        CAM_TRY(cam_figures_find(&c->figures[s], &p, c->task->config->confidence));
        cam_predictions_release(&p);
    }
    find_law(c);
out:
    cam_predictions_release(&p);
    return st;
}

typedef struct gain {
    double value;
    int64_t label;
} gain;

static int by_gain(const void *a, const void *b) {
    const gain *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value ? -1 : 1) : x->label < y->label ? -1 : x->label > y->label;
}

/* What the F1 of each label rose by from the share before the last to all rows, the largest first. */
static gain *list_gains(const curve *c) {
    gain *list = calloc((size_t)c->plan.labels + 1, sizeof *list);
    for (int64_t k = 0; list && k < c->plan.labels; k++)
        list[k] = (gain){c->figures[SHARES - 1].scores.f1[k].value - c->figures[SHARES - 2].scores.f1[k].value, k};
    if (list)
        qsort(list, (size_t)c->plan.labels, sizeof *list, by_gain);
    return list;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static void put_interval(cam_json *json, const char *key, cam_interval i) {
    cam_json_object(json, key);
    cam_json_number(json, "value", i.value);
    cam_json_number(json, "low", i.low);
    cam_json_number(json, "high", i.high);
    cam_json_close(json);
}

static void put_law(const curve *c, cam_json *json) {
    cam_json_object(json, "power_law");
    cam_json_number(json, "a", c->law.a);
    cam_json_number(json, "b", c->law.b);
    cam_json_number(json, "c", c->law.c);
    cam_json_number(json, "rmse", c->law.rmse);
    cam_json_close(json);
    cam_json_object(json, "at_twice");
    cam_json_integer(json, "rows", c->twice);
    cam_json_number(json, "accuracy", c->at_twice.value);
    cam_json_number(json, "low", c->at_twice.low);
    cam_json_number(json, "high", c->at_twice.high);
    cam_json_close(json);
}

static cam_status write_json(const curve *c, const gain *gains) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    const cam_config *config = c->task->config;
    const char *const *names = (const char *const *)c->task->run->corpus.labels.names;
    cam_json_begin(&json, &text);
    cam_json_text(&json, "format", "cam-train curve 1");
    cam_json_text(&json, "version", CAM_VERSION);
    cam_json_integer(&json, "rows", c->plan.rows);
    cam_json_integer(&json, "folds", c->plan.folds);
    cam_json_number(&json, "confidence", config->confidence);
    cam_json_text(&json, "model", config->model_name_or_path);
    cam_json_array(&json, "points");
    for (int s = 0; s < SHARES; s++) {
        cam_json_object(&json, NULL);
        cam_json_integer(&json, "rows", llround(c->trained[s]));
        put_interval(&json, "accuracy", c->figures[s].scores.accuracy);
        put_interval(&json, "f1_macro", c->figures[s].scores.f1_macro);
        cam_json_close(&json);
    }
    cam_json_close(&json);
    if (c->has_law)
        put_law(c, &json);
    cam_json_array(&json, "labels");
    for (int64_t k = 0; k < c->plan.labels; k++) {
        cam_json_object(&json, NULL);
        cam_json_text(&json, "label", names[gains[k].label]);
        cam_json_number(&json, "gain", gains[k].value);
        cam_json_close(&json);
    }
    cam_json_close(&json);
    cam_json_lines(&json, "warnings", cam_strbuf_text(&c->warnings));
    cam_json_end(&json);
    cam_strbuf_putc(&text, '\n');
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK)
        st = cam_run_folder_put(&c->folder.folder, CAM_CURVE_FILE, &text);
    cam_strbuf_release(&text);
    return st;
}

static void put_point(cam_strbuf *out, const char *head, cam_interval accuracy, const cam_interval *f1) {
    cam_strbuf_printf(out, "%-20s  %.4f  %.4f to %.4f", head, accuracy.value, accuracy.low, accuracy.high);
    if (f1)
        cam_strbuf_printf(out, "  %.4f  %.4f to %.4f", f1->value, f1->low, f1->high);
    cam_strbuf_putc(out, '\n');
}

static void put_table(const curve *c, const gain *gains, cam_strbuf *out) {
    const char *const *names = (const char *const *)c->task->run->corpus.labels.names;
    cam_strbuf head = CAM_STRBUF_INIT;
    cam_strbuf_printf(out, "\n%-20s%8s  %-16s%8s  %s\n", "training rows", "accuracy", "interval", "f1_macro",
                      "interval");
    for (int s = 0; s < SHARES; s++) {
        cam_strbuf_clear(&head);
        cam_plain_put_count(&head, llround(c->trained[s]));
        put_point(out, cam_strbuf_text(&head), c->figures[s].scores.accuracy, &c->figures[s].scores.f1_macro);
    }
    if (c->has_law) {
        cam_strbuf_clear(&head);
        cam_plain_put_count(&head, c->twice);
        cam_strbuf_puts(&head, " (expected)");
        put_point(out, cam_strbuf_text(&head), c->at_twice, NULL);
        cam_strbuf_printf(out, "by the power law error = %.3g n^-%.3g + %.3g (off by %.2g at the points)\n", c->law.a,
                          c->law.b, c->law.c, c->law.rmse);
    }
    cam_strbuf_puts(out, "\nlabels that gained most by the last step, in f1\n");
    for (int64_t k = 0; k < c->plan.labels && k < GAINING_LABELS; k++) {
        cam_strbuf_puts(out, "  ");
        cam_plain_put_padded(out, names[gains[k].label], LABEL_COLUMNS);
        cam_strbuf_printf(out, "  %+.4f\n", gains[k].value);
    }
    cam_strbuf_printf(out, "\nin \"%s\"\n  " CAM_CURVE_FILE "     all figures\n", c->task->config->output_dir);
    cam_measurement_folder_put_page_line(c->task->config, 15, out);
    cam_strbuf_release(&head);
}

/* --- the work ---------------------------------------------------------------------------------------------------- */

static cam_status repeat(curve *c) {
    cam_status st = CAM_OK;
    const cam_measure_task *task = c->task;
    cam_repeat_cost cost;
    cam_repeat_task work = {.run = task->run,
                            .backend = task->backend,
                            .group = task->group,
                            .folder = cam_group_rank(task->group) == 0 ? &c->folder.folder : NULL,
                            .prefix = CAM_REPEAT_POINTS,
                            .identity = c->folder.identity,
                            .jobs = c->jobs,
                            .job_count = SHARES * c->plan.job_count,
                            .progress = task->progress};
    c->results = calloc((size_t)work.job_count, sizeof *c->results);
    if (!c->results)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld trainings", (long long)work.job_count);
    st = cam_repeat(&work, c->results, &cost);
    if (st == CAM_E_STOPPED)
        CAM_FAIL(CAM_E_STOPPED,
                 "stopped by a signal; finished trainings are kept in \"%s\": the same command goes on "
                 "with the next one",
                 task->config->output_dir);
out:
    return st;
}

static cam_status conclude(curve *c) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    gain *gains = NULL;
    CAM_TRY(find_figures(c));
    gains = list_gains(c);
    if (!gains)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld labels", (long long)c->plan.labels);
    CAM_TRY(write_json(c, gains));
    CAM_TRY(cam_measurement_folder_put_page(&c->folder, c->task->config));
    CAM_TRY(cam_measurement_folder_finish(&c->folder));
    CAM_TRY(cam_repeat_remove_files(&c->folder.folder));
    put_table(c, gains, &text);
    cam_log_each_line(cam_strbuf_text(&text), cam_log);
    cam_log_each_line(cam_strbuf_text(&c->warnings), cam_log_warn);
out:
    cam_strbuf_release(&text);
    free(gains);
    return st;
}

static cam_status draw(curve *c) {
    cam_status st = CAM_OK;
    const cam_measure_task *task = c->task;
    cam_group *group = task->group;
    cam_facts facts = {0};
    CAM_TRY(cam_group_agree_status(group, "making folds", cam_fold_plan_make(&c->plan, task->run)));
    CAM_TRY(cam_group_agree_status(group, "making shares", make_shares(c)));
    CAM_TRY(cam_group_agree_status(group, "reading the model",
                                   cam_measurement_facts(task->run, task->config, task->backend, "curve", &facts)));
    CAM_TRY(cam_measurement_folder_open(&c->folder, task->config, &facts, group));
    if (c->folder.is_finished) {
        cam_log("output_dir \"%s\" holds this curve, finished: nothing is left to do; to draw it anew set "
                "overwrite_output_dir=true",
                task->config->output_dir);
        goto out;
    }
    CAM_TRY(repeat(c));
    CAM_TRY(cam_group_agree_status(group, "writing the curve", cam_group_rank(group) == 0 ? conclude(c) : CAM_OK));
out:
    cam_facts_release(&facts);
    return st;
}

cam_status cam_curve(const cam_measure_task *task) {
    curve c = {.task = task, .folder = CAM_MEASUREMENT_FOLDER_CLOSED, .warnings = CAM_STRBUF_INIT};
    cam_status st = draw(&c);
    cam_measurement_folder_close(&c.folder);
    for (int s = 0; s < SHARES; s++)
        cam_figures_release(&c.figures[s]);
    cam_repeat_release(c.results, SHARES * c.plan.job_count);
    cam_fold_plan_release(&c.plan);
    cam_strbuf_release(&c.warnings);
    free(c.jobs);
    free(c.rows);
    return st;
}
