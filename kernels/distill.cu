/* distill.cu: the losses of a student that learns from a teacher, with their gradients: a warp a row, then one block adds
 * the rows up. The rows are few, one a sequence: the time is that of the launches.
 */
#include "cuda.cuh"
#include <cmath>

enum { DISTILL_THREADS = 256, DISTILL_WARPS = DISTILL_THREADS / CAM_WARP, DISTILL_SUM_THREADS = 1024 };

namespace {
/* Logits x of a row as a softmax at a temperature. */
struct soft_row {
    const float *x;
    float max, scale, sum, log_sum; /* sum of exp((x - max) scale) */
};
struct logits_rows {
    float *dlogits, *losses;
    const float *logits, *weights, *teacher;
    const int32_t *labels, *row;
    int rows, label_count;
    float temperature, alpha, smoothing;
};
struct hidden_rows {
    float *dmapped, *losses;
    const float *mapped, *teacher;
    const int32_t *row;
    int rows, columns;
    float weight;
};
} // namespace

/* A lane takes every CAM_WARP-th label. A row with a NaN or an infinity gives NaN, whatever `max` is. */
CAM_DEVICE soft_row measure_soft_row(const float *x, int labels, float scale) {
    soft_row s = {x, -INFINITY, scale, 0.0f, 0.0f};
    for (int k = cam_lane(); k < labels; k += CAM_WARP)
        s.max = x[k] > s.max ? x[k] : s.max;
    s.max = cam_warp_max(s.max);
    for (int k = cam_lane(); k < labels; k += CAM_WARP)
        s.sum += cam_exp((x[k] - s.max) * scale);
    s.sum = cam_warp_sum(s.sum);
    s.log_sum = cam_log(s.sum);
    return s;
}

CAM_DEVICE float weight_of(const logits_rows &in, int k) {
    return in.weights ? in.weights[k] : 1.0f;
}

/* Cross-entropy as in loss. */
CAM_DEVICE float label_loss(const logits_rows &in, const soft_row &s, int label) {
    float loss = (1.0f - in.smoothing) * weight_of(in, label) * (s.log_sum - (s.x[label] - s.max));
    if (in.smoothing == 0.0f)
        return loss;
    float smooth = 0.0f;
    for (int k = cam_lane(); k < in.label_count; k += CAM_WARP)
        smooth += weight_of(in, k) * (s.log_sum - (s.x[k] - s.max));
    return loss + in.smoothing / (float)in.label_count * cam_warp_sum(smooth);
}

/* The Kullback-Leibler divergence: the sum of q (log q - log p). */
CAM_DEVICE float teacher_loss(const soft_row &t, const soft_row &s, int labels) {
    float sum = 0.0f, shift = t.log_sum - s.log_sum;
    for (int k = cam_lane(); k < labels; k += CAM_WARP) {
        float a = (t.x[k] - t.max) * t.scale, b = (s.x[k] - s.max) * s.scale;
        sum += cam_exp(a) * (a - b - shift);
    }
    return cam_warp_sum(sum) / t.sum;
}

/* The sum of the class weights, in f64, the same in every lane. */
CAM_DEVICE double sum_of_weights(const logits_rows &in) {
    double sum = 0.0;
    if (!in.weights)
        return (double)in.label_count;
    for (int k = cam_lane(); k < in.label_count; k += CAM_WARP)
        sum += (double)in.weights[k];
    return cam_warp_sum(sum);
}

/* distill_logits: dlogits = hard (p1 (hit + e / K W) - e / K w - hit [k = label]) + soft (p - q), each divided by the
 * denominator. A warp owns a row; a lane reads an element before it writes it, and no other lane reads it after the
 * losses are known, so dlogits may be logits. Bytes: 12 R K; the logits are read again from the cache. */
CAM_KERNEL(DISTILL_THREADS) distill_logits_kernel(logits_rows in, const cam_step_state *state) {
    int r = (int)blockIdx.x * DISTILL_WARPS + cam_warp();
    if (r >= in.rows)
        return;
    float *dx = in.dlogits + (int64_t)r * in.label_count;
    if (r >= state->head_rows) {
        for (int k = cam_lane(); k < in.label_count; k += CAM_WARP)
            dx[k] = 0.0f;
        if (cam_lane() == 0)
            in.losses[r] = 0.0f;
        return;
    }
    int label = in.labels[r];
    const float *x = in.logits + (int64_t)r * in.label_count;
    soft_row t =
        measure_soft_row(in.teacher + (int64_t)in.row[r] * in.label_count, in.label_count, 1.0f / in.temperature);
    soft_row s = measure_soft_row(x, in.label_count, 1.0f / in.temperature);
    soft_row hard = measure_soft_row(x, in.label_count, 1.0f);
    float loss = in.alpha * in.temperature * in.temperature * teacher_loss(t, s, in.label_count);
    if (label >= 0)
        loss += (1.0f - in.alpha) * label_loss(in, hard, label);
    if (cam_lane() == 0)
        in.losses[r] = loss;
    double denominator = state->loss_denominator, per_label = (double)in.smoothing / (double)in.label_count;
    double soft = (double)in.alpha * (double)in.temperature / denominator;
    double labelled = label < 0 ? 0.0 : (1.0 - (double)in.alpha) / denominator;
    double hit = label < 0 ? 0.0 : (1.0 - (double)in.smoothing) * (double)weight_of(in, label);
    float of_student = (float)(soft / (double)s.sum), of_teacher = (float)(soft / (double)t.sum);
    float of_labels = (float)(labelled * (hit + per_label * sum_of_weights(in)) / (double)hard.sum);
    float smooth = (float)(labelled * per_label), chosen = (float)(labelled * hit);
    cam_sync_warp();
    for (int k = cam_lane(); k < in.label_count; k += CAM_WARP) {
        float own = x[k] - s.max;
        float d = cam_exp(own * s.scale) * of_student - cam_exp((t.x[k] - t.max) * t.scale) * of_teacher +
                  cam_exp(own) * of_labels - smooth * weight_of(in, k);
        dx[k] = k == label ? d - chosen : d;
    }
}

