/* head.cu: gathering the query rows, which the head reads, dropout on them, and tanh. All are small: R rows, one a
 * sequence. Their time is that of the launch, so each is one launch.
 */
#include "cuda.cuh"
#include "dropout.cuh"
#include "units.cuh"

enum { HEAD_THREADS = 128, HEAD_WARPS = HEAD_THREADS / CAM_WARP, HEAD_GATHER_MAX_THREADS = 256 };

typedef cam_vec<uint32_t, 4> head_word;

/* head_gather_row: y[r] = x[list[r]], any dtype: rows are whole 16-byte words. Zeros past the true count.
 * A block owns a row, a thread a word of it (or every blockDim-th). Bytes: 2 a byte of y. */
CAM_KERNEL(HEAD_GATHER_MAX_THREADS)
head_gather_row(head_word *y, const head_word *x, const int32_t *list, int words, const cam_step_state *state) {
    bool real = (int)blockIdx.x < state->head_rows;
    int64_t from = real ? (int64_t)list[blockIdx.x] * words : 0, to = (int64_t)blockIdx.x * words;
    for (int i = (int)threadIdx.x; i < words; i += (int)blockDim.x)
        cam_store(y + to + i, real ? cam_load(x + from + i) : head_word{{0, 0, 0, 0}});
}

cam_status cam_cuda_head_gather_fwd(cam_backend *backend, const cam_head_gather_fwd_args *args) {
    int64_t words = args->y.shape[1] * (int64_t)cam_dtype_size(args->y.dtype) / (int64_t)sizeof(head_word);
    int threads = (int)cam_blocks(words, CAM_WARP) * CAM_WARP;
    threads = threads < HEAD_GATHER_MAX_THREADS ? threads : HEAD_GATHER_MAX_THREADS;
    return CAM_LAUNCH(backend, head_gather_row, args->y.shape[0], threads, 0, (head_word *)args->y.data,
                      (const head_word *)args->x.data, (const int32_t *)args->list.data, (int)words, args->state);
}

/* head_scatter_row: dx[row] = dy[r] if list[r] == row, 0 if the list does not have the row.
 * A warp owns a row of dx: it searches the list for the row, then writes it. Bytes: 1 a byte of dx and of dy; the list
 * is read from L2 once a row. */
template <typename T>
CAM_KERNEL(HEAD_THREADS)
head_scatter_row(T *dx, const T *dy, const int32_t *list, int capacity, int columns, const cam_step_state *state) {
    int64_t row = (int64_t)blockIdx.x * HEAD_WARPS + cam_warp();
    if (row >= capacity)
        return;
    int32_t found = 0; /* r + 1; rows of the list are distinct, so at most one lane finds one */
    for (int r = cam_lane(); r < state->head_rows; r += CAM_WARP)
        found = list[r] == row ? r + 1 : found;
    found = cam_warp_sum(found);
    float v[CAM_UNIT];
    cam_unit_clear<CAM_UNIT>(v);
    for (int c = cam_lane() * CAM_UNIT; c < columns; c += CAM_WARP * CAM_UNIT) {
        if (found > 0)
            cam_unit_read<CAM_UNIT>(v, dy + (int64_t)(found - 1) * columns + c);
        cam_unit_write<CAM_UNIT>(dx + row * columns + c, v);
    }
}

/* head_scatter_add_row: dx[list[r]] += dy[r]. A warp owns a row of dy. Bytes: 3 a byte of dy. */
template <typename T>
CAM_KERNEL(HEAD_THREADS)
head_scatter_add_row(T *dx, const T *dy, const int32_t *list, int columns, const cam_step_state *state) {
    int r = (int)blockIdx.x * HEAD_WARPS + cam_warp();
    if (r >= state->head_rows)
        return;
    T *to = dx + (int64_t)list[r] * columns;
    for (int c = cam_lane() * CAM_UNIT; c < columns; c += CAM_WARP * CAM_UNIT) {
        float v[CAM_UNIT], more[CAM_UNIT];
        cam_unit_read<CAM_UNIT>(v, to + c);
        cam_unit_read<CAM_UNIT>(more, dy + (int64_t)r * columns + c);
#pragma unroll
        for (int i = 0; i < CAM_UNIT; i++)
            v[i] += more[i];
        cam_unit_write<CAM_UNIT>(to + c, v);
    }
}

