/* dropout.cuh: dropout decisions (cam/philox.h) for rows of features: one Philox call a unit of eight.
 */
#ifndef CAM_DROPOUT_CUH
#define CAM_DROPOUT_CUH

#include "units.cuh"

/* A cam_dropout as a kernel argument. row and index are NULL if threshold is 0. */
struct cam_dropout_map {
    uint32_t threshold, site;
    float scale;
    const int32_t *row, *index;
};

static inline cam_dropout_map cam_dropout_map_of(const cam_dropout *dropout) {
    cam_dropout_map map = {dropout->threshold, dropout->site, cam_dropout_scale(dropout->threshold),
                           static_cast<const int32_t *>(dropout->row.data),
                           static_cast<const int32_t *>(dropout->index.data)};
    return map;
}

/* v = dropout(v); v is unit `unit` of packed row `row`. A dropped element becomes 0, even if it was NaN or infinity. */
CAM_DEVICE void cam_dropout_unit(float v[CAM_UNIT], const cam_dropout_map &map, const cam_step_state *state,
                                 int64_t row, int columns, int unit) {
    if (map.threshold == 0)
        return;
    uint32_t block = (uint32_t)map.index[row] * (uint32_t)(columns / CAM_UNIT) + (uint32_t)unit;
    cam_philox_words words = cam_philox(state->seed, state->step, map.site, (uint32_t)map.row[row], block);
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] = cam_philox_lane(words, (uint32_t)i) < map.threshold ? 0.0f : v[i] * map.scale;
}

#endif
