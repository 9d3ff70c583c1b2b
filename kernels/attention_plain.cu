/* attention_plain.cu: attention with FMA instructions: for f32, for head sizes other than 64, for every GPU.
 *
 * A block owns a few rows of one pair (queries; for dk and dv, keys), a warp one or two of them. It passes twice over
 * the rows of the other side:
 *   1. scores, 32 rows at a time, one row a lane; whole rows of scores stay in shared memory;
 *   2. the product of the scores with a matrix, one column a lane.
 * One warp computes all sums of a row, in ascending order. Keys or queries past the pair's last are never read. P and
 * dS are f32 for bf16 storage too.
 */
#include "attention.cuh"

enum {
    WARPS = 4,
    THREADS = WARPS * CAM_WARP,
    OTHERS = CAM_WARP, /* rows of the other side in shared memory at once: one a lane */
    DEPTH = 32,        /* columns in shared memory at once */
    PITCH = 36,        /* of these rows, in floats: 16-byte reads of eight lanes, one row each, have no bank conflict */
    LONG_KEYS = 512    /* above this a warp owns one row, so that whole rows of scores fit in 48 KB */
};

/* Shared memory: for each of `operands` products the staged rows of both sides, then rows of scores. */
template <int OWN> static size_t plain_shared_bytes(int operands, int scores, int32_t max_keys) {
    int64_t rows = WARPS * OWN, pitch = cam_blocks(max_keys, OTHERS) * OTHERS;
    return sizeof(float) * (size_t)(operands * (rows + OTHERS) * PITCH + scores * rows * pitch);
}

/* to [padded, DEPTH] := columns [first, first + DEPTH) of a [rows, columns] matrix, zeros outside it. */
template <typename T>
CAM_DEVICE void stage(float *to, const T *from, int64_t stride, int rows, int padded, int first, int columns) {
    for (int i = (int)threadIdx.x; i < padded * DEPTH; i += THREADS) {
        int row = i / DEPTH, column = first + i % DEPTH;
        to[row * PITCH + i % DEPTH] = row < rows && column < columns ? cam_to_f32(from[row * stride + column]) : 0.0f;
    }
}

/* sum[r] += own row r . the lane's other row, both staged. */
template <int OWN> CAM_DEVICE void add_dots(float sum[OWN], const float *own, const float *others) {
    typedef cam_vec<float, 4> four;
    const float *other = others + cam_lane() * PITCH;
    own += cam_warp() * OWN * PITCH;
#pragma unroll
    for (int d = 0; d < DEPTH; d += 4) {
        four o = cam_load(reinterpret_cast<const four *>(other + d));
#pragma unroll
        for (int r = 0; r < OWN; r++) {
            four w = cam_load(reinterpret_cast<const four *>(own + r * PITCH + d));
#pragma unroll
            for (int i = 0; i < 4; i++)
                sum[r] = cam_fma(o.at[i], w.at[i], sum[r]);
        }
    }
}

/* One side of a product of rows with rows. */
template <typename T> struct plain_rows {
    const T *data;
    int64_t stride;
    int rows;
};

/* sum[p][r] = own[p]'s row r of this warp . other[p]'s row `first` + lane, for PRODUCTS pairs of matrices. */
template <int OWN, int PRODUCTS, typename T>
CAM_DEVICE void dots(float sum[PRODUCTS][OWN], const plain_rows<T> own[PRODUCTS], const plain_rows<T> other[PRODUCTS],
                     int first, int columns, float *staged) {
    enum { ROWS = WARPS * OWN, STEP = (ROWS + OTHERS) * PITCH };
#pragma unroll
    for (int p = 0; p < PRODUCTS; p++)
#pragma unroll
        for (int r = 0; r < OWN; r++)
            sum[p][r] = 0;
    for (int d = 0; d < columns; d += DEPTH) {
        cam_sync_block();
#pragma unroll
        for (int p = 0; p < PRODUCTS; p++) {
            float *to = staged + p * STEP;
            stage(to, own[p].data, own[p].stride, own[p].rows, ROWS, d, columns);
            stage(to + ROWS * PITCH, other[p].data + first * other[p].stride, other[p].stride, other[p].rows - first,
                  OTHERS, d, columns);
        }
        cam_sync_block();
#pragma unroll
        for (int p = 0; p < PRODUCTS; p++)
            add_dots<OWN>(sum[p], staged + p * STEP, staged + p * STEP + ROWS * PITCH);
    }
}