template <typename T> static cam_status head_scatter(cam_backend *backend, const cam_head_gather_bwd_args *a) {
    T *dx = (T *)a->dx.data;
    const T *dy = (const T *)a->dy.data;
    const int32_t *list = (const int32_t *)a->list.data;
    int capacity = (int)a->dx.shape[0], columns = (int)a->dx.shape[1];
    if (a->accumulate)
        return CAM_LAUNCH(backend, (head_scatter_add_row<T>), cam_blocks(a->dy.shape[0], HEAD_WARPS), HEAD_THREADS, 0,
                          dx, dy, list, columns, a->state);
    return CAM_LAUNCH(backend, (head_scatter_row<T>), cam_blocks(capacity, HEAD_WARPS), HEAD_THREADS, 0, dx, dy, list,
                      capacity, columns, a->state);
}

cam_status cam_cuda_head_gather_bwd(cam_backend *backend, const cam_head_gather_bwd_args *args) {
    return args->dx.dtype == CAM_F32 ? head_scatter<float>(backend, args) : head_scatter<cam_bf16>(backend, args);
}

/* The position of a thread's unit in a matrix. */
struct head_place {
    int64_t row;
    int unit;
};

CAM_DEVICE head_place head_place_of(int columns) {
    unsigned at = blockIdx.x * HEAD_THREADS + threadIdx.x, units = (unsigned)columns / CAM_UNIT;
    return head_place{(int64_t)(at / units), (int)(at % units)};
}

static inline int64_t head_blocks(cam_tensor t) {
    return cam_blocks(cam_tensor_count(t) / CAM_UNIT, HEAD_THREADS);
}

/* head_forward_unit: y = dropout(x), or dropout(tanh(x + bias)) if there is a bias. Zeros past the true count.
 * A thread owns a unit. Bytes: 8 an element. y may be x: a thread writes only elements that it has read. */
CAM_KERNEL(HEAD_THREADS)
head_forward_unit(float *y, const float *x, const float *bias, int capacity, int columns, cam_dropout_map dropout,
                  const cam_step_state *state) {
    head_place place = head_place_of(columns);
    int64_t at = place.row * columns + place.unit * CAM_UNIT;
    if (place.row >= capacity)
        return;
    float v[1][CAM_UNIT], b[CAM_UNIT];
    cam_unit_clear<CAM_UNIT>(v[0]);
    if (place.row < state->head_rows) {
        cam_unit_read<CAM_UNIT>(v[0], x + at);
        if (bias) {
            cam_unit_read<CAM_UNIT>(b, bias + place.unit * CAM_UNIT);
#pragma unroll
            for (int i = 0; i < CAM_UNIT; i++)
                v[0][i] = cam_tanh(v[0][i] + b[i]);
        }
        cam_dropout_units<1>(v, dropout, cam_dropout_seed_of(dropout, state),
                             cam_dropout_row_of(dropout, place.row, columns), place.unit);
    }
    cam_unit_write<CAM_UNIT>(y + at, v[0]);
}

cam_status cam_cuda_head_dropout(cam_backend *backend, const cam_head_dropout_args *args) {
    return CAM_LAUNCH(backend, head_forward_unit, head_blocks(args->y), HEAD_THREADS, 0, (float *)args->y.data,
                      (const float *)args->x.data, (const float *)NULL, (int)args->y.shape[0], (int)args->y.shape[1],
                      cam_dropout_map_of(&args->dropout), args->state);
}

cam_status cam_cuda_head_tanh_fwd(cam_backend *backend, const cam_head_tanh_fwd_args *args) {
    return CAM_LAUNCH(backend, head_forward_unit, head_blocks(args->y), HEAD_THREADS, 0, (float *)args->y.data,
                      (const float *)args->x.data, (const float *)args->bias.data, (int)args->y.shape[0],
                      (int)args->y.shape[1], cam_dropout_map_of(&args->dropout), args->state);
}

