/* gelu.cu: bias and the exact GELU, u Phi(u), and its gradient Phi(u) + u phi(u).
 *
 * Both kernels divide the matrix into tiles: a thread owns N consecutive columns (their bias stays in registers) and
 * several rows. N is 8, or 1 if rows are not whole units.
 */
#include "columns.cuh"
#include "units.cuh"

enum { GELU_THREADS = 128, GELU_ROWS = 4 /* in flight at once */, GELU_BLOCKS = 8 /* a multiprocessor */ };

/* This thread's first column, and the block's index among the blocks of rows. */
struct gelu_place {
    int column;
    int64_t row_block;
};

template <int N> CAM_DEVICE gelu_place gelu_place_of(int tiles) {
    unsigned row_block = blockIdx.x / (unsigned)tiles, tile = blockIdx.x % (unsigned)tiles;
    return gelu_place{(int)(tile * GELU_THREADS + threadIdx.x) * N, (int64_t)row_block};
}

static inline int gelu_width(int64_t columns) {
    return columns % CAM_UNIT == 0 ? CAM_UNIT : 1;
}
static inline int64_t gelu_tiles(int64_t columns) {
    return cam_blocks(columns, (int64_t)GELU_THREADS * gelu_width(columns));
}

/* Phi(u), the normal distribution's integral, and bell = exp(-u^2 / 2): with t = |u| and w = t / (t + 2),
 * Phi(-t) = exp(-t^2 / 2) g(w), g a polynomial (our own minimax fit: Remez exchange in double precision). There is no
 * cancellation on either side of 0, and backward gets the density at no extra cost. erff and expf would take twice the
 * instructions, more than fit into the time of the memory traffic.
 * Against double precision Phi is within 2 * 2^-24, u Phi within 2.5 * 2^-24 |u|. */
CAM_DEVICE float gelu_integral(float u, float *bell) {
    float t = u < 0 ? -u : u;
    t = t < 64 ? t : 64; /* Phi is 0 or 1 there already; an infinite t would make the quotient NaN */
    float w = t * cam_reciprocal(t + 2);
    float g = -4.32366485e-2f;
    g = cam_fma(g, w, 1.44915131e-1f);
    g = cam_fma(g, w, -1.70002016e-1f);
    g = cam_fma(g, w, 1.10087778e-1f);
    g = cam_fma(g, w, -7.24124023e-2f);
    g = cam_fma(g, w, -2.13300886e-2f);
    g = cam_fma(g, w, 9.48282264e-3f);
    g = cam_fma(g, w, 1.38248282e-1f);
    g = cam_fma(g, w, 2.02128512e-1f);
    g = cam_fma(g, w, -7.97885283e-1f);
    g = cam_fma(g, w, 0.5f);
    *bell = cam_exp2_or_zero(u * u * -0.72134752f); /* log2(e) / 2 */
    float tail = *bell * g;
    return u < 0 ? tail : 1 - tail;
}

/* gelu_fwd_tile: y = u Phi(u), u = x + bias; zeros past the true count.
 * A block owns GELU_ROWS rows of 128 N columns, a thread N columns of them, all its loads in flight at once.
 * Bytes: 2 sizeof T an element. Source: Hendrycks, Gimpel 2016. */
template <typename T, int N>
CAM_KERNEL(GELU_THREADS)
gelu_fwd_tile(T *y, const T *x, const float *bias, int columns, int tiles, int capacity, cam_rows rows,
              const cam_step_state *state) {
    gelu_place place = gelu_place_of<N>(tiles);
    if (place.column >= columns)
        return;
    int64_t first = place.row_block * GELU_ROWS, count = cam_rows_count(state, rows);
    float b[N];
    cam_unit_read<N>(b, bias + place.column);
    cam_unit<T, N> in[GELU_ROWS] = {};
#pragma unroll
    for (int k = 0; k < GELU_ROWS; k++)
        if (first + k < count)
            in[k] = cam_unit_load<N>(x + (first + k) * columns + place.column);
#pragma unroll
    for (int k = 0; k < GELU_ROWS; k++) {
        float v[N];
        cam_unit_f32<T, N>(v, in[k]);
        if (first + k >= capacity)
            return;
        if (first + k < count) /* rows past the true count stay zero */
#pragma unroll
            for (int i = 0; i < N; i++) {
                float u = v[i] + b[i], bell;
                v[i] = u * gelu_integral(u, &bell);
            }
        cam_unit_write<N>(y + (first + k) * columns + place.column, v);
    }
}

template <typename T, int N> static cam_status gelu_fwd(cam_backend *backend, const cam_gelu_fwd_args *a) {
    int64_t capacity = a->y.shape[0], columns = a->y.shape[1], tiles = gelu_tiles(columns);
    return CAM_LAUNCH(backend, (gelu_fwd_tile<T, N>), tiles * cam_blocks(capacity, GELU_ROWS), GELU_THREADS, 0,
                      (T *)a->y.data, (const T *)a->x.data, (const float *)a->bias.data, (int)columns, (int)tiles,
                      (int)capacity, a->rows, a->state);
}

