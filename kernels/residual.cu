/* residual.cu: dropout, residual sum and LayerNorm; every row is read once and written once.
 */
#include "columns.cuh"
#include "dropout.cuh"
#include "layernorm.cuh"

/* residual_fwd_row: z = dropout(x + bias) + residual, y = LN(z as stored).
 * A block owns a row, a thread one unit of it (H = 768: three warps). Past the true count a block writes zeros.
 * Bytes: H (3 sizeof T + sizeof Y) a row; bias, gamma and beta come from L1. z may be x: a thread writes only elements
 * that it has read. Limit: H <= 4096. Source: Ba, Kiros, Hinton 2016. */
template <typename T, typename Y>
CAM_KERNEL(CAM_ROW_MAX_THREADS)
residual_fwd_row(Y *y, T *z, float *mean, float *rstd, const T *x, const float *bias, const T *residual,
                 const float *gamma, const float *beta, float eps, int columns, cam_rows rows, cam_dropout_map dropout,
                 const cam_step_state *state) {
    CAM_SHARED(float, slots);
    int64_t r = blockIdx.x;
    int unit = (int)threadIdx.x, column = unit * CAM_UNIT;
    bool here = column < columns, real = r < cam_rows_count(state, rows);
    float v[CAM_UNIT], g[CAM_UNIT], b[CAM_UNIT];
    cam_unit_clear<CAM_UNIT>(v);
    x += r * columns + column;
    if (residual)
        residual += r * columns + column;
    y += r * columns + column;
    z += r * columns + column;
    if (!real) {
        if (here) {
            cam_unit_write<CAM_UNIT>(y, v);
            cam_unit_write<CAM_UNIT>(z, v);
        }
        if (unit == 0)
            mean[r] = rstd[r] = 0;
        return;
    }
    if (here) {
        cam_unit<T, CAM_UNIT> more = {};
        if (residual)
            more = cam_unit_load<CAM_UNIT>(residual);
        cam_unit_read<CAM_UNIT>(v, x);
        cam_unit_clear<CAM_UNIT>(b);
        if (bias)
            cam_unit_read<CAM_UNIT>(b, bias + column);
        cam_unit_read<CAM_UNIT>(g, gamma + column);
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++)
            v[i] += b[i];
        cam_dropout_unit(v, dropout, state, r, columns, unit);
        cam_unit_f32<T, CAM_UNIT>(b, more);
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++)
            v[i] += b[i];
        cam_unit_read<CAM_UNIT>(b, beta + column);
        cam_unit<T, CAM_UNIT> stored = cam_unit_of<T, CAM_UNIT>(v);
        cam_unit_store(z, stored);
        cam_unit_f32<T, CAM_UNIT>(v, stored);
    }
    cam_layernorm_statistics s = cam_layernorm_measure(v, here, columns, eps, slots);
    if (here) {
        cam_layernorm_apply(v, s, g, b);
        cam_unit_write<CAM_UNIT>(y, v);
    }
    if (unit == 0) {
        mean[r] = s.mean;
        rstd[r] = s.rstd;
    }
}

template <typename T, typename Y> static cam_status residual_fwd(cam_backend *backend, const cam_residual_fwd_args *a) {
    int64_t columns = a->y.shape[1];
    int threads = cam_row_threads(columns);
    return CAM_LAUNCH(backend, (residual_fwd_row<T, Y>), a->y.shape[0], threads, cam_layernorm_shared(threads),
                      (Y *)a->y.data, (T *)a->z.data, (float *)a->mean.data, (float *)a->rstd.data,
                      (const T *)a->x.data, (const float *)a->bias.data, (const T *)a->residual.data,
                      (const float *)a->gamma.data, (const float *)a->beta.data, a->eps, (int)columns, a->rows,
                      cam_dropout_map_of(&a->dropout), a->state);
}

cam_status cam_cuda_residual_fwd(cam_backend *backend, const cam_residual_fwd_args *args) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_row_check("residual_fwd", args->y.shape[1]));
    if (args->z.dtype == CAM_F32)
        CAM_TRY((residual_fwd<float, float>(backend, args)));
    else if (args->y.dtype == CAM_F32)
        CAM_TRY((residual_fwd<cam_bf16, float>(backend, args)));
    else
        CAM_TRY((residual_fwd<cam_bf16, cam_bf16>(backend, args)));
out:
    return st;
}

/* The values that one thread loads of a row. Past the last row they are zeros: they add nothing and give zeros. */
template <typename T, typename D> struct residual_bwd_input {
    cam_unit<D, CAM_UNIT> dy;
    cam_unit<T, CAM_UNIT> z;
    float mean, rstd;
};

template <typename T, typename D>
CAM_DEVICE residual_bwd_input<T, D> residual_bwd_load(const D *dy, const T *z, const float *mean, const float *rstd,
                                                      int64_t row, int64_t at, bool real) {
    residual_bwd_input<T, D> in = {};
    if (real) {
        in.dy = cam_unit_load<CAM_UNIT>(dy + at);
        in.z = cam_unit_load<CAM_UNIT>(z + at);
        in.mean = mean[row];
        in.rstd = rstd[row];
    }
    return in;
}

