/* residual.c: dropout, residual sum and LayerNorm, row by row, so that a row stays in the first-level cache.
 */
#include "columns_internal.h"
#include "dropout_internal.h"
#include "layernorm_internal.h"

static void residual_fwd_row(const cam_residual_fwd_args *args, int64_t r) {
    int64_t columns = args->y.shape[1];
    float *z = cam_cpu_row(args->z, r);
    const float *x = cam_cpu_row(args->x, r), *bias = cam_cpu_floats(args->bias);
    cam_dropout_row d = cam_cpu_dropout_row(&args->dropout, args->state, r, columns);
    if (bias) {
#pragma omp simd
        for (int64_t i = 0; i < columns; i++)
            z[i] = x[i] + bias[i];
        x = z;
    }
    cam_cpu_dropout_apply(&d, z, x, columns);
    if (args->residual.data) {
        const float *residual = cam_cpu_row(args->residual, r);
#pragma omp simd
        for (int64_t i = 0; i < columns; i++)
            z[i] += residual[i];
    }
    cam_layernorm_statistics s = cam_cpu_layernorm_measure(z, columns, args->eps);
    cam_cpu_floats(args->mean)[r] = s.mean;
    cam_cpu_floats(args->rstd)[r] = s.rstd;
    cam_cpu_layernorm_apply(cam_cpu_row(args->y, r), z, s, cam_cpu_floats(args->gamma), cam_cpu_floats(args->beta),
                            columns);
}

cam_status CAM_CPU_NAME(cam_cpu_residual_fwd)(cam_backend *backend, const cam_residual_fwd_args *args) {
    int64_t n = cam_rows_count(args->state, args->rows);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < n; r++)
        residual_fwd_row(args, r);
    cam_cpu_zero_rows(args->y, n);
    cam_cpu_zero_rows(args->z, n);
    cam_cpu_zero_rows(args->mean, n);
    cam_cpu_zero_rows(args->rstd, n);
    return CAM_OK;
}

/* `sums` has dgamma, dbeta and dbias of the row's block, in this order. */
static void residual_bwd_row(const cam_residual_bwd_args *args, int64_t r, float *sums) {
    int64_t columns = args->dy.shape[1];
    float *dx = cam_cpu_row(args->dx, r), *dz = args->dresidual.data ? cam_cpu_row(args->dresidual, r) : dx;
    float *restrict dbias = sums + 2 * columns;
    cam_layernorm_statistics s = {cam_cpu_floats(args->mean)[r], cam_cpu_floats(args->rstd)[r]};
    cam_dropout_row d = cam_cpu_dropout_row(&args->dropout, args->state, r, columns);
    cam_cpu_layernorm_bwd(dz, sums, sums + columns, cam_cpu_row(args->dy, r), cam_cpu_row(args->z, r), s,
                          cam_cpu_floats(args->gamma), columns);
    cam_cpu_dropout_apply(&d, dx, dz, columns);
    for (int64_t i = 0; i < columns; i++)
        dbias[i] += dx[i];
}

size_t CAM_CPU_NAME(cam_cpu_residual_bwd_workspace)(const cam_backend *backend, const cam_residual_bwd_args *args) {
    (void)backend;
    return cam_cpu_partials_bytes(args->dy.shape[0], 3 * args->dy.shape[1]);
}

static void residual_bwd_rows(const cam_residual_bwd_args *args, int64_t n, int64_t block_rows, int threads) {
    int64_t columns = args->dy.shape[1], blocks = cam_cpu_ceil_div(n, block_rows);
    float *partials = args->workspace.data;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < blocks; b++) {
        float *sums = partials + b * 3 * columns;
        memset(sums, 0, (size_t)(3 * columns) * sizeof(float));
        for (int64_t r = b * block_rows; r < cam_cpu_min((b + 1) * block_rows, n); r++)
            residual_bwd_row(args, r, sums);
    }
    cam_cpu_zero_rows(args->dx, n);
    if (args->dresidual.data)
        cam_cpu_zero_rows(args->dresidual, n);
}

cam_status CAM_CPU_NAME(cam_cpu_residual_bwd)(cam_backend *backend, const cam_residual_bwd_args *args) {
    int64_t n = cam_rows_count(args->state, args->rows), columns = args->dy.shape[1];
    int64_t block_rows = cam_cpu_block_rows(n), blocks = cam_cpu_ceil_div(n, block_rows);
    const float *partials = args->workspace.data;
    if (args->stage != CAM_STAGE_SUMS)
        residual_bwd_rows(args, n, block_rows, cam_cpu_threads(backend));
    if (args->stage == CAM_STAGE_ROWS)
        return CAM_OK;
    cam_cpu_add_partials(args->dgamma, partials, blocks, 3 * columns, args->accumulate);
    cam_cpu_add_partials(args->dbeta, partials + columns, blocks, 3 * columns, args->accumulate);
    if (args->dbias.data)
        cam_cpu_add_partials(args->dbias, partials + 2 * columns, blocks, 3 * columns, args->accumulate);
    return CAM_OK;
}
