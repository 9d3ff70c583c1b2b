/* loss.cu: softmax cross-entropy with label smoothing and class weights, and its gradient: a warp a row, or with many
 * labels a block a row.
 *
 * The small and the large version of a warp a row compute a row in the same way and add rows in the same order, so both
 * give the same bits. The number of labels alone decides between a warp and a block.
 */
#include "cuda.cuh"
#include <cmath>

enum { SUM_THREADS = 1024, ROW_THREADS = 256 };
/* Up to this many logits one block computes the rows and their sum: it reads about this much in 2 us from the cache. */
enum { ONE_BLOCK_LOGITS = 1 << 16 };
/* From this many labels on a block computes a row. */
enum { WIDE_LABELS = 2048, WIDE_THREADS = 512, WIDE_WARPS = WIDE_THREADS / CAM_WARP };

namespace {
struct row_softmax {
    float max, sum; /* sum of exp(logit - max) */
};
struct loss_rows {
    float *losses, *hits, *dlogits; /* hits and dlogits may be NULL; dlogits may be the logits */
    const float *logits, *weights;
    const int32_t *labels;
    int rows, label_count;
    float smoothing;
    cam_rows which;
};
} // namespace

/* A lane takes every CAM_WARP-th label. A row with a NaN or an infinity gives NaN, whatever `max` is. */
CAM_DEVICE row_softmax measure_row(const float *x, int labels) {
    row_softmax s = {-INFINITY, 0.0f};
    for (int k = cam_lane(); k < labels; k += CAM_WARP)
        s.max = x[k] > s.max ? x[k] : s.max;
    s.max = cam_warp_max(s.max);
    for (int k = cam_lane(); k < labels; k += CAM_WARP)
        s.sum += cam_exp(x[k] - s.max);
    s.sum = cam_warp_sum(s.sum);
    return s;
}

CAM_DEVICE float row_loss(const loss_rows &in, const float *x, row_softmax s, int label) {
    float log_sum = cam_log(s.sum);
    float loss = (1.0f - in.smoothing) * (in.weights ? in.weights[label] : 1.0f) * (log_sum - (x[label] - s.max));
    if (in.smoothing == 0.0f)
        return loss;
    float smooth = 0.0f;
    for (int k = cam_lane(); k < in.label_count; k += CAM_WARP)
        smooth += (in.weights ? in.weights[k] : 1.0f) * (log_sum - (x[k] - s.max));
    return loss + in.smoothing / (float)in.label_count * cam_warp_sum(smooth);
}

/* The row's gradient is p[k] probability - smooth w[k] - chosen [k = y]. */
struct row_factors {
    float probability, smooth, chosen; /* probability: of exp(logit - max) */
};

CAM_DEVICE row_factors row_factors_of(const loss_rows &in, row_softmax s, int label, double weight_sum,
                                      double denominator) {
    double per_label = (double)in.smoothing / (double)in.label_count, inverse = 1.0 / denominator;
    double hit = (1.0 - (double)in.smoothing) * (in.weights ? (double)in.weights[label] : 1.0);
    return {(float)((hit + per_label * weight_sum) * inverse) / s.sum, (float)(per_label * inverse),
            (float)(hit * inverse)};
}

/* The gradients of labels begin, begin + step, .., by a thread that alone has read these logits last. */
CAM_DEVICE void write_gradients(const loss_rows &in, float *dx, const float *x, row_softmax s, row_factors f, int label,
                                int begin, int step) {
#pragma unroll 4
    for (int k = begin; k < in.label_count; k += step) {
        float d = cam_exp(x[k] - s.max) * f.probability - f.smooth * (in.weights ? in.weights[k] : 1.0f);
        dx[k] = k == label ? d - f.chosen : d;
    }
}

/* The sum of the class weights, the same in every lane of the warp; it counts with smoothing only. */
CAM_DEVICE double sum_of_weights(const loss_rows &in) {
    if (!in.weights || in.smoothing == 0.0f)
        return (double)in.label_count;
    double sum = 0.0;
    for (int k = cam_lane(); k < in.label_count; k += CAM_WARP)
        sum += (double)in.weights[k];
    return cam_warp_sum(sum);
}

/* The number of logits of labels begin, begin + step, .. that keep the row's label from being the best. */
CAM_DEVICE int32_t better_logits(const float *x, int labels, int label, int begin, int step) {
    float own = x[label];
    int32_t better = 0;
    for (int k = begin; k < labels; k += step)
        better += (int32_t)(k != label && !(k < label ? x[k] < own : x[k] <= own));
    return better;
}

