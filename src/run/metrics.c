/* metrics.c: see metrics.h. Invariant: cam_metrics.rows is the sum over `confusion`. */
#include "metrics.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

cam_status cam_metrics_init(cam_metrics *metrics, int64_t labels) {
    CAM_ASSERT(labels > 0);
    *metrics = (cam_metrics){.labels = labels};
    size_t count = 0;
    if (!__builtin_mul_overflow((size_t)labels, (size_t)labels, &count))
        metrics->confusion = calloc(count, sizeof *metrics->confusion);
    if (!metrics->confusion)
        return cam_fail(CAM_E_MEMORY, "no memory for the confusion matrix of %lld labels", (long long)labels);
    return CAM_OK;
}

void cam_metrics_clear(cam_metrics *metrics) {
    memset(metrics->confusion, 0, (size_t)(metrics->labels * metrics->labels) * sizeof *metrics->confusion);
    metrics->rows = 0;
    metrics->loss_sum = 0;
}

void cam_metrics_release(cam_metrics *metrics) {
    free(metrics->confusion);
    *metrics = (cam_metrics){0};
}

int64_t cam_argmax(const float *logits, int64_t labels) {
    int64_t best = 0;
    for (int64_t k = 0; k < labels && !isnan(logits[best]); k++)
        if (logits[k] > logits[best] || isnan(logits[k]))
            best = k;
    return best;
}

/* sum(exp(logits - top)); `top` is the largest logit, so that no term overflows. */
static double exponentials(const float *logits, int64_t labels, double top) {
    double sum = 0;
    for (int64_t k = 0; k < labels; k++)
        sum += exp(logits[k] - top);
    return sum;
}

double cam_cross_entropy(const float *logits, int64_t labels, int64_t truth) {
    double top = logits[cam_argmax(logits, labels)];
    return log(exponentials(logits, labels, top)) + (top - logits[truth]);
}

void cam_softmax(const float *logits, int64_t labels, double *scores) {
    double top = logits[cam_argmax(logits, labels)];
    double sum = exponentials(logits, labels, top);
    for (int64_t k = 0; k < labels; k++)
        scores[k] = exp(logits[k] - top) / sum;
}

void cam_metrics_add(cam_metrics *metrics, const float *logits, int64_t truth) {
    CAM_ASSERT(truth >= 0 && truth < metrics->labels);
    metrics->confusion[truth * metrics->labels + cam_argmax(logits, metrics->labels)]++;
    metrics->loss_sum += cam_cross_entropy(logits, metrics->labels, truth);
    metrics->rows++;
}

void cam_metrics_merge(cam_metrics *metrics, const cam_metrics *other) {
    CAM_ASSERT(metrics->labels == other->labels);
    for (int64_t i = 0; i < metrics->labels * metrics->labels; i++)
        metrics->confusion[i] += other->confusion[i];
    metrics->loss_sum += other->loss_sum;
    metrics->rows += other->rows;
}

static double ratio(int64_t part, int64_t whole) {
    return whole ? (double)part / (double)whole : 0;
}

cam_class_scores cam_metrics_class(const cam_metrics *metrics, int64_t label) {
    int64_t labels = metrics->labels;
    cam_class_scores scores = {0};
    for (int64_t k = 0; k < labels; k++) {
        scores.support += metrics->confusion[label * labels + k];
        scores.predicted += metrics->confusion[k * labels + label];
    }
    int64_t right = metrics->confusion[label * labels + label];
    scores.precision = ratio(right, scores.predicted);
    scores.recall = ratio(right, scores.support);
    scores.f1 = ratio(2 * right, scores.support + scores.predicted);
    return scores;
}

cam_scores cam_metrics_scores(const cam_metrics *metrics) {
    cam_scores scores = {.rows = metrics->rows, .loss = NAN};
    int64_t right = 0, present = 0;
    double precision = 0, recall = 0, f1 = 0;
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_class_scores label = cam_metrics_class(metrics, k);
        right += metrics->confusion[k * metrics->labels + k];
        present += label.support + label.predicted > 0;
        precision += label.precision;
        recall += label.recall;
        f1 += label.f1;
        scores.precision_weighted += label.precision * (double)label.support;
        scores.recall_weighted += label.recall * (double)label.support;
        scores.f1_weighted += label.f1 * (double)label.support;
    }
    if (metrics->rows == 0)
        return scores;
    double rows = (double)metrics->rows;
    scores.loss = metrics->loss_sum / rows;
    scores.accuracy = scores.f1_micro = (double)right / rows;
    scores.precision_macro = precision / (double)present;
    scores.recall_macro = recall / (double)present;
    scores.f1_macro = f1 / (double)present;
    scores.precision_weighted /= rows;
    scores.recall_weighted /= rows;
    scores.f1_weighted /= rows;
    return scores;
}

static const struct {
    size_t offset; /* of the field in cam_scores */
    int sign;
} rows[] = {
#define ROW(code, word, field, better, shown) [code] = {offsetof(cam_scores, field), better},
    CAM_METRICS(ROW)
#undef ROW
};

double cam_metric_value(cam_metric metric, const cam_scores *scores) {
    return *(const double *)((const char *)scores + rows[metric].offset);
}

int cam_metric_sign(cam_metric metric) {
    return rows[metric].sign;
}

int64_t cam_metrics_only_prediction(const cam_metrics *metrics) {
    int64_t only = -1, present = 0;
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_class_scores label = cam_metrics_class(metrics, k);
        present += label.support > 0;
        if (label.predicted == metrics->rows)
            only = k;
    }
    return present > 1 ? only : -1;
}
