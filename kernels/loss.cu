/* loss.cu: softmax cross-entropy with label smoothing and class weights, a warp a row.
 *
 * The small and the large version compute a row's loss in the same way and add rows in the same order, so both give the
 * same bits.
 */
#include "cuda.cuh"
#include <cmath>

enum { FORWARD_THREADS = 1024, BACKWARD_THREADS = 256 };
/* Up to this many logits one block computes the rows and their sum: it reads about this much in 2 us from the cache. */
enum { ONE_BLOCK_LOGITS = 1 << 16 };

namespace {
struct row_softmax {
    float max, sum; /* sum of exp(logit - max) */
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

CAM_DEVICE float row_loss(const float *x, int labels, int label, const float *weights, float smoothing) {
    row_softmax s = measure_row(x, labels);
    float log_sum = cam_log(s.sum);
    float loss = (1.0f - smoothing) * (weights ? weights[label] : 1.0f) * (log_sum - (x[label] - s.max));
    if (smoothing == 0.0f)
        return loss;
    float smooth = 0.0f;
    for (int k = cam_lane(); k < labels; k += CAM_WARP)
        smooth += (weights ? weights[k] : 1.0f) * (log_sum - (x[k] - s.max));
    return loss + smoothing / (float)labels * cam_warp_sum(smooth);
}

/* Writes the losses of this warp's rows; 0 past the true count. */
CAM_DEVICE void write_row_losses(float *losses, const float *logits, const int32_t *labels, const float *weights,
                                 int rows, int true_rows, int label_count, float smoothing) {
    int warps = (int)(blockDim.x / CAM_WARP);
    for (int r = (int)blockIdx.x * warps + cam_warp(); r < rows; r += (int)gridDim.x * warps) {
        float loss = 0.0f;
        if (r < true_rows)
            loss = row_loss(logits + (int64_t)r * label_count, label_count, labels[r], weights, smoothing);
        if (cam_lane() == 0)
            losses[r] = loss;
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
CAM_KERNEL(FORWARD_THREADS)
loss_fwd_kernel(float *losses, const float *logits, const int32_t *labels, const float *weights, int rows,
                int label_count, float smoothing, int accumulate, cam_step_state *state) {
    CAM_SHARED(double, partial);
    int true_rows = state->head_rows;
    write_row_losses(losses, logits, labels, weights, rows, true_rows, label_count, smoothing);
    cam_sync_block();
    add_row_losses(state, losses, true_rows, accumulate, partial);
}

/* loss_fwd, large: a warp a row; loss_sum_kernel follows. Memory bound: 4 R K bytes. */
CAM_KERNEL(BACKWARD_THREADS)
loss_rows_kernel(float *losses, const float *logits, const int32_t *labels, const float *weights, int rows,
                 int label_count, float smoothing, const cam_step_state *state) {
    write_row_losses(losses, logits, labels, weights, rows, state->head_rows, label_count, smoothing);
}
CAM_KERNEL(FORWARD_THREADS) loss_sum_kernel(const float *losses, int accumulate, cam_step_state *state) {
    CAM_SHARED(double, partial);
    add_row_losses(state, losses, state->head_rows, accumulate, partial);
}

/* loss_bwd: dlogits[r,k] = ( p[k] (hit + e / K sum(w)) - hit [k = y] - e / K w[k] ) / denominator, hit = (1 - e) w[y].
 * A warp owns a row. It reads the whole row before it writes, so dlogits may be logits. Every block sums the class
 * weights itself, in f64. Bytes: 8 R K. */
CAM_KERNEL(BACKWARD_THREADS)
loss_bwd_kernel(float *dlogits, const float *logits, const int32_t *labels, const float *weights, int rows,
                int label_count, float smoothing, const cam_step_state *state) {
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
    if (r >= state->head_rows) {
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
    int rows = (int)args->logits.shape[0], label_count = (int)args->logits.shape[1];
    size_t shared = FORWARD_THREADS / CAM_WARP * sizeof(double);
    float *losses = static_cast<float *>(args->row_loss.data);
    const float *logits = static_cast<const float *>(args->logits.data);
    const int32_t *labels = static_cast<const int32_t *>(args->labels.data);
    const float *weights = static_cast<const float *>(args->weights.data);
    if (args->logits.shape[0] * label_count <= ONE_BLOCK_LOGITS)
        return CAM_LAUNCH(backend, loss_fwd_kernel, 1, FORWARD_THREADS, shared, losses, logits, labels, weights, rows,
                          label_count, args->smoothing, args->accumulate, args->state);
    CAM_TRY(CAM_LAUNCH(backend, loss_rows_kernel, cam_blocks(rows, BACKWARD_THREADS / CAM_WARP), BACKWARD_THREADS, 0,
                       losses, logits, labels, weights, rows, label_count, args->smoothing, args->state));
    CAM_TRY(CAM_LAUNCH(backend, loss_sum_kernel, 1, FORWARD_THREADS, shared, losses, args->accumulate, args->state));
out:
    return st;
}

cam_status cam_cuda_loss_bwd(cam_backend *backend, const cam_loss_bwd_args *args) {
    int rows = (int)args->logits.shape[0], label_count = (int)args->logits.shape[1];
    return CAM_LAUNCH(backend, loss_bwd_kernel, cam_blocks(rows, BACKWARD_THREADS / CAM_WARP), BACKWARD_THREADS,
                      BACKWARD_THREADS / CAM_WARP * sizeof(double), static_cast<float *>(args->dlogits.data),
                      static_cast<const float *>(args->logits.data), static_cast<const int32_t *>(args->labels.data),
                      static_cast<const float *>(args->weights.data), rows, label_count, args->smoothing, args->state);
}
