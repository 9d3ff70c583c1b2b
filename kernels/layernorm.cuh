/* layernorm.cuh: LayerNorm of one row, forward and backward, for the operators that include one.
 *
 * Whole warps own a row, and a thread owns one unit of it. A row is read once, stays in registers and is written once.
 * Threads past the row's end hold zeros and store nothing, but take part in sums and barriers.
 */
#ifndef CAM_LAYERNORM_CUH
#define CAM_LAYERNORM_CUH

#include "columns.cuh"
#include "units.cuh"

enum { CAM_ROW_MAX_THREADS = 512, CAM_ROW_MAX_COLUMNS = CAM_ROW_MAX_THREADS * CAM_UNIT };

/* The number of threads for one row. */
static inline int cam_row_threads(int64_t columns) {
    return (int)cam_blocks(columns, CAM_UNIT * CAM_WARP) * CAM_WARP;
}

static inline CAM_MUST_CHECK cam_status cam_row_check(const char *op, int64_t columns) {
    if (columns > CAM_ROW_MAX_COLUMNS)
        return cam_fail(CAM_E_UNSUPPORTED, "%s: rows of %lld columns; the \"cuda\" backend takes at most %d", op,
                        (long long)columns, CAM_ROW_MAX_COLUMNS);
    return CAM_OK;
}

/* v[k] = the sum of v[k] over the threads of a row: warps [first, first + warps) of the block. Every thread of the
 * block takes part. `slots` is shared memory, K floats a warp of the block; it may be used again after the second
 * barrier that follows. */
template <int K> CAM_DEVICE void cam_row_sum(float v[K], float *slots, int first, int warps) {
#pragma unroll
    for (int k = 0; k < K; k++) {
        v[k] = cam_warp_sum(v[k]);
        if (cam_lane() == 0)
            slots[cam_warp() * K + k] = v[k];
    }
    cam_sync_block();
#pragma unroll
    for (int k = 0; k < K; k++)
        v[k] = 0;
    for (int w = 0; w < warps; w += 4) /* four at once, so that their loads overlap */
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int k = 0; k < K; k++)
                v[k] += w + i < warps ? slots[(first + w + i) * K + k] : 0.0f;
}

/* Shared memory of a block for one row, bytes. */
static inline size_t cam_layernorm_shared(int threads) {
    return 2 * sizeof(float) * (size_t)(threads / CAM_WARP);
}

struct cam_layernorm_statistics {
    float mean, rstd;
};

/* mean and rstd of the block's row: rstd = 1 / sqrt(var + eps), var biased, two passes. `here`: this thread has a unit.
 */
CAM_DEVICE cam_layernorm_statistics cam_layernorm_measure(const float v[CAM_UNIT], bool here, int columns, float eps,
                                                          float *slots) {
    int warps = (int)blockDim.x / CAM_WARP;
    float sum[1] = {0}, squares[1] = {0}, inverse = 1.0f / (float)columns;
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        sum[0] += v[i];
    cam_row_sum<1>(sum, slots, 0, warps);
    float mean = sum[0] * inverse;
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        squares[0] += here ? (v[i] - mean) * (v[i] - mean) : 0.0f;
    cam_row_sum<1>(squares, slots + warps, 0, warps);
    return cam_layernorm_statistics{mean, 1.0f / cam_sqrt(squares[0] * inverse + eps)};
}

CAM_DEVICE void cam_layernorm_apply(float v[CAM_UNIT], cam_layernorm_statistics s, const float gamma[CAM_UNIT],
                                    const float beta[CAM_UNIT]) {
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] = (v[i] - s.mean) * s.rstd * gamma[i] + beta[i];
}

/* In backward a block computes several rows at a time, each by one group of its threads, until its range of rows is
 * done. A thread keeps the sums of its columns in registers until the end. */
enum { CAM_ROWS_THREADS = 384, CAM_ROWS_BLOCKS = 2 /* a multiprocessor */, CAM_LAYERNORM_SUMS = 3 };

