/* head.c: gathering the query rows, which the head reads, dropout on them, and tanh.
 */
#include "cpu_internal.h"
#include "dropout_internal.h"
#include "vector_math_internal.h"

cam_status CAM_CPU_NAME(cam_cpu_head_gather_fwd)(cam_backend *backend, const cam_head_gather_fwd_args *args) {
    int64_t rows = args->state->head_rows, columns = args->y.shape[1];
    const int32_t *list = cam_cpu_indices(args->list);
    (void)backend;
    for (int64_t r = 0; r < rows; r++)
        memcpy(cam_cpu_row(args->y, r), cam_cpu_row(args->x, list[r]), (size_t)columns * sizeof(float));
    cam_cpu_zero_rows(args->y, rows);
    return CAM_OK;
}

cam_status CAM_CPU_NAME(cam_cpu_head_gather_bwd)(cam_backend *backend, const cam_head_gather_bwd_args *args) {
    int64_t rows = args->state->head_rows, columns = args->dy.shape[1];
    const int32_t *list = cam_cpu_indices(args->list);
    (void)backend;
    if (!args->accumulate)
        cam_cpu_zero_rows(args->dx, 0);
    for (int64_t r = 0; r < rows; r++) {
        const float *restrict dy = cam_cpu_row(args->dy, r);
        float *restrict dx = cam_cpu_row(args->dx, list[r]);
        for (int64_t i = 0; i < columns; i++)
            dx[i] += dy[i];
    }
    return CAM_OK;
}

cam_status CAM_CPU_NAME(cam_cpu_head_dropout)(cam_backend *backend, const cam_head_dropout_args *args) {
    int64_t rows = args->state->head_rows, columns = args->y.shape[1];
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < rows; r++) {
        cam_dropout_row d = cam_cpu_dropout_row(&args->dropout, args->state, r, columns);
        cam_cpu_dropout_apply(&d, cam_cpu_row(args->y, r), cam_cpu_row(args->x, r), columns);
    }
    cam_cpu_zero_rows(args->y, rows);
    return CAM_OK;
}

cam_status CAM_CPU_NAME(cam_cpu_head_tanh_fwd)(cam_backend *backend, const cam_head_tanh_fwd_args *args) {
    int64_t rows = args->state->head_rows, columns = args->y.shape[1];
    const float *restrict bias = cam_cpu_floats(args->bias);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < rows; r++) {
        const float *restrict x = cam_cpu_row(args->x, r);
        float *restrict y = cam_cpu_row(args->y, r);
        cam_dropout_row d = cam_cpu_dropout_row(&args->dropout, args->state, r, columns);
#pragma omp simd
        for (int64_t i = 0; i < columns; i++)
            y[i] = cam_tanhf(x[i] + bias[i]);
        cam_cpu_dropout_apply(&d, y, y, columns);
    }
    cam_cpu_zero_rows(args->y, rows);
    return CAM_OK;
}

/* Column sums over few rows, in order, by one thread. */
static void add_columns(cam_tensor sums, cam_tensor of, int64_t rows, int accumulate) {
    float *restrict s = cam_cpu_floats(sums);
    if (!accumulate)
        memset(s, 0, (size_t)sums.shape[0] * sizeof(float));
    for (int64_t r = 0; r < rows; r++) {
        const float *restrict row = cam_cpu_row(of, r);
        for (int64_t i = 0; i < sums.shape[0]; i++)
            s[i] += row[i];
    }
}

cam_status CAM_CPU_NAME(cam_cpu_head_tanh_bwd)(cam_backend *backend, const cam_head_tanh_bwd_args *args) {
    int64_t rows = args->state->head_rows, columns = args->dy.shape[1];
    const float *restrict bias = cam_cpu_floats(args->bias);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < rows; r++) {
        const float *restrict x = cam_cpu_row(args->x, r);
        float *restrict dx = cam_cpu_row(args->dx, r);
        cam_dropout_row d = cam_cpu_dropout_row(&args->dropout, args->state, r, columns);
        cam_cpu_dropout_apply(&d, dx, cam_cpu_row(args->dy, r), columns);
#pragma omp simd
        for (int64_t i = 0; i < columns; i++) {
            float t = cam_tanhf(x[i] + bias[i]);
            dx[i] *= 1.0f - t * t;
        }
    }
    add_columns(args->dbias, args->dx, rows, args->accumulate);
    cam_cpu_zero_rows(args->dx, rows);
    return CAM_OK;
}
