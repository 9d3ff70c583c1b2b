/* residual.cu: dropout, residual sum and LayerNorm; every row is read once and written once.
 */
#include "columns.cuh"
#include "dropout.cuh"
#include "layernorm.cuh"

/* v += the unit at `from`. */
template <typename T> CAM_DEVICE void residual_add(float v[CAM_UNIT], const cam_unit<T, CAM_UNIT> &from) {
    float more[CAM_UNIT];
    cam_unit_f32<T, CAM_UNIT>(more, from);
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] += more[i];
}

/* residual_fwd_rows: z = dropout(x + bias) + residual, y = LN(z as stored).
 * A block owns the rows of its groups (H = 768: four, a warp each), a thread up to three units of its row. A row past
 * the true count is set to zero. Bytes: H (3 sizeof T + sizeof Y) a row; bias, gamma and beta come from L1. z may be x:
 * a thread writes only elements that it has read. Limit: H <= 4096. Source: Ba, Kiros, Hinton 2016. */
template <typename T, typename Y>
CAM_KERNEL(CAM_ROW_MAX_THREADS)
residual_fwd_rows(Y *y, T *z, float *mean, float *rstd, const T *x, const float *bias, const T *residual,
                  const float *gamma, const float *beta, float eps, cam_row_layout layout, int capacity, cam_rows rows,
                  cam_dropout_map dropout, uint8_t *mask, const cam_step_state *state) {
    CAM_SHARED(float, slots);
    cam_row_place at = cam_row_place_of(layout);
    int64_t r = (int64_t)blockIdx.x * layout.groups + at.group, begin = r * layout.columns;
    bool real = r < cam_rows_count(state, rows);
    cam_row_values v;
    cam_row_clear(v);
    if (real) {
        cam_unit<T, CAM_UNIT> in[CAM_ROW_UNITS] = {}, more[CAM_ROW_UNITS] = {};
        cam_dropout_row row = cam_dropout_row_of(dropout, r, layout.columns);
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++)
            if (cam_row_has(at, k)) {
                in[k] = cam_unit_load<CAM_UNIT>(x + begin + cam_row_column(at, k));
                if (residual)
                    more[k] = cam_unit_load<CAM_UNIT>(residual + begin + cam_row_column(at, k));
            }
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++) {
            cam_unit_f32<T, CAM_UNIT>(v[k], in[k]);
            if (bias && cam_row_has(at, k))
                residual_add(v[k], cam_unit_load<CAM_UNIT>(bias + cam_row_column(at, k)));
        }
        uint32_t kept[CAM_ROW_UNITS];
        cam_dropout_units<CAM_ROW_UNITS>(v, dropout, cam_dropout_seed_of(dropout, state), row, at.unit, kept);
        if (mask && dropout.threshold > 0)
#pragma unroll
            for (int k = 0; k < CAM_ROW_UNITS; k++)
                if (cam_row_has(at, k))
                    mask[r * layout.units + at.unit + k * CAM_WARP] = (uint8_t)kept[k];
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++) {
            if (residual)
                residual_add(v[k], more[k]);
            in[k] = cam_unit_of<T, CAM_UNIT>(v[k]);
            if (cam_row_has(at, k))
                cam_unit_store(z + begin + cam_row_column(at, k), in[k]);
            cam_unit_f32<T, CAM_UNIT>(v[k], in[k]);
        }
    }
    cam_layernorm_statistics s = cam_layernorm_measure(v, layout, at, eps, slots);
    if (r >= capacity)
        return;
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++) {
        if (!cam_row_has(at, k))
            continue;
        if (real)
            cam_layernorm_apply(v[k], s, gamma, beta, cam_row_column(at, k));
        else
            cam_unit_write<CAM_UNIT>(z + begin + cam_row_column(at, k), v[k]);
        cam_unit_write<CAM_UNIT>(y + begin + cam_row_column(at, k), v[k]);
    }
    if (at.unit == 0) {
        mean[r] = real ? s.mean : 0.0f;
        rstd[r] = real ? s.rstd : 0.0f;
    }
}