/* to row r = the sum over i < n of scores[r][i] * matrix row i, rows [0, rows) of this warp's OWN. */
template <int OWN, typename T>
CAM_DEVICE void store_products(T *to, int64_t to_stride, int rows, const float *scores, int pitch, const T *matrix,
                               int64_t stride, int n, int columns) {
    if (rows <= 0)
        return;
    for (int d = cam_lane(); d < columns; d += CAM_WARP) {
        float sum[OWN] = {};
#pragma unroll 4
        for (int i = 0; i < n; i++) {
            float m = cam_to_f32(matrix[i * stride + d]);
#pragma unroll
            for (int r = 0; r < OWN; r++)
                sum[r] = r < rows ? cam_fma(scores[r * pitch + i], m, sum[r]) : 0.0f;
        }
#pragma unroll
        for (int r = 0; r < OWN; r++)
            if (r < rows)
                cam_from_f32(to + r * to_stride + d, sum[r]);
    }
}

/* 0 if (query, key) is dropped, else the factor of a kept element. BACKWARD: the decision is in the mask, if there is
 * one. */
template <bool BACKWARD, typename T>
CAM_DEVICE float factor_of(const cam_attention_inputs<T> &in, const cam_attention_pair &p, int32_t query_row, int key) {
    if (in.threshold == 0)
        return 1.0f;
    uint32_t head = (uint32_t)p.head, q = (uint32_t)in.q_index[query_row], k = (uint32_t)key;
    if (BACKWARD && in.mask) {
        const uint8_t *mask = cam_attention_mask_of(in, p);
        uint32_t tile = q / 16 * (uint32_t)cam_attention_mask_tiles(in) + k / 16;
        uint32_t call = mask[tile * CAM_WARP + cam_attention_call(0, q, k) % CAM_WARP];
        return call >> cam_attention_lane(q, k) & 1u ? in.kept : 0.0f;
    }
    cam_philox_words words = cam_philox(in.state->seed, in.state->step, in.site, (uint32_t)in.sequence_row[p.sequence],
                                        cam_attention_call(head, q, k));
    uint32_t decision = cam_philox_lane(words, cam_attention_lane(q, k));
    return decision < in.threshold ? 0.0f : in.kept;
}

/* Writes the mask of the 16 queries from `first` on, with all keys: a warp a tile, a lane a call. */
template <typename T>
CAM_DEVICE void write_mask(const cam_attention_inputs<T> &in, const cam_attention_pair &p, int first) {
    uint8_t *mask = cam_attention_mask_of(in, p);
    int tiles = cam_attention_mask_tiles(in);
    for (int k = cam_warp() * 16; k < p.keys; k += WARPS * 16) {
        uint32_t call = cam_attention_call((uint32_t)p.head, (uint32_t)first, (uint32_t)k) + (uint32_t)cam_lane();
        cam_philox_words words =
            cam_philox(in.state->seed, in.state->step, in.site, (uint32_t)in.sequence_row[p.sequence], call);
        mask[(first / 16 * tiles + k / 16) * CAM_WARP + cam_lane()] =
            (uint8_t)cam_attention_kept(words, in.threshold << 16);
    }
}

/* The rows that a block and its warp own. */
struct plain_place {
    cam_attention_pair pair;
    int first, rows;      /* the block's first row in the sequence, and its number of real rows */
    int warp_first, mine; /* the warp's first row in the block, and its number of real rows (0 or less: none) */
};

template <int OWN, typename T> CAM_DEVICE plain_place place_of(const cam_attention_inputs<T> &in, bool of_keys) {
    enum { ROWS = WARPS * OWN };
    uint32_t tiles = (uint32_t)(in.max_keys + ROWS - 1) / ROWS;
    plain_place at;
    at.pair = cam_attention_pair_at(in, blockIdx.x / tiles);
    at.first = (int)(blockIdx.x % tiles) * ROWS;
    at.rows = (of_keys ? at.pair.keys : at.pair.queries) - at.first;
    at.rows = at.rows < ROWS ? at.rows : ROWS;
    at.warp_first = cam_warp() * OWN;
    at.mine = at.rows - at.warp_first;
    return at;
}