/* residual_bwd_rows: dz = LN'(dy) at z, dresidual = dz, dx = dropout(dz); and this block's part of the column sums
 * dgamma = sum of dy n, dbeta = sum of dy, dbias = sum of dx (n the normalised z).
 * A block owns block_rows rows, a group of its threads one row at a time (H = 768: four groups of three warps), a
 * thread eight columns of its group's rows. The next row is loaded while the current one is summed.
 * Bytes: H (sizeof D + 3 sizeof T) a row, 12 H a block of partial sums. dx may be dy: a thread writes only elements
 * that it has read. Registers are limited so that in bf16 two blocks fit on a multiprocessor; in f32 twice the bytes
 * are in flight, and one block is enough. Limit: H <= 4096. Source: Ba, Kiros, Hinton 2016. */
template <typename T, typename D>
CAM_KERNEL(sizeof(D) == 2 ? CAM_ROWS_THREADS * CAM_ROWS_BLOCKS : CAM_ROW_MAX_THREADS)
residual_bwd_rows(T *dx, T *dresidual, float *partials, const D *dy, const T *z, const float *mean, const float *rstd,
                  const float *gamma, int columns, int row_threads, int block_rows, int capacity, cam_rows rows,
                  cam_dropout_map dropout, const cam_step_state *state) {
    CAM_SHARED(float, slots);
    cam_row_group place = cam_row_group_of(row_threads);
    int warps = (int)blockDim.x / CAM_WARP, column = place.unit * CAM_UNIT;
    int64_t begin = (int64_t)blockIdx.x * block_rows, end = begin + block_rows, count = cam_rows_count(state, rows);
    end = end < capacity ? end : capacity;
    count = count < end ? count : end;
    bool here = column < columns;
    cam_layernorm_sums sums;
    cam_layernorm_sums_clear(&sums);

    int64_t r = begin + place.group, at = r * columns + column, stride = (int64_t)place.groups * columns;
    residual_bwd_input<T, D> next = residual_bwd_load(dy, z, mean, rstd, r, at, here && r < count);
    int turn = 0;
#pragma unroll 1
    for (int64_t first = begin; first < end; first += place.groups, r += place.groups, at += stride, turn ^= 1) {
        residual_bwd_input<T, D> in = next;
        next = residual_bwd_load(dy, z, mean, rstd, r + place.groups, at + stride, here && r + place.groups < count);
        float d[CAM_UNIT], n[CAM_UNIT], g[CAM_UNIT];
        cam_unit_clear<CAM_UNIT>(g);
        if (here) /* loaded again each time, from L1, to save registers */
            cam_unit_read<CAM_UNIT>(g, gamma + column);
        cam_unit_f32<D, CAM_UNIT>(d, in.dy);
        cam_unit_f32<T, CAM_UNIT>(n, in.z);
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++) {
            n[i] = (n[i] - in.mean) * in.rstd;
            sums.of[0][i] += d[i] * n[i];
            sums.of[1][i] += d[i];
        }
        cam_layernorm_gradient(d, n, g, in.rstd, columns, slots + turn * 2 * warps, place);
        if (!here || r >= end)
            continue;
        if (dresidual)
            cam_unit_write<CAM_UNIT>(dresidual + at, d);
        if (r < count)
            cam_dropout_unit(d, dropout, state, r, columns, place.unit);
        cam_unit_write<CAM_UNIT>(dx + at, d);
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++)
            sums.of[2][i] += d[i];
    }
    cam_layernorm_sums_write(partials + (int64_t)blockIdx.x * CAM_LAYERNORM_SUMS * columns, &sums, columns,
                             slots + 4 * warps, place);
}

size_t cam_cuda_residual_bwd_workspace(const cam_backend *backend, const cam_residual_bwd_args *args) {
    return sizeof(float) * (size_t)cam_layernorm_partials(backend, args->dy.shape[0], args->dy.shape[1]);
}

template <typename T, typename D> static cam_status residual_bwd(cam_backend *backend, const cam_residual_bwd_args *a) {
    int64_t capacity = a->dy.shape[0], columns = a->dy.shape[1];
    int threads = cam_row_threads(columns);
    cam_row_split split = cam_split_row_groups(backend, capacity, columns);
    return CAM_LAUNCH(backend, (residual_bwd_rows<T, D>), split.blocks, threads * cam_row_groups(columns),
                      cam_layernorm_bwd_shared(columns), (T *)a->dx.data, (T *)a->dresidual.data,
                      (float *)a->workspace.data, (const D *)a->dy.data, (const T *)a->z.data,
                      (const float *)a->mean.data, (const float *)a->rstd.data, (const float *)a->gamma.data,
                      (int)columns, threads, (int)split.rows, (int)capacity, a->rows, cam_dropout_map_of(&a->dropout),
                      a->state);
}

cam_status cam_cuda_residual_bwd(cam_backend *backend, const cam_residual_bwd_args *args) {
    cam_status st = CAM_OK;
    int64_t columns = args->dy.shape[1];
    cam_column_sums sums = {
        {cam_column_sum_of(args->dgamma), cam_column_sum_of(args->dbeta), cam_column_sum_of(args->dbias), NULL},
        CAM_LAYERNORM_SUMS,
        (int)columns,
        args->accumulate};
    CAM_TRY(cam_row_check("residual_bwd", columns));
    if (args->z.dtype == CAM_F32)
        CAM_TRY((residual_bwd<float, float>(backend, args)));
    else if (args->dy.dtype == CAM_F32)
        CAM_TRY((residual_bwd<cam_bf16, float>(backend, args)));
    else
        CAM_TRY((residual_bwd<cam_bf16, cam_bf16>(backend, args)));
    CAM_TRY(cam_columns_total(backend, &sums, (const float *)args->workspace.data,
                              cam_split_row_groups(backend, args->dy.shape[0], columns).blocks));
out:
    return st;
}
