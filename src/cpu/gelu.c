/* gelu.c: bias and the exact GELU, u Phi(u), and its gradient Phi(u) + u phi(u).
 */
#include "columns_internal.h"
#include "vector_math_internal.h"

cam_status CAM_CPU_NAME(cam_cpu_gelu_fwd)(cam_backend *backend, const cam_gelu_fwd_args *args) {
    int64_t n = cam_rows_count(args->state, args->rows), columns = args->y.shape[1];
    const float *restrict bias = cam_cpu_floats(args->bias);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < n; r++) {
        const float *restrict x = cam_cpu_row(args->x, r);
        float *restrict y = cam_cpu_row(args->y, r);
#pragma omp simd
        for (int64_t i = 0; i < columns; i++) {
            float u = x[i] + bias[i], bell;
            y[i] = u * cam_normal_integral(u, &bell);
        }
    }
    cam_cpu_zero_rows(args->y, n);
    return CAM_OK;
}

static void gelu_bwd_row(const cam_gelu_bwd_args *args, int64_t r, float *restrict sums) {
    int64_t columns = args->dy.shape[1];
    const float *dy = cam_cpu_row(args->dy, r);
    const float *restrict x = cam_cpu_row(args->x, r), *restrict bias = cam_cpu_floats(args->bias);
    float *dx = cam_cpu_row(args->dx, r);
#pragma omp simd
    for (int64_t i = 0; i < columns; i++) {
        float u = x[i] + bias[i], bell;
        float slope = cam_normal_integral(u, &bell);
        slope += u * (bell * 0.398942280f); /* 1 / sqrt(2 pi) */
        float d = dy[i] * slope;
        sums[i] += d;
        dx[i] = d;
    }
}

size_t CAM_CPU_NAME(cam_cpu_gelu_bwd_workspace)(const cam_backend *backend, const cam_gelu_bwd_args *args) {
    (void)backend;
    return cam_cpu_partials_bytes(args->dy.shape[0], args->dy.shape[1]);
}

static void gelu_bwd_rows(const cam_gelu_bwd_args *args, int64_t n, int64_t block_rows, int threads) {
    int64_t columns = args->dy.shape[1], blocks = cam_cpu_ceil_div(n, block_rows);
    float *partials = args->workspace.data;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < blocks; b++) {
        float *sums = partials + b * columns;
        memset(sums, 0, (size_t)columns * sizeof(float));
        for (int64_t r = b * block_rows; r < cam_cpu_min((b + 1) * block_rows, n); r++)
            gelu_bwd_row(args, r, sums);
    }
    cam_cpu_zero_rows(args->dx, n);
}

cam_status CAM_CPU_NAME(cam_cpu_gelu_bwd)(cam_backend *backend, const cam_gelu_bwd_args *args) {
    int64_t n = cam_rows_count(args->state, args->rows), block_rows = cam_cpu_block_rows(n);
    if (args->stage != CAM_STAGE_SUMS)
        gelu_bwd_rows(args, n, block_rows, cam_cpu_threads(backend));
    if (args->stage != CAM_STAGE_ROWS)
        cam_cpu_add_partials(args->dbias, args->workspace.data, cam_cpu_ceil_div(n, block_rows), args->dy.shape[1],
                             args->accumulate);
    return CAM_OK;
}
