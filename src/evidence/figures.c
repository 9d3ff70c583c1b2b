/* figures.c: see figures.h. */
#include "figures.h"
#include "tfidf.h"
#include "threads.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 42 }; /* of the bootstrap's draws: the same data give the same intervals */

/* --- predictions ------------------------------------------------------------------------------------------------- */

static cam_status open_predictions(cam_predictions *p, const cam_run *run, const cam_fold_plan *plan, int32_t seeds) {
    size_t rows = (size_t)plan->rows, all = rows * (size_t)seeds;
    *p = (cam_predictions){.rows = plan->rows,
                           .labels = plan->labels,
                           .seeds = seeds,
                           .group = plan->groups.of_row,
                           .groups = plan->groups.count};
    p->row_id = malloc((rows + 1) * sizeof *p->row_id);
    p->truth = malloc((all + 1) * sizeof *p->truth);
    p->unit = malloc((all + 1) * sizeof *p->unit);
    p->predicted = malloc((all + 1) * sizeof *p->predicted);
    if (!p->row_id || !p->truth || !p->unit || !p->predicted)
        return cam_fail(CAM_E_MEMORY, "no memory for the predictions of %zu rows", rows);
    for (size_t i = 0; i < all; i++) {
        size_t row = i / (size_t)seeds;
        p->row_id[row] = (int32_t)row;
        p->truth[i] = run->corpus.label[row];
        p->unit[i] = plan->groups.of_row ? plan->groups.of_row[row] : (int32_t)row;
    }
    return CAM_OK;
}

cam_status cam_predictions_of_results(cam_predictions *p, const cam_run *run, const cam_fold_plan *plan,
                                      const cam_repeat_result *results) {
    cam_status st = CAM_OK;
    int32_t seeds = (int32_t)(plan->job_count / plan->folds);
    size_t all = (size_t)plan->rows * (size_t)seeds, labels = (size_t)plan->labels;
    CAM_TRY(open_predictions(p, run, plan, seeds));
    p->loss = malloc((all + 1) * sizeof *p->loss);
    p->logits = malloc((all * labels + 1) * sizeof *p->logits);
    if (!p->loss || !p->logits)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the predictions of %lld rows", (long long)plan->rows);
    for (int64_t j = 0; j < plan->job_count; j++)
        for (int64_t h = 0; h < plan->jobs[j].held_count; h++) {
            int64_t i = plan->jobs[j].held_out[h] * (int64_t)seeds + j / plan->folds;
            const float *logits = results[j].logits + (size_t)h * labels;
            p->predicted[i] = (int32_t)cam_argmax(logits, plan->labels);
            p->loss[i] = cam_cross_entropy(logits, plan->labels, p->truth[i]);
            memcpy(p->logits + (size_t)i * labels, logits, labels * sizeof *logits);
        }
out:
    return st;
}

cam_status cam_predictions_of_labels(cam_predictions *p, const cam_run *run, const cam_fold_plan *plan,
                                     const int32_t *predicted, int32_t seeds) {
    cam_status st = open_predictions(p, run, plan, seeds);
    for (int64_t i = 0; st == CAM_OK && i < plan->rows * seeds; i++)
        p->predicted[i] = predicted[i / seeds];
    return st;
}

void cam_predictions_release(cam_predictions *p) {
    free(p->row_id);
    free(p->truth);
    free(p->unit);
    free(p->predicted);
    free(p->loss);
    free(p->logits);
    *p = (cam_predictions){0};
}

/* --- figures ----------------------------------------------------------------------------------------------------- */

static cam_bootstrap_rows rows_of(const cam_predictions *p) {
    return (cam_bootstrap_rows){.rows = p->rows * p->seeds,
                                .labels = p->labels,
                                .truth = p->truth,
                                .predicted = p->predicted,
                                .loss = p->loss,
                                .units = p->group ? p->groups : p->rows,
                                .unit = p->unit};
}

static cam_bootstrap_options options_of(double confidence) {
    return (cam_bootstrap_options){
        .seed = SEED, .resamples = CAM_BOOTSTRAP_RESAMPLES, .confidence = confidence, .threads = cam_threads()};
}