cam_status cam_cuda_gelu_fwd(cam_backend *backend, const cam_gelu_fwd_args *args) {
    int wide = gelu_width(args->y.shape[1]) == CAM_UNIT;
    if (args->y.dtype == CAM_F32)
        return wide ? gelu_fwd<float, CAM_UNIT>(backend, args) : gelu_fwd<float, 1>(backend, args);
    return wide ? gelu_fwd<cam_bf16, CAM_UNIT>(backend, args) : gelu_fwd<cam_bf16, 1>(backend, args);
}

/* gelu_bwd_tile: dx = dy (Phi(u) + u phi(u)), u = x + bias, and the tile's column sums of dx; zeros past the true
 * count. A block owns block_rows rows of 128 N columns, a thread N columns of them; the next row is loaded while the
 * current one is computed. Bytes: 3 sizeof T an element, 4 a column and block of rows. dx may be dy: a thread writes
 * only elements that it has read. Source: Hendrycks, Gimpel 2016. */
template <typename T, int N>
CAM_KERNEL(GELU_THREADS)
gelu_bwd_tile(T *dx, float *partials, const T *dy, const T *x, const float *bias, int columns, int tiles,
              int block_rows, int capacity, cam_rows rows, const cam_step_state *state) {
    gelu_place place = gelu_place_of<N>(tiles);
    if (place.column >= columns)
        return;
    int64_t begin = place.row_block * block_rows, end = begin + block_rows, count = cam_rows_count(state, rows);
    end = end < capacity ? end : capacity;
    count = count < end ? count : end;
    float b[N], sum[N];
    cam_unit_read<N>(b, bias + place.column);
    cam_unit_clear<N>(sum);
    int64_t at = begin * columns + place.column;
    cam_unit<T, N> dy_next = {}, x_next = {};
    if (begin < count) {
        dy_next = cam_unit_load<N>(dy + at);
        x_next = cam_unit_load<N>(x + at);
    }
#pragma unroll 1
    for (int64_t r = begin; r < count; r++, at += columns) {
        float d[N], v[N];
        cam_unit_f32<T, N>(d, dy_next);
        cam_unit_f32<T, N>(v, x_next);
        if (r + 1 < count) {
            dy_next = cam_unit_load<N>(dy + at + columns);
            x_next = cam_unit_load<N>(x + at + columns);
        }
#pragma unroll
        for (int i = 0; i < N; i++) {
            float u = v[i] + b[i], bell, slope = gelu_integral(u, &bell);
            slope = cam_fma(u, bell * 0.398942280f, slope); /* 1 / sqrt(2 pi) */
            d[i] *= slope;
            sum[i] += d[i];
        }
        cam_unit_write<N>(dx + at, d);
    }
    float zero[N];
    cam_unit_clear<N>(zero);
    for (int64_t r = count > begin ? count : begin; r < end; r++)
        cam_unit_write<N>(dx + r * columns + place.column, zero);
    cam_unit_write<N>(partials + place.row_block * columns + place.column, sum);
}

static cam_row_split gelu_split(const cam_backend *backend, const cam_gelu_bwd_args *args) {
    int64_t max_blocks = GELU_BLOCKS * (int64_t)cam_cuda(backend)->multiprocessors / gelu_tiles(args->dy.shape[1]);
    return cam_split_rows(args->dy.shape[0], GELU_ROWS, max_blocks > 1 ? max_blocks : 1);
}

size_t cam_cuda_gelu_bwd_workspace(const cam_backend *backend, const cam_gelu_bwd_args *args) {
    return sizeof(float) * (size_t)(gelu_split(backend, args).blocks * args->dy.shape[1]);
}

template <typename T, int N> static cam_status gelu_bwd(cam_backend *backend, const cam_gelu_bwd_args *a) {
    int64_t columns = a->dy.shape[1], tiles = gelu_tiles(columns);
    cam_row_split split = gelu_split(backend, a);
    return CAM_LAUNCH(backend, (gelu_bwd_tile<T, N>), tiles * split.blocks, GELU_THREADS, 0, (T *)a->dx.data,
                      (float *)a->workspace.data, (const T *)a->dy.data, (const T *)a->x.data,
                      (const float *)a->bias.data, (int)columns, (int)tiles, (int)split.rows, (int)a->dy.shape[0],
                      a->rows, a->state);
}

static cam_status gelu_bwd_of_dtype(cam_backend *backend, const cam_gelu_bwd_args *args) {
    int wide = gelu_width(args->dy.shape[1]) == CAM_UNIT;
    if (args->dy.dtype == CAM_F32)
        return wide ? gelu_bwd<float, CAM_UNIT>(backend, args) : gelu_bwd<float, 1>(backend, args);
    return wide ? gelu_bwd<cam_bf16, CAM_UNIT>(backend, args) : gelu_bwd<cam_bf16, 1>(backend, args);
}

cam_status cam_cuda_gelu_bwd(cam_backend *backend, const cam_gelu_bwd_args *args) {
    cam_status st = CAM_OK;
    cam_column_sums sums = {
        {cam_column_sum_of(args->dbias), NULL, NULL, NULL}, 1, (int)args->dy.shape[1], args->accumulate};
    if (args->stage != CAM_STAGE_SUMS)
        CAM_TRY(gelu_bwd_of_dtype(backend, args));
    if (args->stage != CAM_STAGE_ROWS)
        CAM_TRY(
            cam_columns_total(backend, &sums, (const float *)args->workspace.data, gelu_split(backend, args).blocks));
out:
    return st;
}