template <typename T, typename Y> static cam_status residual_fwd(cam_backend *backend, const cam_residual_fwd_args *a) {
    cam_row_layout layout = cam_row_layout_of(a->y.shape[1]);
    return CAM_LAUNCH(backend, (residual_fwd_rows<T, Y>), cam_blocks(a->y.shape[0], layout.groups),
                      cam_row_threads(&layout), cam_layernorm_shared(&layout), (Y *)a->y.data, (T *)a->z.data,
                      (float *)a->mean.data, (float *)a->rstd.data, (const T *)a->x.data, (const float *)a->bias.data,
                      (const T *)a->residual.data, (const float *)a->gamma.data, (const float *)a->beta.data, a->eps,
                      layout, (int)a->y.shape[0], a->rows, cam_dropout_map_of(&a->dropout), (uint8_t *)a->mask.data,
                      a->state);
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

/* What one thread loads of a row. Past the last row all are zeros: they add nothing and give zeros. */
template <typename T, typename D> struct residual_bwd_input {
    cam_unit<D, CAM_UNIT> dy[CAM_ROW_UNITS];
    cam_unit<T, CAM_UNIT> z[CAM_ROW_UNITS];
    float mean, rstd;
    cam_dropout_row row;
};

template <bool MASKED, typename T, typename D>
CAM_DEVICE residual_bwd_input<T, D> residual_bwd_load(const D *dy, const T *z, const float *mean, const float *rstd,
                                                      const cam_dropout_map &dropout, int r, int columns,
                                                      const cam_row_place &at, bool real) {
    residual_bwd_input<T, D> in = {};
    if (!real)
        return in;
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++)
        if (cam_row_has(at, k)) {
            in.dy[k] = cam_unit_load<CAM_UNIT>(dy + (int64_t)r * columns + cam_row_column(at, k));
            in.z[k] = cam_unit_load<CAM_UNIT>(z + (int64_t)r * columns + cam_row_column(at, k));
        }
    in.mean = mean[r];
    in.rstd = rstd[r];
    if (!MASKED)
        in.row = cam_dropout_row_of(dropout, r, columns);
    return in;
}

/* residual_bwd_rows: dz = LN'(dy) at z, dresidual = dz, dx = dropout(dz); and this block's part of the column sums
 * dgamma = sum of dy n, dbeta = sum of dy, dbias = sum of dx (n the normalised z). dresidual may be NULL. MASKED:
 * dropout's decisions are in `mask`.
 * A block owns block_rows rows, a group of its warps one row at a time (H = 768: four groups of one warp), a thread up
 * to three units of its group's rows. The next row is loaded while the current one is summed.
 * Bytes: H (sizeof D + 3 sizeof T) a row, 12 H a block of partial sums. dx may be dy: a thread writes only elements
 * that it has read. Registers are limited so that in bf16 twelve warps fit on a multiprocessor. Limit: H <= 4096.
 * Source: Ba, Kiros, Hinton 2016. */
template <typename T, typename D, bool MASKED>
CAM_KERNEL_AT_LEAST(CAM_ROW_MAX_THREADS, sizeof(D) == 2 ? 2 : 1)
residual_bwd_rows(T *dx, T *dresidual, float *partials, const D *dy, const T *z, const float *mean, const float *rstd,
                  const float *gamma, cam_row_layout layout, int block_rows, int capacity, cam_rows rows,
                  cam_dropout_map dropout, const uint8_t *mask, const cam_step_state *state) {
    CAM_SHARED(float, slots);
    cam_row_place at = cam_row_place_of(layout);
    int warps = layout.groups * layout.warps, columns = layout.columns;
    int begin = (int)blockIdx.x * block_rows, end = capacity - begin < block_rows ? capacity : begin + block_rows;
    int count = (int)cam_rows_count(state, rows);
    count = count < end ? count : end;
    cam_dropout_seed seed = cam_dropout_seed_of(dropout, state);
    cam_layernorm_sums sums;
    cam_layernorm_sums_clear(&sums);

    int r = begin + at.group;
    residual_bwd_input<T, D> next = residual_bwd_load<MASKED>(dy, z, mean, rstd, dropout, r, columns, at, r < count);
    int turn = 0;
#pragma unroll 1
    for (int first = begin; first < end; first += layout.groups, r += layout.groups, turn ^= 1) {
        residual_bwd_input<T, D> in = next;
        cam_row_values d, n;
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++) {
            cam_unit_f32<D, CAM_UNIT>(d[k], in.dy[k]);
            cam_unit_f32<T, CAM_UNIT>(n[k], in.z[k]);
#pragma unroll
            for (int i = 0; i < CAM_UNIT; i++) {
                n[k][i] = (n[k][i] - in.mean) * in.rstd;
                sums.of[0][k][i] += d[k][i] * n[k][i];
                sums.of[1][k][i] += d[k][i];
            }
        }
        float sum[2];
        cam_layernorm_weigh(sum, d, n, gamma, at);
        uint32_t kept[CAM_ROW_UNITS] = {};
        if (MASKED && r < count)
#pragma unroll
            for (int k = 0; k < CAM_ROW_UNITS; k++)
                if (cam_row_has(at, k))
                    kept[k] = mask[(int64_t)r * layout.units + at.unit + k * CAM_WARP];
        next = residual_bwd_load<MASKED>(dy, z, mean, rstd, dropout, r + layout.groups, columns, at,
                                         r + layout.groups < count);
        cam_layernorm_gradient(d, n, sum, in.rstd, layout, at, slots + turn * 2 * warps);
        if (r >= end)
            continue;
        int64_t row = (int64_t)r * columns;
        if (dresidual)
#pragma unroll
            for (int k = 0; k < CAM_ROW_UNITS; k++)
                if (cam_row_has(at, k))
                    cam_unit_write<CAM_UNIT>(dresidual + row + cam_row_column(at, k), d[k]);
        if (!MASKED)
            cam_dropout_units<CAM_ROW_UNITS>(d, dropout, seed, in.row, at.unit, kept);
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++) {
            if (!cam_row_has(at, k))
                continue;
            if (MASKED)
                cam_dropout_again(d[k], kept[k], dropout.scale);
            cam_unit_write<CAM_UNIT>(dx + row + cam_row_column(at, k), d[k]);
#pragma unroll
            for (int i = 0; i < CAM_UNIT; i++)
                sums.of[2][k][i] += d[k][i];
        }
    }
    cam_layernorm_sums_write(partials + (int64_t)blockIdx.x * CAM_LAYERNORM_SUMS * columns, &sums, layout, at,
                             slots + 4 * warps);
}