/* Writes what is wanted of a row: its loss, whether it is a hit, and its gradient. */
CAM_DEVICE void write_row(const loss_rows &in, int r, double weight_sum, double denominator) {
    const float *x = in.logits + (int64_t)r * in.label_count;
    int label = in.labels[r];
    row_softmax s = measure_row(x, in.label_count);
    float loss = row_loss(in, x, s, label);
    if (cam_lane() == 0)
        in.losses[r] = loss;
    if (in.hits) {
        int32_t better = cam_warp_sum(better_logits(x, in.label_count, label, cam_lane(), CAM_WARP));
        if (cam_lane() == 0)
            in.hits[r] = better ? 0.0f : 1.0f;
    }
    if (!in.dlogits)
        return;
    cam_sync_warp(); /* all lanes have read the label's logit */
    write_gradients(in, in.dlogits + (int64_t)r * in.label_count, x, s,
                    row_factors_of(in, s, label, weight_sum, denominator), label, cam_lane(), CAM_WARP);
}

/* Writes this warp's rows; zeros past the true count. */
CAM_DEVICE void write_rows(const loss_rows &in, int true_rows, double denominator) {
    int warps = (int)(blockDim.x / CAM_WARP);
    double weight_sum = in.dlogits ? sum_of_weights(in) : 0.0;
    for (int r = (int)blockIdx.x * warps + cam_warp(); r < in.rows; r += (int)gridDim.x * warps) {
        if (r < true_rows) {
            write_row(in, r, weight_sum, denominator);
            continue;
        }
        if (cam_lane() == 0)
            in.losses[r] = 0.0f;
        if (cam_lane() == 0 && in.hits)
            in.hits[r] = 0.0f;
        if (in.dlogits)
            for (int k = cam_lane(); k < in.label_count; k += CAM_WARP)
                in.dlogits[(int64_t)r * in.label_count + k] = 0.0f;
    }
}

/* state->loss (=|+=) sum of losses / denominator, by one block of SUM_THREADS: thread t adds rows t,
 * t + SUM_THREADS, ... in f64; then the threads' sums are added. */
CAM_DEVICE void add_row_losses(cam_step_state *state, const float *losses, int true_rows, int accumulate,
                               double *partial) {
    double sum = 0.0;
    for (int r = (int)threadIdx.x; r < true_rows; r += SUM_THREADS)
        sum += (double)losses[r];
    sum = cam_block_sum(sum, partial);
    if (threadIdx.x == 0)
        state->loss = (accumulate ? state->loss : 0.0) + sum / state->loss_denominator;
}

/* loss, small: one block; a warp computes every 32nd row; then the sum. Reads 4 R K bytes, three to five times, from
 * the cache. */
CAM_KERNEL_AT_LEAST(SUM_THREADS, 1) loss_kernel(loss_rows in, int accumulate, cam_step_state *state) {
    CAM_SHARED(double, partial);
    int true_rows = (int)cam_rows_count(state, in.which);
    write_rows(in, true_rows, state->loss_denominator);
    cam_sync_block();
    add_row_losses(state, in.losses, true_rows, accumulate, partial);
}

/* loss, large: a warp a row; loss_sum_kernel follows. Memory bound: 4 R K bytes, 8 with the gradient. */
CAM_KERNEL(ROW_THREADS) loss_rows_kernel(loss_rows in, const cam_step_state *state) {
    write_rows(in, (int)cam_rows_count(state, in.which), state->loss_denominator);
}
CAM_KERNEL(SUM_THREADS)
loss_sum_kernel(const float *losses, cam_rows which, int accumulate, cam_step_state *state) {
    CAM_SHARED(double, partial);
    add_row_losses(state, losses, (int)cam_rows_count(state, which), accumulate, partial);
}

/* --- many labels ------------------------------------------------------------------------------------------------- */

/* The maximum over a block, the same in every thread. `partial` as in cam_block_sum. */
CAM_DEVICE float block_max(float v, float *partial) {
    v = cam_warp_max(v);
    cam_sync_block();
    if (cam_lane() == 0)
        partial[cam_warp()] = v;
    cam_sync_block();
    for (int w = 0; w < WIDE_WARPS; w++)
        v = partial[w] > v ? partial[w] : v;
    cam_sync_block();
    return v;
}

/* As measure_row, by a block: a thread takes every WIDE_THREADS-th label. */
CAM_DEVICE row_softmax measure_wide_row(const float *x, int labels, float *partial) {
    row_softmax s = {-INFINITY, 0.0f};
#pragma unroll 4
    for (int k = (int)threadIdx.x; k < labels; k += WIDE_THREADS)
        s.max = x[k] > s.max ? x[k] : s.max;
    s.max = block_max(s.max, partial);
#pragma unroll 4
    for (int k = (int)threadIdx.x; k < labels; k += WIDE_THREADS)
        s.sum += cam_exp(x[k] - s.max);
    s.sum = cam_block_sum(s.sum, partial);
    return s;
}

