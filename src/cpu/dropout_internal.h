/* dropout_internal.h: dropout decisions by the counter layout of cam/philox.h, many calls at once.
 *
 * A call gives four 32-bit words. As x86 is little-endian, lane j is the j-th 16-bit number of these words in memory.
 */
#ifndef CAM_DROPOUT_INTERNAL_H
#define CAM_DROPOUT_INTERNAL_H

#include "cam/ops.h"
#include "vector_internal.h"

enum { CAM_DROPOUT_CALLS = 16, CAM_DROPOUT_ELEMENTS = 8 * CAM_DROPOUT_CALLS };

/* The lanes of CAM_DROPOUT_CALLS calls with consecutive counter blocks. */
static inline void cam_cpu_philox(uint16_t *restrict lanes, uint64_t seed, uint32_t step, uint32_t site, uint32_t row,
                                  uint32_t first_block) {
    uint32_t words[4][CAM_DROPOUT_CALLS];
#pragma omp simd
    for (uint32_t i = 0; i < CAM_DROPOUT_CALLS; i++) {
        cam_philox_words r = cam_philox(seed, step, site, row, first_block + i);
        words[0][i] = r.w[0];
        words[1][i] = r.w[1];
        words[2][i] = r.w[2];
        words[3][i] = r.w[3];
    }
    uint32_t in_order[4 * CAM_DROPOUT_CALLS];
    for (int i = 0; i < CAM_DROPOUT_CALLS; i++)
        for (int j = 0; j < 4; j++)
            in_order[4 * i + j] = words[j][i];
    memcpy(lanes, in_order, sizeof in_order);
}

/* The dropout parameters of one row of features. */
typedef struct cam_dropout_row {
    uint64_t seed;
    uint32_t step, site, row, first_block, threshold;
    float scale;
} cam_dropout_row;

static inline cam_dropout_row cam_cpu_dropout_row(const cam_dropout *dropout, const cam_step_state *state, int64_t r,
                                                  int64_t columns) {
    cam_dropout_row d = {.seed = state->seed, .step = state->step, .site = dropout->site, .scale = 1.0f};
    d.threshold = dropout->threshold;
    if (d.threshold == 0)
        return d;
    d.row = (uint32_t)((const int32_t *)dropout->row.data)[r];
    d.first_block = (uint32_t)(((const int32_t *)dropout->index.data)[r] * (columns / 8));
    d.scale = cam_dropout_scale(d.threshold);
    return d;
}

/* y[0..columns) = dropout(x); y may be x, but must not overlap it otherwise. columns is a multiple of 8. */
static inline void cam_cpu_dropout_apply(const cam_dropout_row *d, float *y, const float *x, int64_t columns) {
    if (d->threshold == 0) {
        if (x != y)
            memcpy(y, x, (size_t)columns * sizeof(float));
        return;
    }
    uint16_t lanes[CAM_DROPOUT_ELEMENTS];
    uint32_t threshold = d->threshold;
    float scale = d->scale;
    for (int64_t c = 0; c < columns; c += CAM_DROPOUT_ELEMENTS) {
        cam_cpu_philox(lanes, d->seed, d->step, d->site, d->row, d->first_block + (uint32_t)(c / 8));
        int64_t n = columns - c < CAM_DROPOUT_ELEMENTS ? columns - c : CAM_DROPOUT_ELEMENTS;
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            y[c + i] = lanes[i] < threshold ? 0.0f : x[c + i] * scale;
    }
}

#endif