/* distill_hidden: dmapped = 2 weight / H (mapped - teacher) / denominator. A warp owns a row, a lane every CAM_WARP-th
 * feature, which only it reads. Bytes: 12 R H. */
CAM_KERNEL(DISTILL_THREADS) distill_hidden_kernel(hidden_rows in, const cam_step_state *state) {
    int r = (int)blockIdx.x * DISTILL_WARPS + cam_warp();
    if (r >= in.rows)
        return;
    bool real = r < state->head_rows;
    const float *x = in.mapped + (int64_t)r * in.columns;
    const float *t = in.teacher + (real ? (int64_t)(in.row ? in.row[r] : r) * in.columns : 0);
    float *dx = in.dmapped + (int64_t)r * in.columns;
    double mean = (double)in.weight / (double)in.columns;
    float scale = (float)(2.0 * mean / state->loss_denominator), sum = 0.0f;
    for (int k = cam_lane(); k < in.columns; k += CAM_WARP) {
        float d = real ? x[k] - t[k] : 0.0f;
        sum += d * d;
        dx[k] = real ? d * scale : 0.0f;
    }
    sum = cam_warp_sum(sum);
    if (cam_lane() == 0)
        in.losses[r] = real ? (float)mean * sum : 0.0f;
}

/* state->loss (=|+=) sum of losses / denominator, by one block: thread t adds rows t, t + DISTILL_SUM_THREADS, ... in
 * f64; then the threads' sums are added. */
CAM_KERNEL(DISTILL_SUM_THREADS) distill_sum_kernel(const float *losses, int accumulate, cam_step_state *state) {
    CAM_SHARED(double, partial);
    double sum = 0.0;
    for (int r = (int)threadIdx.x; r < state->head_rows; r += DISTILL_SUM_THREADS)
        sum += (double)losses[r];
    sum = cam_block_sum(sum, partial);
    if (threadIdx.x == 0)
        state->loss = (accumulate ? state->loss : 0.0) + sum / state->loss_denominator;
}

static cam_status add_losses(cam_backend *backend, const float *losses, int accumulate, cam_step_state *state) {
    return CAM_LAUNCH(backend, distill_sum_kernel, 1, DISTILL_SUM_THREADS,
                      DISTILL_SUM_THREADS / CAM_WARP * sizeof(double), losses, accumulate, state);
}

cam_status cam_cuda_distill_logits(cam_backend *backend, const cam_distill_logits_args *args) {
    cam_status st = CAM_OK;
    logits_rows in = {static_cast<float *>(args->dlogits.data),
                      static_cast<float *>(args->row_loss.data),
                      static_cast<const float *>(args->logits.data),
                      static_cast<const float *>(args->weights.data),
                      static_cast<const float *>(args->teacher.data),
                      static_cast<const int32_t *>(args->labels.data),
                      static_cast<const int32_t *>(args->row.data),
                      (int)args->logits.shape[0],
                      (int)args->logits.shape[1],
                      args->temperature,
                      args->alpha,
                      args->smoothing};
    CAM_TRY(CAM_LAUNCH(backend, distill_logits_kernel, cam_blocks(in.rows, DISTILL_WARPS), DISTILL_THREADS, 0, in,
                       static_cast<const cam_step_state *>(args->state)));
    CAM_TRY(add_losses(backend, in.losses, args->accumulate, args->state));
out:
    return st;
}

cam_status cam_cuda_distill_hidden(cam_backend *backend, const cam_distill_hidden_args *args) {
    cam_status st = CAM_OK;
    hidden_rows in = {static_cast<float *>(args->dmapped.data),
                      static_cast<float *>(args->row_loss.data),
                      static_cast<const float *>(args->mapped.data),
                      static_cast<const float *>(args->teacher.data),
                      static_cast<const int32_t *>(args->row.data),
                      (int)args->mapped.shape[0],
                      (int)args->mapped.shape[1],
                      args->weight};
    CAM_TRY(CAM_LAUNCH(backend, distill_hidden_kernel, cam_blocks(in.rows, DISTILL_WARPS), DISTILL_THREADS, 0, in,
                       static_cast<const cam_step_state *>(args->state)));
    CAM_TRY(add_losses(backend, in.losses, args->accumulate, args->state));
out:
    return st;
}