/* Turns a row of scores into probabilities after dropout and returns the log of its sum of exponentials. One warp. */
template <typename T>
CAM_DEVICE float softmax_row(float *scores, const cam_attention_inputs<T> &in, const cam_attention_pair &p,
                             int32_t query_row) {
    float row_max = -INFINITY, sum = 0;
    for (int k = cam_lane(); k < p.keys; k += CAM_WARP)
        row_max = scores[k] > row_max ? scores[k] : row_max;
    row_max = cam_warp_max(row_max);
    for (int k = cam_lane(); k < p.keys; k += CAM_WARP)
        sum += scores[k] = cam_exp(scores[k] - row_max);
    sum = cam_warp_sum(sum);
    float inverse = 1.0f / sum;
    for (int k = cam_lane(); k < p.keys; k += CAM_WARP)
        scores[k] *= inverse * factor_of<false>(in, p, query_row, k);
    return row_max + cam_log(sum);
}

/* attention_fwd_plain: out = dropout(softmax(q k^T scale)) v and lse.
 * Block: WARPS * OWN queries of a pair; warp: OWN of them; lane: a key of the scores, then a column of out.
 * Bytes: q and out once, k and v once a block, mostly from L2. Shared: 48 KB at most. */
template <typename T, int OWN> CAM_KERNEL_AT_LEAST(THREADS, 4) attention_fwd_plain(cam_attention_forward<T> call) {
    CAM_SHARED(float, shared);
    const cam_attention_inputs<T> &in = call.in;
    int64_t width = cam_attention_width(in), query_rows = cam_rows_count(in.state, in.q_rows);
    cam_attention_zero<1>(call.out, width, width, query_rows, in.query_capacity);
    cam_attention_zero<1>(call.lse, in.heads, in.heads, query_rows, in.query_capacity);
    plain_place at = place_of<OWN>(in, false);
    if (at.rows <= 0)
        return;
    const cam_attention_pair &p = at.pair;
    if (in.threshold > 0 && in.mask && at.first % 16 == 0)
        write_mask(in, p, at.first);
    int first_row = p.first_query + at.first, pitch = (in.max_keys + OTHERS - 1) / OTHERS * OTHERS;
    plain_rows<T> q = {cam_attention_row(in.q, in.q_stride, p, in.head_size, first_row), in.q_stride, at.rows};
    plain_rows<T> k = {cam_attention_row(in.k, in.kv_stride, p, in.head_size, p.first_key), in.kv_stride, p.keys};
    float *scores = shared + (WARPS * OWN + OTHERS) * PITCH + at.warp_first * pitch;
    for (int first = 0; first < p.keys; first += OTHERS) {
        float sum[1][OWN];
        dots<OWN, 1>(sum, &q, &k, first, in.head_size, shared);
#pragma unroll
        for (int r = 0; r < OWN; r++)
            scores[r * pitch + first + cam_lane()] = sum[0][r] * in.scale;
    }
    cam_sync_warp();
    int row = first_row + at.warp_first;
    for (int r = 0; r < OWN && r < at.mine; r++) {
        float lse = softmax_row(scores + r * pitch, in, p, row + r);
        if (cam_lane() == 0)
            call.lse[(int64_t)(row + r) * in.heads + p.head] = lse;
    }
    cam_sync_warp();
    store_products<OWN>(cam_attention_row(call.out, width, p, in.head_size, row), width, at.mine, scores, pitch,
                        cam_attention_row(in.v, in.kv_stride, p, in.head_size, p.first_key), in.kv_stride, p.keys,
                        in.head_size);
}

/* attention_bwd_queries: dq = ds k with ds = p (dp - delta) scale, dp = dropout(dout v^T). Also writes
 * delta = rowsum(dout * out) for attention_bwd_keys. Blocks, bytes and limits as in attention_fwd_plain. */
