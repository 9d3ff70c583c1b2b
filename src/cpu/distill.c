/* distill.c: the losses of a student that learns from a teacher, with their gradients, row by row.
 */
#include "cpu_internal.h"
#include "vector_math_internal.h"
#include <math.h>

/* Logits x of a row as a softmax at a temperature. */
typedef struct soft_row {
    const float *x;
    float max, scale, sum, log_sum; /* sum of exp((x - max) scale) */
} soft_row;

static soft_row measure(const float *x, int64_t n, float scale) {
    float max = x[0];
#pragma omp simd reduction(max : max)
    for (int64_t i = 1; i < n; i++)
        max = x[i] > max ? x[i] : max;
    soft_row s = {.x = x, .max = max, .scale = scale};
    cam_lanes sum = {{0}};
    CAM_LANES_ADD(sum, n, i, cam_expf((x[i] - s.max) * scale));
    s.sum = cam_lanes_sum(&sum);
    s.log_sum = logf(s.sum);
    return s;
}

static float weight_of(cam_tensor weights, int64_t k) {
    return weights.data ? cam_cpu_floats(weights)[k] : 1.0f;
}

/* Cross-entropy as in loss. */
static float label_loss(const cam_distill_logits_args *args, const soft_row *s, int64_t label) {
    int64_t n = args->logits.shape[1];
    const float *x = s->x;
    float loss = (1.0f - args->smoothing) * weight_of(args->weights, label) * (s->log_sum - (x[label] - s->max));
    if (args->smoothing == 0.0f)
        return loss;
    cam_lanes smoothed = {{0}};
    CAM_LANES_ADD(smoothed, n, i, weight_of(args->weights, i) * (s->log_sum - (x[i] - s->max)));
    return loss + args->smoothing / (float)n * cam_lanes_sum(&smoothed);
}

/* The Kullback-Leibler divergence: the sum of q (log q - log p). */
static float teacher_loss(const soft_row *t, const soft_row *s, int64_t n) {
    cam_lanes sum = {{0}};
    float shift = t->log_sum - s->log_sum;
    CAM_LANES_ADD(sum, n, i,
                  cam_expf((t->x[i] - t->max) * t->scale) *
                      ((t->x[i] - t->max) * t->scale - (s->x[i] - s->max) * s->scale - shift));
    return cam_lanes_sum(&sum) / t->sum;
}

/* state->loss (=|+=) sum of losses / denominator. */
static void add_losses(cam_tensor row_loss, int64_t rows, int accumulate, cam_step_state *state) {
    double sum = 0.0;
    for (int64_t r = 0; r < rows; r++)
        sum += (double)cam_cpu_floats(row_loss)[r];
    state->loss = (accumulate ? state->loss : 0.0) + sum / state->loss_denominator;
}

/* --- logits ------------------------------------------------------------------------------------------------------ */

/* dx = hard (p1 (hit + e / K W) - e / K w - hit [k = label]) + soft (p - q), each divided by the denominator. */
static void logits_gradient(const cam_distill_logits_args *args, int64_t r, const soft_row rows[3], double weight_sum) {
    const soft_row *t = &rows[0], *s = &rows[1], *hard = &rows[2];
    int64_t n = args->logits.shape[1], label = cam_cpu_indices(args->labels)[r];
    double denominator = args->state->loss_denominator, per_label = (double)args->smoothing / (double)n;
    double soft = (double)args->alpha * (double)args->temperature / denominator;
    double labelled = label < 0 ? 0.0 : (1.0 - (double)args->alpha) / denominator;
    double hit = label < 0 ? 0.0 : (1.0 - (double)args->smoothing) * (double)weight_of(args->weights, label);
    float of_student = (float)(soft / (double)s->sum), of_teacher = (float)(soft / (double)t->sum);
    float of_labels = (float)(labelled * (hit + per_label * weight_sum) / (double)hard->sum);
    float smooth = (float)(labelled * per_label);
    float *dx = cam_cpu_row(args->dlogits, r);
    const float *weights = cam_cpu_floats(args->weights);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        float x = s->x[i] - s->max;
        dx[i] = cam_expf(x * s->scale) * of_student - cam_expf((t->x[i] - t->max) * t->scale) * of_teacher +
                cam_expf(x) * of_labels;
    }
    for (int64_t i = 0; i < n; i++)
        dx[i] -= smooth * (weights ? weights[i] : 1.0f);
    if (label >= 0)
        dx[label] -= (float)(labelled * hit);
}

static float logits_row(const cam_distill_logits_args *args, int64_t r, double weight_sum) {
    int64_t n = args->logits.shape[1], label = cam_cpu_indices(args->labels)[r];
    const float *x = cam_cpu_row(args->logits, r), *t = cam_cpu_row(args->teacher, cam_cpu_indices(args->row)[r]);
    float scale = 1.0f / args->temperature;
    const soft_row rows[3] = {measure(t, n, scale), measure(x, n, scale), measure(x, n, 1.0f)};
    float loss = args->alpha * args->temperature * args->temperature * teacher_loss(&rows[0], &rows[1], n);
    if (label >= 0)
        loss += (1.0f - args->alpha) * label_loss(args, &rows[2], label);
    logits_gradient(args, r, rows, weight_sum);
    return loss;
}

cam_status CAM_CPU_NAME(cam_cpu_distill_logits)(cam_backend *backend, const cam_distill_logits_args *args) {
    int64_t rows = args->state->head_rows;
    float *losses = cam_cpu_floats(args->row_loss);
    double weight_sum = 0.0;
    for (int64_t k = 0; k < args->logits.shape[1]; k++)
        weight_sum += (double)weight_of(args->weights, k);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < rows; r++)
        losses[r] = logits_row(args, r, weight_sum);
    cam_cpu_zero_rows(args->row_loss, rows);
    cam_cpu_zero_rows(args->dlogits, rows);
    add_losses(args->row_loss, rows, args->accumulate, args->state);
    return CAM_OK;
}

/* --- hidden states ----------------------------------------------------------------------------------------------- */

cam_status CAM_CPU_NAME(cam_cpu_distill_hidden)(cam_backend *backend, const cam_distill_hidden_args *args) {
    int64_t rows = args->state->head_rows, h = args->mapped.shape[1];
    float *losses = cam_cpu_floats(args->row_loss);
    const int32_t *row = cam_cpu_indices(args->row);
    double mean = (double)args->weight / (double)h;
    float scale = (float)(2.0 * mean / args->state->loss_denominator);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < rows; r++) {
        const float *x = cam_cpu_row(args->mapped, r), *t = cam_cpu_row(args->teacher, row ? row[r] : r);
        float *dx = cam_cpu_row(args->dmapped, r);
        cam_lanes sum = {{0}};
        CAM_LANES_ADD(sum, h, i, (x[i] - t[i]) * (x[i] - t[i]));
        losses[r] = (float)mean * cam_lanes_sum(&sum);
#pragma omp simd
        for (int64_t i = 0; i < h; i++)
            dx[i] = (x[i] - t[i]) * scale;
    }
    cam_cpu_zero_rows(args->row_loss, rows);
    cam_cpu_zero_rows(args->dmapped, rows);
    add_losses(args->row_loss, rows, args->accumulate, args->state);
    return CAM_OK;
}
