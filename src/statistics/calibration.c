/* calibration.c: see calibration.h. The sought number is beta = 1 / T: the loss is convex in it. */
#include "calibration.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of beta. A fit that ends at one of them has no minimum. */
static const double LOWEST = 0.01, HIGHEST = 100;

typedef struct sample {
    const float *logits; /* [rows,labels] */
    const int32_t *label;
    int64_t rows, labels;
} sample;

/* --- the loss of rows ---------------------------------------------------------------------------------------------- */

/* The summed loss, with its first and second derivative by beta. */
typedef struct loss {
    double value, slope, curvature;
} loss;

/* As numpy.argmax. */
static int64_t best_label(const float *logits, int64_t labels) {
    int64_t best = 0;
    for (int64_t k = 0; k < labels && !isnan(logits[best]); k++)
        if (logits[k] > logits[best] || isnan(logits[k]))
            best = k;
    return best;
}

static void add_row(const float *logits, int64_t labels, int64_t label, double beta, loss *sum) {
    double top = logits[best_label(logits, labels)], own = logits[label] - top;
    double s0 = 0, s1 = 0, s2 = 0;
    for (int64_t k = 0; k < labels; k++) {
        double z = logits[k] - top, e = exp(beta * z);
        s0 += e;
        s1 += z * e;
        s2 += z * z * e;
    }
    double mean = s1 / s0;
    sum->value += log(s0) - beta * own;
    sum->slope += mean - own;
    sum->curvature += s2 / s0 - mean * mean;
}

enum { NO_FOLD = -1 };

static int is_in(int64_t row, int fold) {
    return fold != NO_FOLD && row % CAM_CALIBRATION_FOLDS == fold;
}

/* Of the rows outside the fold, or of those in it. */
static loss loss_of(const sample *s, int fold, int inside, double beta) {
    loss sum = {0};
    for (int64_t i = 0; i < s->rows; i++)
        if (is_in(i, fold) == inside)
            add_row(s->logits + i * s->labels, s->labels, s->label[i], beta, &sum);
    return sum;
}

/* Newton's method; where a step leaves the interval in which the minimum is known to lie, or many have been made, the
 * interval is halved. LOWEST or HIGHEST where the loss only grows or falls. */
static double fit(const sample *s, int fold, double begin) {
    enum { STEPS = 100, NEWTON_STEPS = 30 };
    double low = LOWEST, high = HIGHEST, beta = begin;
    if (loss_of(s, fold, 0, LOWEST).slope >= 0)
        return LOWEST;
    if (loss_of(s, fold, 0, HIGHEST).slope <= 0)
        return HIGHEST;
    for (int i = 0; i < STEPS; i++) {
        loss here = loss_of(s, fold, 0, beta);
        if (here.slope > 0)
            high = beta;
        else
            low = beta;
        double next = beta - here.slope / here.curvature;
        if (i >= NEWTON_STEPS || !(next > low && next < high))
            next = sqrt(low * high);
        if (fabs(next - beta) <= 1e-13 * beta)
            return next;
        beta = next;
    }
    return beta;
}

/* --- scores -------------------------------------------------------------------------------------------------------- */

static void score_row(const float *logits, int64_t labels, int64_t label, double beta, double *score,
                      unsigned char *right) {
    int64_t best = best_label(logits, labels);
    double top = logits[best], sum = 0;
    for (int64_t k = 0; k < labels; k++)
        sum += exp(beta * (logits[k] - top));
    *score = 1 / sum;
    *right = best == label;
}

void cam_calibration_scores(const float *logits, const int32_t *label, int64_t rows, int64_t labels, double temperature,
                            double *score, unsigned char *right) {
    for (int64_t i = 0; i < rows; i++)
        score_row(logits + i * labels, labels, label[i], 1 / temperature, score + i, right + i);
}

static int bin_of(double score) {
    double bin = ceil(score * CAM_RELIABILITY_BINS) - 1;
    if (!(bin > 0)) /* NaN as well */
        return 0;
    return bin < CAM_RELIABILITY_BINS ? (int)bin : CAM_RELIABILITY_BINS - 1;
}

void cam_reliability_measure(const double *score, const unsigned char *right, int64_t rows, cam_reliability *out) {
    *out = (cam_reliability){.rows = rows};
    for (int64_t i = 0; i < rows; i++) {
        cam_reliability_bin *bin = &out->bins[bin_of(score[i])];
        bin->rows++;
        bin->score += score[i];
        bin->accuracy += right[i];
    }
    for (int b = 0; b < CAM_RELIABILITY_BINS; b++) {
        cam_reliability_bin *bin = &out->bins[b];
        bin->low = (double)b / CAM_RELIABILITY_BINS;
        bin->high = (double)(b + 1) / CAM_RELIABILITY_BINS;
        if (bin->rows == 0)
            continue;
        out->ece += fabs(bin->accuracy - bin->score) / (double)rows;
        bin->score /= (double)bin->rows;
        bin->accuracy /= (double)bin->rows;
    }
}

/* --- calibration --------------------------------------------------------------------------------------------------- */

/* One temperature for each fold. */
typedef struct betas {
    double of[CAM_CALIBRATION_FOLDS];
} betas;

