/* layernorm.cuh: LayerNorm of one row, forward and backward, for the operators that include one.
 *
 * A row belongs to as few whole warps as hold it with CAM_ROW_UNITS units a lane: to one warp up to 768 columns. It is
 * read once, stays in registers and is written once. One warp adds up its row by shuffles, without a barrier of the
 * block; only longer rows need barriers. Units past the row's end are zeros and are not stored.
 */
#ifndef CAM_LAYERNORM_CUH
#define CAM_LAYERNORM_CUH

#include "columns.cuh"
#include "units.cuh"

enum {
    CAM_ROW_UNITS = 3, /* of a lane */
    CAM_ROW_WARPS = 4, /* of a block, unless one row needs more */
    CAM_ROW_MAX_THREADS = 192,
    CAM_ROW_MAX_COLUMNS = CAM_ROW_MAX_THREADS * CAM_ROW_UNITS * CAM_UNIT
};

/* How rows are divided among the threads of a block. */
struct cam_row_layout {
    int columns, units, warps; /* of a row */
    int warp_units;            /* units of a warp, a multiple of CAM_WARP */
    int groups;                /* rows that a block holds at once, each in a group of its warps */
};

static inline cam_row_layout cam_row_layout_of(int64_t columns) {
    cam_row_layout layout = {(int)columns, (int)(columns / CAM_UNIT), 0, 0, 0};
    int64_t lane_units = cam_blocks(layout.units, CAM_WARP);
    layout.warps = (int)cam_blocks(lane_units, CAM_ROW_UNITS);
    layout.warp_units = (int)cam_blocks(lane_units, layout.warps) * CAM_WARP;
    layout.groups = layout.warps < CAM_ROW_WARPS ? CAM_ROW_WARPS / layout.warps : 1;
    return layout;
}
/* The number of threads of a block. */
static inline int cam_row_threads(const cam_row_layout *layout) {
    return layout->groups * layout->warps * CAM_WARP;
}

static inline CAM_MUST_CHECK cam_status cam_row_check(const char *op, int64_t columns) {
    if (columns > CAM_ROW_MAX_COLUMNS)
        return cam_fail(CAM_E_UNSUPPORTED, "%s: rows of %lld columns; the \"cuda\" backend takes at most %d", op,
                        (long long)columns, CAM_ROW_MAX_COLUMNS);
    return CAM_OK;
}

/* A thread's part of a row: units unit, unit + CAM_WARP, .. of the row. It has the k-th if k * CAM_WARP < left. */
struct cam_row_place {
    int group; /* of this thread, among the block's */
    int unit, left;
};

CAM_DEVICE cam_row_place cam_row_place_of(const cam_row_layout &layout) {
    int group = layout.warps == 1 ? cam_warp() : cam_warp() / layout.warps, first_warp = group * layout.warps;
    int begin = (cam_warp() - first_warp) * layout.warp_units, units = layout.units - begin;
    units = units < layout.warp_units ? units : layout.warp_units;
    return cam_row_place{group, begin + cam_lane(), units - cam_lane()};
}
CAM_DEVICE bool cam_row_has(const cam_row_place &at, int k) {
    return k * CAM_WARP < at.left;
}
/* The k-th unit's first column. */
CAM_DEVICE int cam_row_column(const cam_row_place &at, int k) {
    return (at.unit + k * CAM_WARP) * CAM_UNIT;
}

typedef float cam_row_values[CAM_ROW_UNITS][CAM_UNIT];

CAM_DEVICE void cam_row_clear(cam_row_values v) {
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++)
        cam_unit_clear<CAM_UNIT>(v[k]);
}

/* v[j] = the sum of v[j] over the threads of a row. Every thread of the block takes part. `slots` is shared memory, J
 * floats a warp of the block; it may be used again after the second barrier that follows. */
template <int J>
CAM_DEVICE void cam_row_sum(float v[J], float *slots, const cam_row_layout &layout, const cam_row_place &at) {
    for (int mask = CAM_WARP / 2; mask > 0; mask /= 2) /* the J butterflies overlap */
#pragma unroll
        for (int j = 0; j < J; j++)
            v[j] += cam_shuffle_xor(v[j], mask);
    if (layout.warps == 1)
        return;
#pragma unroll
    for (int j = 0; j < J; j++)
        if (cam_lane() == 0)
            slots[cam_warp() * J + j] = v[j];
    cam_sync_block();
#pragma unroll
    for (int j = 0; j < J; j++)
        v[j] = 0;
    slots += at.group * layout.warps * J;
#pragma unroll 1
    for (int w = 0; w < layout.warps; w++)
#pragma unroll
        for (int j = 0; j < J; j++)
            v[j] += slots[w * J + j];
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* Shared memory of a block, bytes. */
static inline size_t cam_layernorm_shared(const cam_row_layout *layout) {
    return 2 * sizeof(float) * (size_t)(layout->groups * layout->warps);
}

struct cam_layernorm_statistics {
    float mean, rstd;
};

/* mean and rstd of a row: rstd = 1 / sqrt(var + eps), var biased, two passes. */
CAM_DEVICE cam_layernorm_statistics cam_layernorm_measure(const cam_row_values v, const cam_row_layout &layout,
                                                          const cam_row_place &at, float eps, float *slots) {
    float sum[1] = {0}, squares[1] = {0}, inverse = 1.0f / (float)layout.columns;
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++)
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++)
            sum[0] += v[k][i];
    cam_row_sum<1>(sum, slots, layout, at);
    float mean = sum[0] * inverse;
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++)
        if (cam_row_has(at, k))