/* The sum of the class weights, the same in every thread of the block. */
CAM_DEVICE double sum_of_wide_weights(const loss_rows &in, double *partial) {
    if (!in.weights || in.smoothing == 0.0f)
        return (double)in.label_count;
    double sum = 0.0;
    for (int k = (int)threadIdx.x; k < in.label_count; k += WIDE_THREADS)
        sum += (double)in.weights[k];
    return cam_block_sum(sum, partial);
}

/* A true row, by a block: its loss and hit in thread 0, its gradient by all. */
CAM_DEVICE void write_wide_row(const loss_rows &in, int64_t r, double denominator, float *partial) {
    int labels = in.label_count, label = in.labels[r];
    const float *x = in.logits + r * labels;
    row_softmax s = measure_wide_row(x, labels, partial);
    float log_sum = cam_log(s.sum), smooth = 0.0f;
    float loss = (1.0f - in.smoothing) * (in.weights ? in.weights[label] : 1.0f) * (log_sum - (x[label] - s.max));
    if (in.smoothing != 0.0f) {
        for (int k = (int)threadIdx.x; k < labels; k += WIDE_THREADS)
            smooth += (in.weights ? in.weights[k] : 1.0f) * (log_sum - (x[k] - s.max));
        loss += in.smoothing / (float)labels * cam_block_sum(smooth, partial);
    }
    if (in.hits) {
        int32_t better = cam_block_sum(better_logits(x, labels, label, (int)threadIdx.x, WIDE_THREADS),
                                       reinterpret_cast<int32_t *>(partial));
        if (threadIdx.x == 0)
            in.hits[r] = better ? 0.0f : 1.0f;
    }
    if (threadIdx.x == 0)
        in.losses[r] = loss;
    if (!in.dlogits)
        return;
    double weight_sum = sum_of_wide_weights(in, reinterpret_cast<double *>(partial));
    cam_sync_block(); /* all threads have read the label's logit */
    write_gradients(in, in.dlogits + r * labels, x, s, row_factors_of(in, s, label, weight_sum, denominator), label,
                    (int)threadIdx.x, WIDE_THREADS);
}

/* loss, wide: a block a row; loss_sum_kernel follows. Memory bound: 4 R K bytes, 8 with the gradient; a row is read
 * again from L2. */
CAM_KERNEL(WIDE_THREADS) loss_wide_rows_kernel(loss_rows in, const cam_step_state *state) {
    CAM_SHARED(float, partial);
    int64_t r = blockIdx.x;
    if (r < cam_rows_count(state, in.which)) {
        write_wide_row(in, r, state->loss_denominator, partial);
        return;
    }
    if (threadIdx.x == 0)
        in.losses[r] = 0.0f;
    if (threadIdx.x == 0 && in.hits)
        in.hits[r] = 0.0f;
    if (in.dlogits)
        for (int k = (int)threadIdx.x; k < in.label_count; k += WIDE_THREADS)
            in.dlogits[r * in.label_count + k] = 0.0f;
}

cam_status cam_cuda_loss(cam_backend *backend, const cam_loss_args *args) {
    cam_status st = CAM_OK;
    size_t shared = SUM_THREADS / CAM_WARP * sizeof(double);
    loss_rows in = {static_cast<float *>(args->row_loss.data),
                    static_cast<float *>(args->hits.data),
                    static_cast<float *>(args->dlogits.data),
                    static_cast<const float *>(args->logits.data),
                    static_cast<const float *>(args->weights.data),
                    static_cast<const int32_t *>(args->labels.data),
                    (int)args->logits.shape[0],
                    (int)args->logits.shape[1],
                    args->smoothing,
                    args->rows};
    if (in.label_count >= WIDE_LABELS)
        CAM_TRY(CAM_LAUNCH(backend, loss_wide_rows_kernel, in.rows, WIDE_THREADS, WIDE_WARPS * sizeof(double), in,
                           args->state));
    else if (args->logits.shape[0] * in.label_count <= ONE_BLOCK_LOGITS)
        return CAM_LAUNCH(backend, loss_kernel, 1, SUM_THREADS, shared, in, args->accumulate, args->state);
    else
        CAM_TRY(CAM_LAUNCH(backend, loss_rows_kernel, cam_blocks(in.rows, ROW_THREADS / CAM_WARP), ROW_THREADS, 0, in,
                           args->state));
    CAM_TRY(CAM_LAUNCH(backend, loss_sum_kernel, 1, SUM_THREADS, shared, in.losses, args->rows, args->accumulate,
                       args->state));
out:
    return st;
}