template <typename T, int OWN> CAM_KERNEL_AT_LEAST(THREADS, 3) attention_bwd_queries(cam_attention_backward<T> call) {
    CAM_SHARED(float, shared);
    const cam_attention_inputs<T> &in = call.in;
    int64_t width = cam_attention_width(in);
    cam_attention_zero<1>(call.dq, call.dq_stride, width, cam_rows_count(in.state, in.q_rows), in.query_capacity);
    plain_place at = place_of<OWN>(in, false);
    if (at.rows <= 0)
        return;
    const cam_attention_pair &p = at.pair;
    int first_row = p.first_query + at.first, pitch = (in.max_keys + OTHERS - 1) / OTHERS * OTHERS;
    int row = first_row + at.warp_first;
    float delta[OWN], lse[OWN];
#pragma unroll
    for (int r = 0; r < OWN; r++) {
        delta[r] = lse[r] = 0;
        if (r >= at.mine)
            continue;
        const T *dout = cam_attention_row(call.dout, width, p, in.head_size, row + r);
        const T *out = cam_attention_row(call.out, width, p, in.head_size, row + r);
        for (int d = cam_lane(); d < in.head_size; d += CAM_WARP)
            delta[r] = cam_fma(cam_to_f32(dout[d]), cam_to_f32(out[d]), delta[r]);
        delta[r] = cam_warp_sum(delta[r]);
        lse[r] = call.lse[(int64_t)(row + r) * in.heads + p.head];
        if (cam_lane() == 0)
            call.delta[p.head * in.query_capacity + row + r] = delta[r];
    }
    const T *keys = cam_attention_row(in.k, in.kv_stride, p, in.head_size, p.first_key);
    const plain_rows<T> own[2] = {
        {cam_attention_row(in.q, in.q_stride, p, in.head_size, first_row), in.q_stride, at.rows},
        {cam_attention_row(call.dout, width, p, in.head_size, first_row), width, at.rows}};
    const plain_rows<T> other[2] = {
        {keys, in.kv_stride, p.keys},
        {cam_attention_row(in.v, in.kv_stride, p, in.head_size, p.first_key), in.kv_stride, p.keys}};
    float *scores = shared + 2 * (WARPS * OWN + OTHERS) * PITCH + at.warp_first * pitch;
    for (int first = 0; first < p.keys; first += OTHERS) {
        float sum[2][OWN];
        dots<OWN, 2>(sum, own, other, first, in.head_size, shared);
        int k = first + cam_lane();
#pragma unroll
        for (int r = 0; r < OWN; r++) {
            if (r < at.mine) {
                float factor = k < p.keys ? factor_of<true>(in, p, row + r, k) : 0.0f;
                float probability = cam_exp(sum[0][r] * in.scale - lse[r]);
                scores[r * pitch + k] = probability * (sum[1][r] * factor - delta[r]) * in.scale;
            }
        }
    }
    cam_sync_warp();
    store_products<OWN>(cam_attention_row(call.dq, call.dq_stride, p, in.head_size, row), call.dq_stride, at.mine,
                        scores, pitch, keys, in.kv_stride, p.keys, in.head_size);
}

/* attention_bwd_keys: dv = p^T dout, dk = ds^T q. A block owns WARPS * OWN keys of a pair; queries are the other side.
 * dk and dv of a sequence without query rows are zero. */
