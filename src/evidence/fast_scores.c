/* fast_scores.c: see fast_scores.h. */
#include "fast_scores.h"
#include "folds.h"
#include "log.h"
#include "tfidf.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct fast {
    const cam_corpus *corpus;
    const cam_cancel *cancel;
    size_t rows, labels;
    int32_t folds;
    int32_t *fold;       /* [rows] */
    const cam_row **row; /* [rows] those of training, then those held out */
    int32_t *label;      /* [rows] of `row` */
    int64_t *place;      /* [rows] the row number of a held-out row */
    double *held;        /* [rows, labels] margins of a fold */
    double *margins;     /* [rows, labels] */
} fast;

static void release(fast *f) {
    free(f->fold);
    free(f->row);
    free(f->label);
    free(f->place);
    free(f->held);
    free(f->margins);
}

static cam_status allocate(fast *f) {
    size_t cells = f->rows * f->labels + 1;
    f->fold = malloc((f->rows + 1) * sizeof *f->fold);
    f->row = malloc((f->rows + 1) * sizeof *f->row);
    f->label = malloc((f->rows + 1) * sizeof *f->label);
    f->place = malloc((f->rows + 1) * sizeof *f->place);
    f->held = malloc(cells * sizeof *f->held);
    f->margins = calloc(cells, sizeof *f->margins);
    return f->fold && f->row && f->label && f->place && f->held && f->margins
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory for the scores of %zu rows", f->rows);
}

static size_t add_rows(fast *f, int32_t fold, int held, size_t at) {
    for (size_t i = 0; i < f->rows; i++) {
        if ((f->fold[i] == fold) != held)
            continue;
        f->row[at] = &f->corpus->files[CAM_PART_TRAIN].rows[i];
        f->label[at] = f->corpus->label[i];
        f->place[at++] = (int64_t)i;
    }
    return at;
}

static cam_status score_fold(fast *f, int32_t fold) {
    size_t train = add_rows(f, fold, 0, 0), all = add_rows(f, fold, 1, train);
    cam_tfidf_task task = {.train = {f->row, f->label, train},
                           .held_out = {f->row + train, f->label + train, all - train},
                           .labels = f->labels,
                           .cancel = f->cancel};
    cam_status st = cam_tfidf_margins(&task, f->held);
    for (size_t i = train; st == CAM_OK && i < all; i++)
        for (size_t k = 0; k < f->labels; k++)
            f->margins[(size_t)f->place[i] * f->labels + k] = f->held[(i - train) * f->labels + k];
    return st;
}

/* --- probabilities --------------------------------------------------------------------------------------------- */

/* The logarithm of the sum of exp(scale m) over the labels, and their largest margin. */
static double log_sum(const double *margins, size_t labels, double scale) {
    double largest = -DBL_MAX, sum = 0;
    for (size_t k = 0; k < labels; k++)
        largest = margins[k] > largest ? margins[k] : largest;
    for (size_t k = 0; k < labels; k++)
        if (margins[k] > -DBL_MAX)
            sum += exp(scale * (margins[k] - largest));
    return scale * largest + log(sum);
}

/* The mean cross-entropy of the given labels; a label that no training row of the fold had does not count. */
static double loss_of(const fast *f, double scale) {
    double sum = 0;
    for (size_t i = 0; i < f->rows; i++) {
        const double *margins = f->margins + i * f->labels;
        double own = margins[f->corpus->label[i]];
        if (own > -DBL_MAX)
            sum += log_sum(margins, f->labels, scale) - scale * own;
    }
    return sum / (double)f->rows;
}

/* The loss is convex in the scale: golden section over its logarithm. */
static double find_scale(const fast *f) {
    enum { SECTIONS = 30 };
    const double golden = 0.6180339887498949;
    double low = log(0.1), high = log(100);
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = loss_of(f, exp(a)), at_b = loss_of(f, exp(b));
    for (int i = 0; i < SECTIONS; i++) {
        if (at_a <= at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = loss_of(f, exp(a));
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = loss_of(f, exp(b));
        }
    }
    return exp((low + high) / 2);
}

static void put_scores(const fast *f, double scale, cam_out_of_fold *oof) {
    for (size_t i = 0; i < f->rows; i++) {
        const double *margins = f->margins + i * f->labels;
        float *scores = cam_out_of_fold_scores(oof, (int64_t)i, 0);
        double sum = log_sum(margins, f->labels, scale);
        for (size_t k = 0; k < f->labels; k++)
            scores[k] = margins[k] > -DBL_MAX ? (float)exp(scale * margins[k] - sum) : 0;
        oof->fold[i] = f->fold[i];
    }
}

cam_status cam_fast_scores(cam_out_of_fold *oof, const cam_corpus *corpus, const cam_config *config,
                           const cam_cancel *cancel) {
    cam_status st = CAM_OK;
    fast f = {.corpus = corpus,
              .cancel = cancel,
              .rows = corpus->files[CAM_PART_TRAIN].count,
              .labels = corpus->labels.count,
              .folds = (int32_t)config->folds};
    int64_t *ids = malloc((f.rows + 1) * sizeof *ids);
    *oof = (cam_out_of_fold){0};
    if (!ids)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows", f.rows);
    CAM_TRY(allocate(&f));
    CAM_TRY(cam_folds_stratified(f.fold, f.rows, f.folds, (uint32_t)config->split_seed, corpus->label, f.labels, NULL));
    for (int32_t fold = 0; fold < f.folds; fold++) {
        CAM_TRY(score_fold(&f, fold));
        cam_log_verbose("fold %d of %d scored by TF-IDF", (int)fold + 1, (int)f.folds);
    }
    for (size_t i = 0; i < f.rows; i++)
        ids[i] = (int64_t)i;
    CAM_TRY(cam_out_of_fold_init(oof, corpus, ids, (int64_t)f.rows, &config->split_seed, 1, f.folds, "tfidf"));
    put_scores(&f, find_scale(&f), oof);
out:
    free(ids);
    release(&f);
    return st;
}
