/* columns_internal.h: column sums in two stages: each block of rows (cam_cpu_block_rows) sums its own rows, then the
 * blocks' partial sums are added in order.
 */
#ifndef CAM_COLUMNS_INTERNAL_H
#define CAM_COLUMNS_INTERNAL_H

#include "cpu_internal.h"

/* Bytes of the partial sums for at most `rows` rows. */
static inline size_t cam_cpu_partials_bytes(int64_t rows, int64_t columns) {
    int64_t blocks = cam_cpu_min(cam_cpu_ceil_div(rows, 16), CAM_CPU_MAX_BLOCKS);
    return (size_t)(blocks * columns) * sizeof(float);
}

/* total[c] (=|+=) the sum over blocks of partials[block * stride + c]. */
static inline void cam_cpu_add_partials(cam_tensor total, const float *partials, int64_t blocks, int64_t stride,
                                        int accumulate) {
    float *restrict t = cam_cpu_floats(total);
    int64_t columns = total.shape[total.ndim - 1];
    enum { RUN = 128 };
    for (int64_t c = 0; c < columns; c += RUN) {
        float sum[RUN] = {0};
        int64_t n = cam_cpu_min(RUN, columns - c);
        for (int64_t b = 0; b < blocks; b++)
            for (int64_t i = 0; i < n; i++)
                sum[i] += partials[b * stride + c + i];
        for (int64_t i = 0; i < n; i++)
            t[c + i] = sum[i] + (accumulate ? t[c + i] : 0.0f);
    }
}

#endif