#pragma unroll
            for (int i = 0; i < CAM_UNIT; i++)
                squares[0] += (v[k][i] - mean) * (v[k][i] - mean);
    cam_row_sum<1>(squares, slots + layout.groups * layout.warps, layout, at);
    return cam_layernorm_statistics{mean, 1.0f / cam_sqrt(squares[0] * inverse + eps)};
}

/* v, a unit at `column`, becomes (v - mean) rstd gamma + beta. */
CAM_DEVICE void cam_layernorm_apply(float v[CAM_UNIT], cam_layernorm_statistics s, const float *gamma,
                                    const float *beta, int column) {
    float g[CAM_UNIT], b[CAM_UNIT];
    cam_unit_read<CAM_UNIT>(g, gamma + column);
    cam_unit_read<CAM_UNIT>(b, beta + column);
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] = (v[i] - s.mean) * s.rstd * g[i] + b[i];
}

/* --- backward: a group computes one row after another, until the block's range of rows is done -------------------- */

/* Warps of a multiprocessor, which set the number of blocks. A thread keeps the sums of its columns in registers. */
enum { CAM_ROWS_WARPS = 12, CAM_LAYERNORM_SUMS = 3 };

static inline cam_row_split cam_split_row_groups(const cam_backend *backend, int64_t rows,
                                                 const cam_row_layout *layout) {
    int each = CAM_ROWS_WARPS * CAM_WARP / cam_row_threads(layout);
    return cam_split_rows(rows, layout->groups, (int64_t)each * cam_cuda(backend)->multiprocessors);
}
/* The number of floats of all blocks' partial sums. */
static inline int64_t cam_layernorm_partials(const cam_backend *backend, int64_t rows, const cam_row_layout *layout) {
    return cam_split_row_groups(backend, rows, layout).blocks * CAM_LAYERNORM_SUMS * layout->columns;
}
static inline size_t cam_layernorm_bwd_shared(const cam_row_layout *layout) {
    int sums = layout->groups > 1 ? CAM_LAYERNORM_SUMS * layout->columns : 0;
    return sizeof(float) * (size_t)(4 * layout->groups * layout->warps + sums);
}

/* A row's gradient, in two halves, so that the caller can load the next row between them, when registers are free. With
 * d the gradient of the row's LN, g = d gamma and n the normalised row it is rstd (g - mean of g - n mean of (g n)). n
 * and d are zero in units that the thread does not have.
 *
 * First half: d becomes g; `sum` receives this thread's sums of g and of g n. gamma is loaded again for each row, from
 * L1, to save registers. */
CAM_DEVICE void cam_layernorm_weigh(float sum[2], cam_row_values d, const cam_row_values n, const float *gamma,
                                    const cam_row_place &at) {
    float g[CAM_UNIT];
    sum[0] = sum[1] = 0;
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++) {
        if (!cam_row_has(at, k))
            continue;
        cam_unit_read<CAM_UNIT>(g, gamma + cam_row_column(at, k));
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++) {
            d[k][i] *= g[i];
            sum[0] += d[k][i];
            sum[1] += d[k][i] * n[k][i];
        }
    }
}
/* Second half: d becomes the row's gradient, undefined in units that the thread does not have. `slots` as in
 * cam_row_sum. */
CAM_DEVICE void cam_layernorm_gradient(cam_row_values d, const cam_row_values n, float sum[2], float rstd,
                                       const cam_row_layout &layout, const cam_row_place &at, float *slots) {
    cam_row_sum<2>(sum, slots, layout, at);
    float scale = 1.0f / (float)layout.columns, mean = sum[0] * scale, slope = sum[1] * scale;
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++)
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++)
            d[k][i] = rstd * (d[k][i] - mean - n[k][i] * slope);
}

/* A thread's sums over the rows of its group. */
struct cam_layernorm_sums {
    cam_row_values of[CAM_LAYERNORM_SUMS];
};

CAM_DEVICE void cam_layernorm_sums_clear(cam_layernorm_sums *sums) {
#pragma unroll
    for (int j = 0; j < CAM_LAYERNORM_SUMS; j++)
        cam_row_clear(sums->of[j]);
}

CAM_DEVICE void cam_unit_add(float v[CAM_UNIT], const float *from) {
    float more[CAM_UNIT];
    cam_unit_read<CAM_UNIT>(more, from);
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] += more[i];
}

/* Writes the sum over the groups to partials [3, columns]; the last group is first. `shared` has 3 * columns floats. */
CAM_DEVICE void cam_layernorm_sums_write(float *partials, cam_layernorm_sums *sums, const cam_row_layout &layout,
                                         const cam_row_place &at, float *shared) {
    for (int turn = layout.groups - 1; turn >= 0; turn--) {
        if (at.group == turn)
#pragma unroll
            for (int j = 0; j < CAM_LAYERNORM_SUMS; j++)
#pragma unroll
                for (int k = 0; k < CAM_ROW_UNITS; k++) {
                    int column = j * layout.columns + cam_row_column(at, k);
                    if (!cam_row_has(at, k))
                        continue;
                    if (turn < layout.groups - 1)
                        cam_unit_add(sums->of[j][k], shared + column);
                    if (turn > 0)
                        cam_unit_write<CAM_UNIT>(shared + column, sums->of[j][k]);
                    else
                        cam_unit_write<CAM_UNIT>(partials + column, sums->of[j][k]);
                }
        cam_sync_block();
    }
}

#endif
