/* loss.c: softmax cross-entropy with label smoothing and class weights, and its gradient, row by row.
 */
#include "cpu_internal.h"
#include "vector_math_internal.h"
#include <math.h>

typedef struct row_softmax {
    float max, sum; /* sum of exp(logit - max) */
} row_softmax;

static row_softmax measure(const float *x, int64_t n) {
    float max = x[0];
#pragma omp simd reduction(max : max)
    for (int64_t i = 1; i < n; i++)
        max = x[i] > max ? x[i] : max;
    row_softmax s = {.max = max};
    cam_lanes sum = {{0}};
    CAM_LANES_ADD(sum, n, i, cam_expf(x[i] - s.max));
    s.sum = cam_lanes_sum(&sum);
    return s;
}

static float weight_of(cam_tensor weights, int64_t k) {
    return weights.data ? cam_cpu_floats(weights)[k] : 1.0f;
}

/* 1 where no logit before the label's is as large and none after it is larger. */
static float is_best(const float *x, int64_t n, int64_t label) {
    int beaten = 0;
#pragma omp simd reduction(| : beaten)
    for (int64_t i = 0; i < label; i++)
        beaten |= !(x[i] < x[label]);
#pragma omp simd reduction(| : beaten)
    for (int64_t i = label + 1; i < n; i++)
        beaten |= !(x[i] <= x[label]);
    return beaten ? 0.0f : 1.0f;
}

static float row_loss(const cam_loss_args *args, const float *x, row_softmax s, int64_t label) {
    int64_t n = args->logits.shape[1];
    float log_sum = logf(s.sum);
    float loss = (1.0f - args->smoothing) * weight_of(args->weights, label) * (log_sum - (x[label] - s.max));
    if (args->smoothing == 0.0f)
        return loss;
    cam_lanes smoothed = {{0}};
    if (args->weights.data) {
        const float *w = cam_cpu_floats(args->weights);
        CAM_LANES_ADD(smoothed, n, i, w[i] * (log_sum - (x[i] - s.max)));
    } else
        CAM_LANES_ADD(smoothed, n, i, log_sum - (x[i] - s.max));
    return loss + args->smoothing / (float)n * cam_lanes_sum(&smoothed);
}

static void row_gradient(const cam_loss_args *args, float *dx, const float *x, row_softmax s, int64_t label,
                         double weight_sum) {
    int64_t n = args->logits.shape[1];
    double per_label = (double)args->smoothing / (double)n, denominator = args->state->loss_denominator;
    double hit = (1.0 - (double)args->smoothing) * (double)weight_of(args->weights, label);
    float scale = (float)((hit + per_label * weight_sum) / denominator / (double)s.sum);
    float smooth = (float)(per_label / denominator);
#pragma omp simd
    for (int64_t i = 0; i < n; i++)
        dx[i] = cam_expf(x[i] - s.max) * scale;
    if (args->weights.data) {
        const float *w = cam_cpu_floats(args->weights);
        for (int64_t i = 0; i < n; i++)
            dx[i] -= smooth * w[i];
    } else
        for (int64_t i = 0; i < n; i++)
            dx[i] -= smooth;
    dx[label] -= (float)(hit / denominator);
}

static void loss_row(const cam_loss_args *args, int64_t r, double weight_sum) {
    const float *x = cam_cpu_row(args->logits, r);
    int64_t n = args->logits.shape[1], label = cam_cpu_indices(args->labels)[r];
    row_softmax s = measure(x, n);
    cam_cpu_floats(args->row_loss)[r] = row_loss(args, x, s, label);
    if (args->hits.data)
        cam_cpu_floats(args->hits)[r] = is_best(x, n, label);
    if (args->dlogits.data)
        row_gradient(args, cam_cpu_row(args->dlogits, r), x, s, label, weight_sum);
}

cam_status CAM_CPU_NAME(cam_cpu_loss)(cam_backend *backend, const cam_loss_args *args) {
    int64_t rows = cam_rows_count(args->state, args->rows);
    const float *losses = cam_cpu_floats(args->row_loss);
    double weight_sum = 0.0, sum = 0.0;
    for (int64_t k = 0; k < args->logits.shape[1]; k++)
        weight_sum += (double)weight_of(args->weights, k);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < rows; r++)
        loss_row(args, r, weight_sum);
    cam_cpu_zero_rows(args->row_loss, rows);
    if (args->hits.data)
        cam_cpu_zero_rows(args->hits, rows);
    if (args->dlogits.data)
        cam_cpu_zero_rows(args->dlogits, rows);
    for (int64_t r = 0; r < rows; r++)
        sum += (double)losses[r];
    args->state->loss = (args->accumulate ? args->state->loss : 0.0) + sum / args->state->loss_denominator;
    return CAM_OK;
}
