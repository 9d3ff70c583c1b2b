/* linear.cu: y = x W^T + bias and its gradients, by the products of matmul.h over whole capacities.
 *
 * Inputs are zero past the true count, so these rows add nothing to any sum, and their outputs are zero, except where a
 * bias is added.
 */
#include "cuda.cuh"

enum { SUM_THREADS = 512, SUM_COLUMNS = 16, SUM_WARPS = SUM_THREADS / CAM_WARP };

/* column_sums: total[c] (=|+=) the sum over true rows of dy[r,c], in f32.
 *   block   SUM_COLUMNS columns, all rows
 *   warp    a run of whole rows of the tile at a time, every SUM_WARPS-th run
 *   thread  VECTOR columns (16 bytes) of every (SUM_WARPS * rows a run)-th row, in ascending order
 * The lanes of a column are then added by a butterfly, the warps in ascending order. One launch, no workspace: with
 * 2,304 columns 144 blocks read dy by 16-byte loads, mostly from the cache. A block reads 32 bytes of a row, which is
 * the least that memory transfers. VECTOR is 1 if rows are not aligned. Reads N O elements. Shared: 1 KB. */
template <typename T, int VECTOR>
CAM_KERNEL(SUM_THREADS)
column_sums_kernel(float *total, const T *dy, int64_t stride, int columns, int accumulate, cam_rows count,
                   const cam_step_state *state) {
    enum { LANES = SUM_COLUMNS / VECTOR, ROWS = CAM_WARP / LANES, STEP = SUM_WARPS * ROWS, FLIGHT = 4 };
    CAM_SHARED(float, partial); /* [SUM_WARPS][SUM_COLUMNS] */
    int rows = (int)cam_rows_count(state, count);
    int column = cam_lane() % LANES * VECTOR, first = cam_warp() * ROWS + cam_lane() / LANES;
    int at = (int)blockIdx.x * SUM_COLUMNS + column;
    float sum[VECTOR] = {};
    if (at < columns)
#pragma unroll FLIGHT
        for (int r = first; r < rows; r += STEP) {
            cam_vec<T, VECTOR> x = cam_load(reinterpret_cast<const cam_vec<T, VECTOR> *>(dy + r * stride + at));
            for (int i = 0; i < VECTOR; i++)
                sum[i] += cam_to_f32(x.at[i]);
        }
    for (int i = 0; i < VECTOR; i++) {
        for (int mask = LANES; mask < CAM_WARP; mask *= 2)
            sum[i] += cam_shuffle_xor(sum[i], mask);
        if (cam_lane() < LANES)
            partial[cam_warp() * SUM_COLUMNS + column + i] = sum[i];
    }
    cam_sync_block();
    at = (int)blockIdx.x * SUM_COLUMNS + (int)threadIdx.x;
    if (threadIdx.x >= SUM_COLUMNS || at >= columns)
        return;
    float all = 0.0f;
    for (int w = 0; w < SUM_WARPS; w++)
        all += partial[w * SUM_COLUMNS + (int)threadIdx.x];
    total[at] = all + (accumulate ? total[at] : 0.0f);
}

template <typename T, int VECTOR>
static cam_status launch_column_sums(cam_backend *backend, const cam_linear_bwd_weight_args *args) {
    int columns = (int)args->dy.shape[1];
    size_t shared = SUM_WARPS * SUM_COLUMNS * sizeof(float);
    return CAM_LAUNCH(backend, (column_sums_kernel<T, VECTOR>), cam_blocks(columns, SUM_COLUMNS), SUM_THREADS, shared,
                      static_cast<float *>(args->dbias.data), static_cast<const T *>(args->dy.data),
                      args->dy.row_stride, columns, args->accumulate, args->rows, args->state);
}

static int rows_are_aligned(cam_tensor t, size_t bytes) {
    size_t size = cam_dtype_size(t.dtype);
    return (uintptr_t)t.data % bytes == 0 && (size_t)t.row_stride * size % bytes == 0 &&
           (size_t)t.shape[1] * size % bytes == 0;
}

static cam_status bias_gradient(cam_backend *backend, const cam_linear_bwd_weight_args *args) {
    int aligned = rows_are_aligned(args->dy, 16);
    if (args->dy.dtype == CAM_BF16)
        return aligned ? launch_column_sums<cam_bf16, 8>(backend, args)
                       : launch_column_sums<cam_bf16, 1>(backend, args);
    return aligned ? launch_column_sums<float, 4>(backend, args) : launch_column_sums<float, 1>(backend, args);
}

cam_status cam_cuda_linear_fwd(cam_backend *backend, const cam_linear_fwd_args *args) {
    cam_matmul_call call = {};
    call.c = args->y, call.a = args->x, call.b = args->w, call.bias = args->bias;
    call.b_transposed = 1;
    return cam_matmul_run(cam_cuda(backend)->matmul, &call);
}

cam_status cam_cuda_linear_bwd_data(cam_backend *backend, const cam_linear_bwd_data_args *args) {
    cam_matmul_call call = {};
    call.c = args->dx, call.a = args->dy, call.b = args->w;
    call.accumulate = args->accumulate;
    return cam_matmul_run(cam_cuda(backend)->matmul, &call);
}

cam_status cam_cuda_linear_bwd_weight(cam_backend *backend, const cam_linear_bwd_weight_args *args) {
    cam_status st = CAM_OK;
    cam_matmul_call call = {};
    call.c = args->dw, call.a = args->dy, call.b = args->x;
    call.a_transposed = 1;
    call.accumulate = args->accumulate;
    CAM_TRY(cam_matmul_run(cam_cuda(backend)->matmul, &call));
    if (args->dbias.data)
        CAM_TRY(bias_gradient(backend, args));
out:
    return st;
}

/* 0: cublasLt's workspace belongs to its handle (matmul_cublaslt.cu), CAM_LT_WORKSPACE bytes for all products. */
size_t cam_cuda_linear_fwd_workspace(const cam_backend *, const cam_linear_fwd_args *) {
    return 0;
}
size_t cam_cuda_linear_bwd_data_workspace(const cam_backend *, const cam_linear_bwd_data_args *) {
    return 0;
}
size_t cam_cuda_linear_bwd_weight_workspace(const cam_backend *, const cam_linear_bwd_weight_args *) {
    return 0;
}
