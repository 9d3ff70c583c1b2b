/* loss.cu: softmax cross-entropy with label smoothing and class weights: a warp a row, or with many labels a block a row.
 *
 * The small and the large version of a warp a row compute a row's loss in the same way and add rows in the same order, so
 * both give the same bits. The number of labels alone decides between a warp and a block.
 */
#include "cuda.cuh"
#include <cmath>

enum { FORWARD_THREADS = 1024, BACKWARD_THREADS = 256 };
/* Up to this many logits one block computes the rows and their sum: it reads about this much in 2 us from the cache. */
enum { ONE_BLOCK_LOGITS = 1 << 16 };
/* From this many labels on a block computes a row. */
enum { WIDE_LABELS = 2048, WIDE_THREADS = 512, WIDE_WARPS = WIDE_THREADS / CAM_WARP };

namespace {
struct row_softmax {
    float max, sum; /* sum of exp(logit - max) */
};
struct loss_rows {
    float *losses, *hits; /* hits may be NULL */
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

CAM_DEVICE float row_loss(const loss_rows &in, const float *x, int label) {
    row_softmax s = measure_row(x, in.label_count);
    float log_sum = cam_log(s.sum);
    float loss = (1.0f - in.smoothing) * (in.weights ? in.weights[label] : 1.0f) * (log_sum - (x[label] - s.max));
    if (in.smoothing == 0.0f)
        return loss;
    float smooth = 0.0f;
    for (int k = cam_lane(); k < in.label_count; k += CAM_WARP)
        smooth += (in.weights ? in.weights[k] : 1.0f) * (log_sum - (x[k] - s.max));
    return loss + in.smoothing / (float)in.label_count * cam_warp_sum(smooth);
}

/* The number of logits of labels begin, begin + step, .. that keep the row's label from being the best. */
CAM_DEVICE int32_t better_logits(const float *x, int labels, int label, int begin, int step) {
    float own = x[label];
    int32_t better = 0;
    for (int k = begin; k < labels; k += step)
        better += (int32_t)(k != label && !(k < label ? x[k] < own : x[k] <= own));
    return better;
}

/* Writes the losses and hits of this warp's rows; 0 past the true count. */
CAM_DEVICE void write_rows(const loss_rows &in, int true_rows) {
    int warps = (int)(blockDim.x / CAM_WARP);
    for (int r = (int)blockIdx.x * warps + cam_warp(); r < in.rows; r += (int)gridDim.x * warps) {
        const float *x = in.logits + (int64_t)r * in.label_count;
        float loss = r < true_rows ? row_loss(in, x, in.labels[r]) : 0.0f;
        int32_t better = 1;
        if (in.hits && r < true_rows)
            better = cam_warp_sum(better_logits(x, in.label_count, in.labels[r], cam_lane(), CAM_WARP));
        if (cam_lane() == 0)
            in.losses[r] = loss;
        if (cam_lane() == 0 && in.hits)
            in.hits[r] = better ? 0.0f : 1.0f;
    }
}

/* state->loss (=|+=) sum of losses / denominator, by one block of FORWARD_THREADS: thread t adds rows t,
 * t + FORWARD_THREADS, ... in f64; then the threads' sums are added. */
CAM_DEVICE void add_row_losses(cam_step_state *state, const float *losses, int true_rows, int accumulate,
                               double *partial) {
    double sum = 0.0;
    for (int r = (int)threadIdx.x; r < true_rows; r += FORWARD_THREADS)
        sum += (double)losses[r];
    sum = cam_block_sum(sum, partial);
    if (threadIdx.x == 0)
        state->loss = (accumulate ? state->loss : 0.0) + sum / state->loss_denominator;
}

/* loss_fwd, small: one block; a warp computes every 32nd row; then the sum. Reads 4 R K bytes, three times, from the
 * cache. */
CAM_KERNEL(FORWARD_THREADS) loss_fwd_kernel(loss_rows in, int accumulate, cam_step_state *state) {
    CAM_SHARED(double, partial);
    int true_rows = (int)cam_rows_count(state, in.which);
    write_rows(in, true_rows);
    cam_sync_block();
    add_row_losses(state, in.losses, true_rows, accumulate, partial);
}

/* loss_fwd, large: a warp a row; loss_sum_kernel follows. Memory bound: 4 R K bytes. */
CAM_KERNEL(BACKWARD_THREADS) loss_rows_kernel(loss_rows in, const cam_step_state *state) {
    write_rows(in, (int)cam_rows_count(state, in.which));
}
CAM_KERNEL(FORWARD_THREADS)
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

/* loss_fwd, wide: a block a row; loss_sum_kernel follows. Memory bound: 4 R K bytes; a row is read again from L2. */
CAM_KERNEL(WIDE_THREADS) loss_wide_rows_kernel(loss_rows in, const cam_step_state *state) {
    CAM_SHARED(float, partial);
    int r = (int)blockIdx.x, labels = in.label_count;
    float loss = 0.0f;
    int32_t better = 1;
    if (r < cam_rows_count(state, in.which)) {
        const float *x = in.logits + (int64_t)r * labels;
        int label = in.labels[r];
        row_softmax s = measure_wide_row(x, labels, partial);
        float log_sum = cam_log(s.sum), smooth = 0.0f;
        loss = (1.0f - in.smoothing) * (in.weights ? in.weights[label] : 1.0f) * (log_sum - (x[label] - s.max));
        if (in.smoothing != 0.0f) {
            for (int k = (int)threadIdx.x; k < labels; k += WIDE_THREADS)
                smooth += (in.weights ? in.weights[k] : 1.0f) * (log_sum - (x[k] - s.max));
            loss += in.smoothing / (float)labels * cam_block_sum(smooth, partial);
        }
        if (in.hits)
            better = cam_block_sum(better_logits(x, labels, label, (int)threadIdx.x, WIDE_THREADS),
                                   reinterpret_cast<int32_t *>(partial));
    }
    if (threadIdx.x != 0)
        return;
    in.losses[r] = loss;
    if (in.hits)
        in.hits[r] = better ? 0.0f : 1.0f;
}

/* loss_bwd, wide: a block a row, as loss_bwd_kernel. Bytes: 8 R K; a row is read again from L2. */
CAM_KERNEL(WIDE_THREADS)
loss_bwd_wide_kernel(float *dlogits, const float *logits, const int32_t *labels, const float *weights, int label_count,
                     float smoothing, cam_rows which, const cam_step_state *state) {
    CAM_SHARED(float, partial);
    int64_t r = blockIdx.x;
    const float *x = logits + r * label_count;
    float *dx = dlogits + r * label_count;
    if (r >= cam_rows_count(state, which)) {
        for (int k = (int)threadIdx.x; k < label_count; k += WIDE_THREADS)
            dx[k] = 0.0f;
        return;
    }
    double weight_sum = (double)label_count;
    if (weights) {
        double sum = 0.0;
        for (int k = (int)threadIdx.x; k < label_count; k += WIDE_THREADS)
            sum += (double)weights[k];
        weight_sum = cam_block_sum(sum, reinterpret_cast<double *>(partial));
    }
    row_softmax s = measure_wide_row(x, label_count, partial);
    int label = labels[r];
    double per_label = (double)smoothing / (double)label_count, inverse = 1.0 / state->loss_denominator;
    double hit = (1.0 - (double)smoothing) * (weights ? (double)weights[label] : 1.0);
    float scale = (float)((hit + per_label * weight_sum) * inverse) / s.sum;
    float smooth = (float)(per_label * inverse), chosen = (float)(hit * inverse);
#pragma unroll 4
    for (int k = (int)threadIdx.x; k < label_count; k += WIDE_THREADS) {
        float d = cam_exp(x[k] - s.max) * scale - smooth * (weights ? weights[k] : 1.0f);
        dx[k] = k == label ? d - chosen : d;
    }
}

/* --- few labels, backward ---------------------------------------------------------------------------------------- */

/* loss_bwd: dlogits[r,k] = ( p[k] (hit + e / K sum(w)) - hit [k = y] - e / K w[k] ) / denominator, hit = (1 - e) w[y].
 * A warp owns a row. It reads the whole row before it writes, so dlogits may be logits. Every block sums the class
 * weights itself, in f64. Bytes: 8 R K. */
CAM_KERNEL(BACKWARD_THREADS)
loss_bwd_kernel(float *dlogits, const float *logits, const int32_t *labels, const float *weights, int rows,
                int label_count, float smoothing, cam_rows which, const cam_step_state *state) {
    CAM_SHARED(double, partial);
    double weight_sum = (double)label_count;
    if (weights) {
        weight_sum = 0.0;
        for (int k = (int)threadIdx.x; k < label_count; k += BACKWARD_THREADS)
            weight_sum += (double)weights[k];
        weight_sum = cam_block_sum(weight_sum, partial);
    }
    int r = (int)blockIdx.x * (BACKWARD_THREADS / CAM_WARP) + cam_warp();
    if (r >= rows)
        return;
    const float *x = logits + (int64_t)r * label_count;
    float *dx = dlogits + (int64_t)r * label_count;
    if (r >= cam_rows_count(state, which)) {
        for (int k = cam_lane(); k < label_count; k += CAM_WARP)
            dx[k] = 0.0f;
        return;
    }
    row_softmax s = measure_row(x, label_count);
    int label = labels[r];
    double per_label = (double)smoothing / (double)label_count, denominator = state->loss_denominator;
    double hit = (1.0 - (double)smoothing) * (weights ? (double)weights[label] : 1.0);
    float scale = (float)((hit + per_label * weight_sum) / denominator / (double)s.sum);
    float smooth = (float)(per_label / denominator), chosen = (float)(hit / denominator);
    for (int k = cam_lane(); k < label_count; k += CAM_WARP) {
        float d = cam_exp(x[k] - s.max) * scale - smooth * (weights ? weights[k] : 1.0f);
        dx[k] = k == label ? d - chosen : d;
    }
}

cam_status cam_cuda_loss_fwd(cam_backend *backend, const cam_loss_fwd_args *args) {
    cam_status st = CAM_OK;
    size_t shared = FORWARD_THREADS / CAM_WARP * sizeof(double);
    loss_rows in = {static_cast<float *>(args->row_loss.data),
                    static_cast<float *>(args->hits.data),
                    static_cast<const float *>(args->logits.data),
                    static_cast<const float *>(args->weights.data),
                    static_cast<const int32_t *>(args->labels.data),
                    (int)args->logits.shape[0],
                    (int)args->logits.shape[1],
                    args->smoothing,
                    args->rows};
    if (in.label_count >= WIDE_LABELS)
        CAM_TRY(CAM_LAUNCH(backend, loss_wide_rows_kernel, in.rows, WIDE_THREADS, WIDE_WARPS * sizeof(float), in,
                           args->state));
    else if (args->logits.shape[0] * in.label_count <= ONE_BLOCK_LOGITS)
        return CAM_LAUNCH(backend, loss_fwd_kernel, 1, FORWARD_THREADS, shared, in, args->accumulate, args->state);
    else
        CAM_TRY(CAM_LAUNCH(backend, loss_rows_kernel, cam_blocks(in.rows, BACKWARD_THREADS / CAM_WARP),
                           BACKWARD_THREADS, 0, in, args->state));
    CAM_TRY(CAM_LAUNCH(backend, loss_sum_kernel, 1, FORWARD_THREADS, shared, in.losses, args->rows, args->accumulate,
                       args->state));
out:
    return st;
}

cam_status cam_cuda_loss_bwd(cam_backend *backend, const cam_loss_bwd_args *args) {
    int rows = (int)args->logits.shape[0], label_count = (int)args->logits.shape[1];
    float *dlogits = static_cast<float *>(args->dlogits.data);
    const float *logits = static_cast<const float *>(args->logits.data);
    const float *weights = static_cast<const float *>(args->weights.data);
    const int32_t *labels = static_cast<const int32_t *>(args->labels.data);
    if (label_count >= WIDE_LABELS)
        return CAM_LAUNCH(backend, loss_bwd_wide_kernel, rows, WIDE_THREADS, WIDE_WARPS * sizeof(double), dlogits,
                          logits, labels, weights, label_count, args->smoothing, args->rows, args->state);
    return CAM_LAUNCH(backend, loss_bwd_kernel, cam_blocks(rows, BACKWARD_THREADS / CAM_WARP), BACKWARD_THREADS,
                      BACKWARD_THREADS / CAM_WARP * sizeof(double), dlogits, logits, labels, weights, rows, label_count,
                      args->smoothing, args->rows, args->state);
}