struct cam_row_group {
    int groups, group; /* groups of the block, this thread's group */
    int unit, warps;   /* this thread's unit of the row, warps of a row */
};

CAM_DEVICE cam_row_group cam_row_group_of(int row_threads) {
    return cam_row_group{(int)blockDim.x / row_threads, (int)threadIdx.x / row_threads, (int)threadIdx.x % row_threads,
                         row_threads / CAM_WARP};
}

static inline int cam_row_groups(int64_t columns) {
    int groups = CAM_ROWS_THREADS / cam_row_threads(columns);
    return groups > 1 ? groups : 1;
}
static inline cam_row_split cam_split_row_groups(const cam_backend *backend, int64_t rows, int64_t columns) {
    return cam_split_rows(rows, cam_row_groups(columns), CAM_ROWS_BLOCKS * cam_cuda(backend)->multiprocessors);
}
/* The number of floats of all blocks' partial sums. */
static inline int64_t cam_layernorm_partials(const cam_backend *backend, int64_t rows, int64_t columns) {
    return cam_split_row_groups(backend, rows, columns).blocks * CAM_LAYERNORM_SUMS * columns;
}
static inline size_t cam_layernorm_bwd_shared(int64_t columns) {
    int groups = cam_row_groups(columns), warps = groups * cam_row_threads(columns) / CAM_WARP;
    return sizeof(float) * (size_t)(4 * warps + (groups > 1 ? CAM_LAYERNORM_SUMS * columns : 0));
}

/* Turns d, the gradient of a row's LN, into the gradient of the row: with g = d gamma and n the normalised row,
 * rstd (g - mean of g - n mean of (g n)). n and d are zero in threads without a unit. `slots` as in cam_row_sum. */
CAM_DEVICE void cam_layernorm_gradient(float d[CAM_UNIT], const float n[CAM_UNIT], const float gamma[CAM_UNIT],
                                       float rstd, int columns, float *slots, const cam_row_group &at) {
    float mean[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++) {
        d[i] *= gamma[i];
        mean[0] += d[i];
        mean[1] += d[i] * n[i];
    }
    cam_row_sum<2>(mean, slots, at.group * at.warps, at.warps);
    float scale = 1.0f / (float)columns;
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        d[i] = rstd * (d[i] - mean[0] * scale - n[i] * (mean[1] * scale));
}

/* A thread's sums over the rows of its group. */
struct cam_layernorm_sums {
    float of[CAM_LAYERNORM_SUMS][CAM_UNIT];
};

CAM_DEVICE void cam_layernorm_sums_clear(cam_layernorm_sums *sums) {
#pragma unroll
    for (int k = 0; k < CAM_LAYERNORM_SUMS; k++)
        cam_unit_clear<CAM_UNIT>(sums->of[k]);
}

CAM_DEVICE void cam_unit_add(float v[CAM_UNIT], const float *from) {
    float more[CAM_UNIT];
    cam_unit_read<CAM_UNIT>(more, from);
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] += more[i];
}

/* Writes the sum over the groups to partials [3, columns]; the last group is first. `shared` has 3 * columns floats. */
CAM_DEVICE void cam_layernorm_sums_write(float *partials, cam_layernorm_sums *sums, int columns, float *shared,
                                         const cam_row_group &at) {
    bool here = at.unit * CAM_UNIT < columns;
    for (int turn = at.groups - 1; turn >= 0; turn--) {
        if (at.group == turn && here)
#pragma unroll
            for (int k = 0; k < CAM_LAYERNORM_SUMS; k++) {
                int column = k * columns + at.unit * CAM_UNIT;
                if (turn < at.groups - 1)
                    cam_unit_add(sums->of[k], shared + column);
                if (turn > 0)
                    cam_unit_write<CAM_UNIT>(shared + column, sums->of[k]);
                else
                    cam_unit_write<CAM_UNIT>(partials + column, sums->of[k]);
            }
        cam_sync_block();
    }
}

#endif