static cam_status measure(const sample *s, const betas *beta, cam_reliability *out) {
    cam_status st = CAM_OK;
    double *score = malloc((size_t)(s->rows + 1) * sizeof *score);
    unsigned char *right = malloc((size_t)s->rows + 1);
    if (!score || !right)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the scores of %lld rows", (long long)s->rows);
    for (int64_t i = 0; i < s->rows; i++)
        score_row(s->logits + i * s->labels, s->labels, s->label[i], beta->of[i % CAM_CALIBRATION_FOLDS], score + i,
                  right + i);
    cam_reliability_measure(score, right, s->rows, out);
out:
    free(score);
    free(right);
    return st;
}

static int is_finite(const sample *s) {
    for (int64_t i = 0; i < s->rows * s->labels; i++)
        if (!isfinite(s->logits[i]))
            return 0;
    return 1;
}

static betas same_for_all(double beta) {
    betas all;
    for (int fold = 0; fold < CAM_CALIBRATION_FOLDS; fold++)
        all.of[fold] = beta;
    return all;
}

static double mean(double sum, int64_t rows) {
    return rows > 0 ? sum / (double)rows : 0;
}

/* The temperature of all rows; that the loss only falls with beta means that the surest scores are the best. */
static cam_calibration_outcome fit_all(const sample *s, double *beta) {
    *beta = 1;
    if (!is_finite(s))
        return CAM_CALIBRATION_NOT_FINITE;
    if (s->rows < CAM_CALIBRATION_FOLDS)
        return CAM_CALIBRATION_FEW_ROWS;
    double found = fit(s, NO_FOLD, 1);
    if (found == LOWEST)
        return CAM_CALIBRATION_NO_SIGNAL;
    if (found == HIGHEST)
        return CAM_CALIBRATION_ALL_RIGHT;
    *beta = found;
    return CAM_CALIBRATION_KEPT;
}

cam_status cam_calibration_fit(const float *logits, const int32_t *label, int64_t rows, int64_t labels,
                               cam_calibration *out) {
    cam_status st = CAM_OK;
    sample s = {logits, label, rows, labels};
    betas all = same_for_all(1);
    double beta, sum = 0;
    *out = (cam_calibration){.outcome = fit_all(&s, &beta), .temperature = 1 / beta};
    out->loss_before = out->loss_after = mean(loss_of(&s, NO_FOLD, 0, 1).value, rows);
    CAM_TRY(measure(&s, &all, &out->before));
    out->after = out->before;
    if (out->outcome != CAM_CALIBRATION_KEPT)
        goto out;
    for (int fold = 0; fold < CAM_CALIBRATION_FOLDS; fold++) {
        all.of[fold] = fit(&s, fold, beta);
        sum += loss_of(&s, fold, 1, all.of[fold]).value;
    }
    out->loss_after = mean(sum, rows);
    CAM_TRY(measure(&s, &all, &out->after));
    out->kept = out->loss_after < out->loss_before;
    if (!out->kept)
        out->outcome = CAM_CALIBRATION_NOT_BETTER;
out:
    return st;
}

cam_status cam_calibration_apply(const float *logits, const int32_t *label, int64_t rows, int64_t labels,
                                 const cam_calibration *fitted, cam_calibration *out) {
    cam_status st = CAM_OK;
    sample s = {logits, label, rows, labels};
    betas before = same_for_all(1), after = same_for_all(1 / fitted->temperature);
    *out = (cam_calibration){.outcome = fitted->outcome, .kept = fitted->kept, .temperature = fitted->temperature};
    out->loss_before = mean(loss_of(&s, NO_FOLD, 0, 1).value, rows);
    out->loss_after = mean(loss_of(&s, NO_FOLD, 0, after.of[0]).value, rows);
    CAM_TRY(measure(&s, &before, &out->before));
    CAM_TRY(measure(&s, &after, &out->after));
out:
    return st;
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

const char *cam_calibration_why(cam_calibration_outcome outcome) {
    static const char *const why[] = {
#define WHY(code, text) [CAM_CALIBRATION_##code] = text,
        CAM_CALIBRATION_OUTCOMES(WHY)
#undef WHY
    };
    return why[outcome];
}

static void put_bins(const cam_reliability *reliability, cam_json *json) {
    cam_json_array(json, "bins");
    for (int b = 0; b < CAM_RELIABILITY_BINS; b++) {
        const cam_reliability_bin *bin = &reliability->bins[b];
        cam_json_object(json, NULL);
        cam_json_number(json, "low", bin->low);
        cam_json_number(json, "high", bin->high);
        cam_json_integer(json, "rows", bin->rows);
        cam_json_number(json, "score", bin->score);
        cam_json_number(json, "accuracy", bin->accuracy);
        cam_json_close(json);
    }
    cam_json_close(json);
}

void cam_calibration_put(const cam_calibration *calibration, cam_json *json) {
    cam_json_object(json, "calibration");
    cam_json_number(json, "temperature", calibration->temperature);
    cam_json_boolean(json, "kept", calibration->kept);
    cam_json_text(json, "why", cam_calibration_why(calibration->outcome));
    cam_json_number(json, "ece_before", calibration->before.ece);
    cam_json_number(json, "ece_after", calibration->after.ece);
    cam_json_number(json, "loss_before", calibration->loss_before);
    cam_json_number(json, "loss_after", calibration->loss_after);
    put_bins(calibration->kept ? &calibration->after : &calibration->before, json);
    cam_json_close(json);
}

void cam_reliability_put(const cam_reliability *reliability, cam_json *json) {
    cam_json_object(json, "calibration");
    cam_json_number(json, "ece_before", reliability->ece);
    put_bins(reliability, json);
    cam_json_close(json);
}