size_t cam_cuda_residual_bwd_workspace(const cam_backend *backend, const cam_residual_bwd_args *args) {
    cam_row_layout layout = cam_row_layout_of(args->dy.shape[1]);
    return sizeof(float) * (size_t)cam_layernorm_partials(backend, args->dy.shape[0], &layout);
}

template <typename T, typename D, bool MASKED>
static cam_status residual_bwd_run(cam_backend *backend, const cam_residual_bwd_args *a) {
    cam_row_layout layout = cam_row_layout_of(a->dy.shape[1]);
    cam_row_split split = cam_split_row_groups(backend, a->dy.shape[0], &layout);
    return CAM_LAUNCH(backend, (residual_bwd_rows<T, D, MASKED>), split.blocks, cam_row_threads(&layout),
                      cam_layernorm_bwd_shared(&layout), (T *)a->dx.data, (T *)a->dresidual.data,
                      (float *)a->workspace.data, (const D *)a->dy.data, (const T *)a->z.data,
                      (const float *)a->mean.data, (const float *)a->rstd.data, (const float *)a->gamma.data, layout,
                      (int)split.rows, (int)a->dy.shape[0], a->rows, cam_dropout_map_of(&a->dropout),
                      (const uint8_t *)a->mask.data, a->state);
}

template <typename T, typename D> static cam_status residual_bwd(cam_backend *backend, const cam_residual_bwd_args *a) {
    return a->mask.data && a->dropout.threshold > 0 ? residual_bwd_run<T, D, true>(backend, a)
                                                    : residual_bwd_run<T, D, false>(backend, a);
}

static cam_status residual_bwd_of_dtypes(cam_backend *backend, const cam_residual_bwd_args *args) {
    if (args->z.dtype == CAM_F32)
        return residual_bwd<float, float>(backend, args);
    return args->dy.dtype == CAM_F32 ? residual_bwd<cam_bf16, float>(backend, args)
                                     : residual_bwd<cam_bf16, cam_bf16>(backend, args);
}

cam_status cam_cuda_residual_bwd(cam_backend *backend, const cam_residual_bwd_args *args) {
    cam_status st = CAM_OK;
    cam_row_layout layout = cam_row_layout_of(args->dy.shape[1]);
    cam_column_sums sums = {
        {cam_column_sum_of(args->dgamma), cam_column_sum_of(args->dbeta), cam_column_sum_of(args->dbias), NULL},
        CAM_LAYERNORM_SUMS,
        layout.columns,
        args->accumulate};
    CAM_TRY(cam_row_check("residual_bwd", layout.columns));
    if (args->stage != CAM_STAGE_SUMS)
        CAM_TRY(residual_bwd_of_dtypes(backend, args));
    if (args->stage != CAM_STAGE_ROWS)
        CAM_TRY(cam_columns_total(backend, &sums, (const float *)args->workspace.data,
                                  cam_split_row_groups(backend, args->dy.shape[0], &layout).blocks));
out:
    return st;
}
