/* linear.c: y = x W^T + bias and its gradients, each one product of gemm_internal.h.
 *
 * Only the true rows are read, so rows up to the capacity cost nothing and may hold anything.
 */
#include "gemm_internal.h"
#include "vector_internal.h"

size_t CAM_CPU_NAME(cam_cpu_linear_fwd_workspace)(const cam_backend *backend, const cam_linear_fwd_args *args) {
    return CAM_CPU_NAME(cam_cpu_gemm_workspace)(args->x.shape[0], args->x.shape[1], cam_cpu_threads(backend));
}

cam_status CAM_CPU_NAME(cam_cpu_linear_fwd)(cam_backend *backend, const cam_linear_fwd_args *args) {
    int64_t n = cam_rows_count(args->state, args->rows);
    cam_gemm g = {.m = n, .n = args->w.shape[0], .k = args->x.shape[1]};
    g.a = cam_cpu_floats(args->x), g.a_i = args->x.row_stride, g.a_p = 1;
    g.b = cam_cpu_floats(args->w), g.b_p = 1, g.b_j = args->w.row_stride;
    g.c = cam_cpu_floats(args->y), g.c_i = args->y.row_stride;
    g.bias = cam_cpu_floats(args->bias);
    CAM_CPU_NAME(cam_cpu_gemm)(&g, args->workspace.data, cam_cpu_threads(backend));
    cam_cpu_zero_rows(args->y, n);
    return CAM_OK;
}

size_t CAM_CPU_NAME(cam_cpu_linear_bwd_data_workspace)(const cam_backend *backend,
                                                       const cam_linear_bwd_data_args *args) {
    return CAM_CPU_NAME(cam_cpu_gemm_workspace)(args->dy.shape[0], args->dy.shape[1], cam_cpu_threads(backend));
}

cam_status CAM_CPU_NAME(cam_cpu_linear_bwd_data)(cam_backend *backend, const cam_linear_bwd_data_args *args) {
    int64_t n = cam_rows_count(args->state, args->rows);
    cam_gemm g = {.m = n, .n = args->w.shape[1], .k = args->dy.shape[1], .accumulate = args->accumulate};
    g.a = cam_cpu_floats(args->dy), g.a_i = args->dy.row_stride, g.a_p = 1;
    g.b = cam_cpu_floats(args->w), g.b_p = args->w.row_stride, g.b_j = 1;
    g.c = cam_cpu_floats(args->dx), g.c_i = args->dx.row_stride;
    CAM_CPU_NAME(cam_cpu_gemm)(&g, args->workspace.data, cam_cpu_threads(backend));
    cam_cpu_zero_rows(args->dx, n);
    return CAM_OK;
}

/* Sums columns [begin, end) of dy over n rows: first within runs of 64 rows, then over the runs in order. At most 128
 * columns. */
enum { SUM_COLUMNS = 128, SUM_RUN = 64 };
static void sum_columns(float *restrict total, cam_tensor dy, int64_t n, int64_t begin, int64_t columns) {
    memset(total, 0, SUM_COLUMNS * sizeof(float));
    for (int64_t r = 0; r < n; r += SUM_RUN) {
        float run[SUM_COLUMNS] = {0};
        for (int64_t i = r; i < cam_cpu_min(r + SUM_RUN, n); i++) {
            const float *restrict row = cam_cpu_row(dy, i) + begin;
            for (int64_t c = 0; c < columns; c++)
                run[c] += row[c];
        }
        for (int64_t c = 0; c < SUM_COLUMNS; c++)
            total[c] += run[c];
    }
}

static void bias_gradient(const cam_linear_bwd_weight_args *args, int64_t n, int threads) {
    int64_t columns = args->dy.shape[1];
    float *dbias = cam_cpu_floats(args->dbias);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t begin = 0; begin < columns; begin += SUM_COLUMNS) {
        float total[SUM_COLUMNS];
        int64_t count = cam_cpu_min(SUM_COLUMNS, columns - begin);
        sum_columns(total, args->dy, n, begin, count);
        for (int64_t c = 0; c < count; c++)
            dbias[begin + c] = total[c] + (args->accumulate ? dbias[begin + c] : 0.0f);
    }
}

size_t CAM_CPU_NAME(cam_cpu_linear_bwd_weight_workspace)(const cam_backend *backend,
                                                         const cam_linear_bwd_weight_args *args) {
    return CAM_CPU_NAME(cam_cpu_gemm_workspace)(args->dy.shape[1], args->dy.shape[0], cam_cpu_threads(backend));
}

cam_status CAM_CPU_NAME(cam_cpu_linear_bwd_weight)(cam_backend *backend, const cam_linear_bwd_weight_args *args) {
    int64_t n = cam_rows_count(args->state, args->rows);
    cam_gemm g = {.m = args->dy.shape[1], .n = args->x.shape[1], .k = n, .accumulate = args->accumulate};
    g.a = cam_cpu_floats(args->dy), g.a_i = 1, g.a_p = args->dy.row_stride;
    g.b = cam_cpu_floats(args->x), g.b_p = args->x.row_stride, g.b_j = 1;
    g.c = cam_cpu_floats(args->dw), g.c_i = args->dw.row_stride;
    CAM_CPU_NAME(cam_cpu_gemm)(&g, args->workspace.data, cam_cpu_threads(backend));
    if (args->dbias.data)
        bias_gradient(args, n, cam_cpu_threads(backend));
    return CAM_OK;
}