template <typename T, int OWN> CAM_KERNEL_AT_LEAST(THREADS, 3) attention_bwd_keys(cam_attention_backward<T> call) {
    CAM_SHARED(float, shared);
    const cam_attention_inputs<T> &in = call.in;
    int64_t width = cam_attention_width(in);
    cam_attention_zero<1>(call.dk, call.dkv_stride, width, in.state->tokens, in.key_capacity);
    cam_attention_zero<1>(call.dv, call.dkv_stride, width, in.state->tokens, in.key_capacity);
    plain_place at = place_of<OWN>(in, true);
    if (at.rows <= 0)
        return;
    const cam_attention_pair &p = at.pair;
    int first_row = p.first_key + at.first, pitch = (in.max_keys + OTHERS - 1) / OTHERS * OTHERS;
    const T *queries = cam_attention_row(in.q, in.q_stride, p, in.head_size, p.first_query);
    const T *douts = cam_attention_row(call.dout, width, p, in.head_size, p.first_query);
    const plain_rows<T> own[2] = {
        {cam_attention_row(in.k, in.kv_stride, p, in.head_size, first_row), in.kv_stride, at.rows},
        {cam_attention_row(in.v, in.kv_stride, p, in.head_size, first_row), in.kv_stride, at.rows}};
    const plain_rows<T> other[2] = {{queries, in.q_stride, p.queries}, {douts, width, p.queries}};
    float *probabilities = shared + 2 * (WARPS * OWN + OTHERS) * PITCH + at.warp_first * pitch;
    float *scores = probabilities + WARPS * OWN * pitch;
    for (int first = 0; first < p.queries; first += OTHERS) {
        float sum[2][OWN];
        dots<OWN, 2>(sum, own, other, first, in.head_size, shared);
        int q = first + cam_lane(), query_rows = q < p.queries, row = p.first_query + (query_rows ? q : 0);
        float lse = call.lse[(int64_t)row * in.heads + p.head];
        float delta = call.delta[p.head * in.query_capacity + row];
#pragma unroll
        for (int r = 0; r < OWN; r++)
            if (query_rows && r < at.mine) {
                float factor = factor_of<true>(in, p, row, at.first + at.warp_first + r);
                float probability = cam_exp(sum[0][r] * in.scale - lse);
                probabilities[r * pitch + q] = probability * factor;
                scores[r * pitch + q] = probability * (sum[1][r] * factor - delta) * in.scale;
            }
    }
    cam_sync_warp();
    int row = first_row + at.warp_first;
    store_products<OWN>(cam_attention_row(call.dv, call.dkv_stride, p, in.head_size, row), call.dkv_stride, at.mine,
                        probabilities, pitch, douts, width, p.queries, in.head_size);
    store_products<OWN>(cam_attention_row(call.dk, call.dkv_stride, p, in.head_size, row), call.dkv_stride, at.mine,
                        scores, pitch, queries, in.q_stride, p.queries, in.head_size);
}

template <typename T, int OWN> static cam_status run_fwd(cam_backend *backend, const cam_attention_fwd_args *args) {
    cam_attention_forward<T> call = cam_attention_forward_of<T>(args);
    return CAM_LAUNCH(backend, (attention_fwd_plain<T, OWN>),
                      cam_attention_grid(call.in, cam_blocks(args->max_keys, WARPS * OWN)), THREADS,
                      plain_shared_bytes<OWN>(1, 1, args->max_keys), call);
}

template <typename T, int OWN> static cam_status run_bwd(cam_backend *backend, const cam_attention_bwd_args *args) {
    cam_status st = CAM_OK;
    cam_attention_backward<T> call = cam_attention_backward_of<T>(args);
    int64_t grid = cam_attention_grid(call.in, cam_blocks(args->max_keys, WARPS * OWN));
    CAM_TRY(CAM_LAUNCH(backend, (attention_bwd_queries<T, OWN>), grid, THREADS,
                       plain_shared_bytes<OWN>(2, 1, args->max_keys), call));
    CAM_TRY(CAM_LAUNCH(backend, (attention_bwd_keys<T, OWN>), grid, THREADS,
                       plain_shared_bytes<OWN>(2, 2, args->max_keys), call));
out:
    return st;
}

cam_status cam_attention_fwd_plain(cam_backend *backend, const cam_attention_fwd_args *args) {
    if (args->q.dtype == CAM_BF16)
        return args->max_keys > LONG_KEYS ? run_fwd<cam_bf16, 1>(backend, args) : run_fwd<cam_bf16, 2>(backend, args);
    return args->max_keys > LONG_KEYS ? run_fwd<float, 1>(backend, args) : run_fwd<float, 2>(backend, args);
}

cam_status cam_attention_bwd_plain(cam_backend *backend, const cam_attention_bwd_args *args) {
    if (args->q.dtype == CAM_BF16)
        return args->max_keys > LONG_KEYS ? run_bwd<cam_bf16, 1>(backend, args) : run_bwd<cam_bf16, 2>(backend, args);
    return args->max_keys > LONG_KEYS ? run_bwd<float, 1>(backend, args) : run_bwd<float, 2>(backend, args);
}