static double deviation(const double *values, int32_t count) {
    double mean = 0, sum = 0;
    if (count < 2)
        return NAN;
    for (int32_t i = 0; i < count; i++)
        mean += values[i] / count;
    for (int32_t i = 0; i < count; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return sqrt(sum / (count - 1));
}

static void add(cam_metrics *metrics, const cam_predictions *p, int64_t i) {
    metrics->rows++;
    metrics->confusion[p->truth[i] * p->labels + p->predicted[i]]++;
    metrics->loss_sum += p->loss ? p->loss[i] : 0;
}

/* The figures of each seed alone, and how far they lie apart. */
static cam_status find_spread(cam_figures *f, const cam_predictions *p) {
    cam_status st = CAM_OK;
    cam_metrics one = {0};
    double *values = malloc(4 * (size_t)p->seeds * sizeof *values);
    if (!values)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the figures of %d seeds", p->seeds);
    double *accuracy = values, *macro = accuracy + p->seeds, *weighted = macro + p->seeds, *loss = weighted + p->seeds;
    CAM_TRY(cam_metrics_init(&one, p->labels));
    for (int32_t s = 0; s < p->seeds; s++) {
        cam_metrics_clear(&one);
        for (int64_t r = 0; r < p->rows; r++)
            add(&one, p, r * p->seeds + s);
        cam_scores scores = cam_metrics_scores(&one);
        accuracy[s] = scores.accuracy;
        macro[s] = scores.f1_macro;
        weighted[s] = scores.f1_weighted;
        loss[s] = scores.loss;
        cam_metrics_merge(&f->metrics, &one);
    }
    f->spread_accuracy = deviation(accuracy, p->seeds);
    f->spread_f1_macro = deviation(macro, p->seeds);
    f->spread_f1_weighted = deviation(weighted, p->seeds);
    f->spread_loss = p->loss ? deviation(loss, p->seeds) : NAN;
out:
    cam_metrics_release(&one);
    free(values);
    return st;
}

cam_status cam_figures_find(cam_figures *f, const cam_predictions *p, double confidence) {
    cam_status st = CAM_OK;
    cam_bootstrap_rows rows = rows_of(p);
    cam_bootstrap_options options = options_of(confidence);
    *f = (cam_figures){.has_loss = p->loss != NULL, .seeds = p->seeds};
    f->scores.f1 = calloc((size_t)p->labels + 1, sizeof *f->scores.f1);
    if (!f->scores.f1)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the figures of %lld labels", (long long)p->labels);
    CAM_TRY(cam_metrics_init(&f->metrics, p->labels));
    CAM_TRY(find_spread(f, p));
    CAM_TRY(cam_bootstrap(&rows, &options, &f->scores));
out:
    return st;
}

void cam_figures_release(cam_figures *f) {
    free(f->scores.f1);
    cam_metrics_release(&f->metrics);
    *f = (cam_figures){0};
}

static void put_figure(cam_json *json, const char *key, cam_interval figure, double spread) {
    cam_json_object(json, key);
    cam_json_number(json, "value", figure.value);
    cam_json_number(json, "low", figure.low);
    cam_json_number(json, "high", figure.high);
    if (!isnan(spread))
        cam_json_number(json, "seed_spread", spread);
    cam_json_close(json);
}

void cam_figures_put(const cam_figures *f, cam_json *json, const char *key) {
    cam_json_object(json, key);
    put_figure(json, "accuracy", f->scores.accuracy, f->spread_accuracy);
    put_figure(json, "f1_macro", f->scores.f1_macro, f->spread_f1_macro);
    put_figure(json, "f1_weighted", f->scores.f1_weighted, f->spread_f1_weighted);
    if (f->has_loss)
        put_figure(json, "loss", f->scores.loss, f->spread_loss);
    cam_json_close(json);
}

/* --- differences ------------------------------------------------------------------------------------------------- */

static cam_status test_first_seed(const cam_predictions *a, const cam_predictions *b, double *p) {
    cam_status st = CAM_OK;
    size_t rows = (size_t)a->rows;
    int32_t *columns = malloc((3 * rows + 1) * sizeof *columns);
    if (!columns)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare the predictions of %zu rows", rows);
    for (size_t r = 0; r < rows; r++) {
        columns[r] = a->truth[r * (size_t)a->seeds];
        columns[rows + r] = a->predicted[r * (size_t)a->seeds];
        columns[2 * rows + r] = b->predicted[r * (size_t)b->seeds];
    }
    *p = cam_mcnemar_exact(a->rows, columns, columns + rows, columns + 2 * rows).p;
out:
    free(columns);
    return st;
}

cam_status cam_figures_compare(const cam_predictions *first, const cam_predictions *second, double confidence,
                               cam_figures_difference *difference) {
    cam_status st = CAM_OK;
    cam_bootstrap_rows a = rows_of(first), b = rows_of(second);
    cam_bootstrap_options options = options_of(confidence);
    cam_bootstrap_scores scores = {.f1 = NULL};
    a.loss = b.loss = NULL;
    CAM_TRY(cam_paired_bootstrap(&a, &b, &options, &scores));
    *difference = (cam_figures_difference){.accuracy = scores.accuracy, .f1_macro = scores.f1_macro, .p = -1};
    if (!first->group)
        CAM_TRY(test_first_seed(first, second, &difference->p));
out:
    return st;
}

/* --- baseline ---------------------------------------------------------------------------------------------------- */

cam_status cam_fold_baseline(const cam_run *run, const cam_fold_plan *plan, const cam_cancel *cancel,
                             int32_t *predicted) {
    cam_status st = CAM_OK;
    size_t rows = (size_t)plan->rows;
    const cam_row **row = malloc((rows + 1) * sizeof *row);
    int32_t *label = malloc((rows + 1) * sizeof *label), *out_of = malloc((rows + 1) * sizeof *out_of);
    if (!row || !label || !out_of)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the TF-IDF baseline of %zu rows", rows);
    for (int64_t f = 0; f < plan->folds; f++) {
        size_t train = (size_t)plan->train_count[f], held = (size_t)cam_fold_plan_held_out(plan, f);
        const int32_t *held_out = plan->held_out + plan->begin[f];
        for (size_t i = 0; i < train + held; i++) {
            int32_t id = i < train ? plan->train[(size_t)f * rows + i] : held_out[i - train];
            row[i] = cam_corpus_row(&run->corpus, id);
            label[i] = run->corpus.label[id];
        }
        cam_tfidf_task task = {.train = {row, label, train},
                               .held_out = {row + train, label + train, held},
                               .labels = (size_t)plan->labels,
                               .cancel = cancel};
        CAM_TRY(cam_tfidf_predict(&task, out_of));
        for (size_t i = 0; i < held; i++)
            predicted[held_out[i]] = out_of[i];
    }
out:
    free(row);
    free(label);
    free(out_of);
    return st;
}
