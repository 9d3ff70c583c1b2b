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

/* What the decisions of all rows have in common. A kernel reads it once: the compiler must read it again after a store.
 */
struct cam_dropout_seed {
    uint64_t seed;
    uint32_t step;
};
CAM_DEVICE cam_dropout_seed cam_dropout_seed_of(const cam_dropout_map &map, const cam_step_state *state) {
    return map.threshold == 0 ? cam_dropout_seed{0, 0} : cam_dropout_seed{state->seed, state->step};
}

/* A packed row's data row id, and the block of its first unit. */
struct cam_dropout_row {
    uint32_t row, block;
};
CAM_DEVICE cam_dropout_row cam_dropout_row_of(const cam_dropout_map &map, int64_t row, int columns) {
    if (map.threshold == 0)
        return cam_dropout_row{0, 0};
    return cam_dropout_row{(uint32_t)map.row[row], (uint32_t)map.index[row] * (uint32_t)(columns / CAM_UNIT)};
}

/* v = dropout(v): N units of the row, of which `unit` is the first, and the others follow at distances of CAM_WARP. A
 * dropped element becomes 0, even if it was NaN or infinity. The threshold is shifted, so that a word's upper lane is
 * compared as it is. */
template <int N>
CAM_DEVICE void cam_dropout_units(float v[N][CAM_UNIT], const cam_dropout_map &map, const cam_dropout_seed &seed,
                                  const cam_dropout_row &row, int unit) {
    if (map.threshold == 0)
        return;
    uint32_t k0 = (uint32_t)seed.seed, k1 = (uint32_t)(seed.seed >> 32), threshold = map.threshold << 16;
    cam_philox_words words[N];
#pragma unroll
    for (int k = 0; k < N; k++)
        words[k] = cam_philox_words{{seed.step, map.site, row.row, row.block + (uint32_t)(unit + k * CAM_WARP)}};
#pragma unroll
    for (int round = 0; round < CAM_PHILOX_ROUNDS; round++) {
#pragma unroll
        for (int k = 0; k < N; k++)
            words[k] = cam_philox_round(words[k], k0, k1);
        cam_philox_next_key(&k0, &k1);
    }
#pragma unroll
    for (int k = 0; k < N; k++)
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++) {
            uint32_t lane = i % 2 == 0 ? words[k].w[i / 2] << 16 : words[k].w[i / 2];
            v[k][i] = lane < threshold ? 0.0f : v[k][i] * map.scale;
        }
}

#endif
