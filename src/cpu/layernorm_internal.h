/* layernorm_internal.h: LayerNorm of one row, forward and backward, for the operators that include one.
 */
#ifndef CAM_LAYERNORM_INTERNAL_H
#define CAM_LAYERNORM_INTERNAL_H

#include "vector_internal.h"
#include <math.h>

typedef struct cam_layernorm_statistics {
    float mean, rstd;
} cam_layernorm_statistics;

/* rstd = 1 / sqrt(var + eps), var biased, two passes. */
static inline cam_layernorm_statistics cam_cpu_layernorm_measure(const float *x, int64_t columns, float eps) {
    cam_lanes sum = {{0}}, squares = {{0}};
    CAM_LANES_ADD(sum, columns, i, x[i]);
    float mean = cam_lanes_sum(&sum) / (float)columns;
    CAM_LANES_ADD(squares, columns, i, (x[i] - mean) * (x[i] - mean));
    float variance = cam_lanes_sum(&squares) / (float)columns;
    return (cam_layernorm_statistics){mean, 1.0f / sqrtf(variance + eps)};
}

/* y may be x. */
static inline void cam_cpu_layernorm_apply(float *y, const float *x, cam_layernorm_statistics s,
                                           const float *restrict gamma, const float *restrict beta, int64_t columns) {
#pragma omp simd
    for (int64_t i = 0; i < columns; i++)
        y[i] = (x[i] - s.mean) * s.rstd * gamma[i] + beta[i];
}

/* dx of one row; adds the row to dgamma and dbeta. With g = dy gamma and n = (x - mean) rstd,
 * dx = rstd (g - mean of g - n mean of (g n)). dx may be x or dy. */
static inline void cam_cpu_layernorm_bwd(float *dx, float *restrict dgamma, float *restrict dbeta, const float *dy,
                                         const float *x, cam_layernorm_statistics s, const float *restrict gamma,
                                         int64_t columns) {
    cam_lanes sum = {{0}}, product = {{0}};
    CAM_LANES_ADD(sum, columns, i, dy[i] * gamma[i]);
    CAM_LANES_ADD(product, columns, i, dy[i] * gamma[i] * ((x[i] - s.mean) * s.rstd));
    float mean_g = cam_lanes_sum(&sum) / (float)columns, mean_gn = cam_lanes_sum(&product) / (float)columns;
#pragma omp simd
    for (int64_t i = 0; i < columns; i++) {
        float n = (x[i] - s.mean) * s.rstd;
        dgamma[i] += dy[i] * n;
        dbeta[i] += dy[i];
        dx[i] = s.rstd * (dy[i] * gamma[i] - mean_g - n * mean_gn);
    }
}

#endif
