/* columns.cuh: column sums in two stages: each block writes the partial sums of its rows to the workspace, then a
 * second launch adds the blocks' sums in a fixed order. The rows of a block depend on capacities and the number of
 * multiprocessors, never on true counts: rows past the true count add nothing.
 */
#ifndef CAM_COLUMNS_CUH
#define CAM_COLUMNS_CUH

#include "cuda.cuh"

struct cam_row_split {
    int64_t blocks, rows; /* rows: of one block */
};

/* Splits rows into at most `max_blocks` blocks; a block has a multiple of `step` rows, as few as possible. */
static inline cam_row_split cam_split_rows(int64_t rows, int64_t step, int64_t max_blocks) {
    int64_t each = step * cam_blocks(rows, step * max_blocks);
    cam_row_split split = {each > 0 ? cam_blocks(rows, each) : 0, each};
    return split;
}

/* The sums: up to four vectors of equal length, of which some may be NULL, and are then not written. Every block's row
 * of partial sums has them one after another. */
enum { CAM_COLUMN_SUMS = 4, CAM_COLUMNS_THREADS = 512 };
struct cam_column_sums {
    float *to[CAM_COLUMN_SUMS]; /* NULL: this sum is not wanted */
    int count, columns, accumulate;
};

static inline float *cam_column_sum_of(cam_tensor t) {
    return static_cast<float *>(t.data);
}

/* Blocks of the second stage, and the shared bytes of each. */
static inline int64_t cam_columns_blocks(const cam_column_sums *sums) {
    return cam_blocks((int64_t)sums->count * sums->columns, CAM_WARP);
}
static inline size_t cam_columns_shared(int threads) {
    return sizeof(float) * (size_t)threads;
}

/* Adds columns [32 block, 32 block + 32) of all sums. A lane owns a column, a warp every warps-th row of partials; the
 * warps' sums are then added in order. `shared` has one float a thread. Called by whole blocks. */
CAM_DEVICE void cam_columns_add(const cam_column_sums &sums, const float *partials, int rows, int block,
                                float *shared) {
    int total = sums.count * sums.columns, column = block * CAM_WARP + cam_lane();
    int warps = (int)blockDim.x / CAM_WARP;
    float sum = 0;
    if (column < total)
#pragma unroll 8
        for (int r = cam_warp(); r < rows; r += warps)
            sum += partials[(int64_t)r * total + column];
    shared[threadIdx.x] = sum;
    cam_sync_block();
    if (cam_warp() > 0 || column >= total)
        return;
    for (int w = 1; w < warps; w++)
        sum += shared[w * CAM_WARP + cam_lane()];
    int which = column / sums.columns, at = column % sums.columns;
    float *to = which == 0 ? sums.to[0] : which == 1 ? sums.to[1] : which == 2 ? sums.to[2] : sums.to[3];
    if (to)
        to[at] = sums.accumulate ? to[at] + sum : sum;
}

/* columns_total: sums (=|+=) the rows of partials [rows, count * columns], by cam_columns_add.
 * Bytes: 4 rows count columns, mostly from L2. */
template <int THREADS> CAM_KERNEL(THREADS) columns_total(cam_column_sums sums, const float *partials, int rows) {
    CAM_SHARED(float, shared);
    cam_columns_add(sums, partials, rows, (int)blockIdx.x, shared);
}

static inline CAM_MUST_CHECK cam_status cam_columns_total(cam_backend *backend, const cam_column_sums *sums,
                                                          const float *partials, int64_t rows) {
    return CAM_LAUNCH(backend, columns_total<CAM_COLUMNS_THREADS>, cam_columns_blocks(sums), CAM_COLUMNS_THREADS,
                      cam_columns_shared(CAM_COLUMNS_THREADS), *sums, partials, (int)rows);
}

#endif