/* head_tanh_bwd_columns: dx = dropout(dy) (1 - tanh(x + bias)^2), zeros past the true count, and dbias (=|+=) its
 * column sums. A block owns 64 columns of all rows; there are few rows, so the column sums need no second launch. A
 * thread owns a unit of every 32nd row; the 32 partial sums are added in order. Bytes: 12 an element. dx may be dy: a
 * thread writes only elements that it has read. */
enum { HEAD_TANH_THREADS = 256, HEAD_TANH_UNITS = 8, HEAD_TANH_ROW_GROUPS = HEAD_TANH_THREADS / HEAD_TANH_UNITS };
enum { HEAD_TANH_COLUMNS = HEAD_TANH_UNITS * CAM_UNIT };

CAM_KERNEL(HEAD_TANH_THREADS)
head_tanh_bwd_columns(float *dx, float *dbias, const float *dy, const float *x, const float *bias, int capacity,
                      int columns, int accumulate, cam_dropout_map dropout, const cam_step_state *state) {
    CAM_SHARED(float, shared);
    int unit = (int)(blockIdx.x * HEAD_TANH_UNITS + threadIdx.x % HEAD_TANH_UNITS), column = unit * CAM_UNIT;
    int row_group = (int)threadIdx.x / HEAD_TANH_UNITS;
    cam_dropout_seed seed = cam_dropout_seed_of(dropout, state);
    float b[CAM_UNIT], sum[CAM_UNIT];
    cam_unit_clear<CAM_UNIT>(sum);
    if (column < columns) {
        cam_unit_read<CAM_UNIT>(b, bias + column);
        for (int64_t r = row_group; r < capacity; r += HEAD_TANH_ROW_GROUPS) {
            float d[1][CAM_UNIT], v[CAM_UNIT];
            cam_unit_clear<CAM_UNIT>(d[0]);
            if (r < state->head_rows) {
                cam_unit_read<CAM_UNIT>(d[0], dy + r * columns + column);
                cam_unit_read<CAM_UNIT>(v, x + r * columns + column);
                cam_dropout_units<1>(d, dropout, seed, cam_dropout_row_of(dropout, r, columns), unit);
#pragma unroll
                for (int i = 0; i < CAM_UNIT; i++) {
                    float t = cam_tanh(v[i] + b[i]);
                    d[0][i] *= 1 - t * t;
                    sum[i] += d[0][i];
                }
            }
            cam_unit_write<CAM_UNIT>(dx + r * columns + column, d[0]);
        }
    }
    cam_unit_write<CAM_UNIT>(shared + threadIdx.x * CAM_UNIT, sum);
    cam_sync_block();
    column = (int)(blockIdx.x * HEAD_TANH_COLUMNS + threadIdx.x);
    if (threadIdx.x >= HEAD_TANH_COLUMNS || column >= columns)
        return;
    float total = 0;
    for (int k = 0; k < HEAD_TANH_ROW_GROUPS; k++)
        total += shared[k * HEAD_TANH_COLUMNS + (int)threadIdx.x];
    dbias[column] = accumulate ? dbias[column] + total : total;
}

cam_status cam_cuda_head_tanh_bwd(cam_backend *backend, const cam_head_tanh_bwd_args *args) {
    int64_t columns = args->dx.shape[1];
    return CAM_LAUNCH(backend, head_tanh_bwd_columns, cam_blocks(columns, HEAD_TANH_COLUMNS), HEAD_TANH_THREADS,
                      sizeof(float) * HEAD_TANH_THREADS * CAM_UNIT, (float *)args->dx.data, (float *)args->dbias.data,
                      (const float *)args->dy.data, (const float *)args->x.data, (const float *)args->bias.data,
                      (int)args->dx.shape[0], (int)columns, args->accumulate, cam_dropout_map_of(&args->dropout),
                      args->state);
}
