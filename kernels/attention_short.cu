/* attention_short.cu: attention over at most 128 keys, bf16, head size 64. A block has a whole pair in shared memory;
 * forward and backward are one kernel each.
 *
 * KEYS is 32, 64 or 128: the smallest that holds the longest sequence. A block owns one pair and has one warp for every
 * 16 of KEYS. In forward a warp owns 16 queries. In backward a warp first owns 16 keys: it computes their scores one
 * row a key, and these accumulators are directly the left operands of the products for dv and dk. It writes dS to
 * shared memory, then owns 16 queries for dq. So one warp computes each sum, in ascending order, without atomics. Tiles
 * past the sequence's end are not computed. Blocks are small because with a dozen tokens a sequence latency dominates:
 * of a batch of 32 sequences with 12 heads, all blocks fit on the multiprocessors at once.
 *
 * P and dS are rounded to bf16 as operands of a product; the softmax's sum is over the unrounded P.
 * Source: Vaswani et al. 2017; Dao et al. 2022, appendix B.
 */
#include "attention_tiles.cuh"

template <int KEYS> static size_t fwd_shared_bytes(void) {
    return (size_t)3 * KEYS * ROW_BYTES;
}

/* dS, one row a key: as many matrices of 64 columns as the queries need. */
template <int KEYS> struct short_ds {
    enum { MATRICES = (KEYS + HEAD - 1) / HEAD };
};
template <int KEYS> static size_t bwd_shared_bytes(void) {
    return (size_t)(4 + short_ds<KEYS>::MATRICES) * KEYS * ROW_BYTES + 2 * KEYS * sizeof(float);
}

/* Scores of 16 queries with all keys, as exponents of 2; -infinity past the last key. `row_max` receives the maxima of
 * row g and of row g + 8, the same in the row's four lanes. */
template <int KEYS>
CAM_DEVICE void short_scores(float s[KEYS / TILE][2][4], float row_max[2], const uint32_t q[STEPS][4], cam_bf16 *k,
                             int keys, float scale) {
    int first = cam_lane() % 4 * 2;
    row_max[0] = row_max[1] = -INFINITY;
#pragma unroll
    for (int j = 0; j < KEYS / TILE; j++) {
        if (j * TILE >= keys)
            continue;
        score_tile(s[j], q, k, j * TILE);
#pragma unroll
        for (int n = 0; n < 2; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float x = j * TILE + 8 * n + i % 2 + first < keys ? s[j][n][i] * scale : -INFINITY;
                s[j][n][i] = x;
                row_max[i / 2] = x > row_max[i / 2] ? x : row_max[i / 2];
            }
    }
    row_max[0] = max_over_row(row_max[0]);
    row_max[1] = max_over_row(row_max[1]);
}

/* out += dropout(exp2(scores - row_max)) v, tile by tile; `sum` receives the rows' sums before dropout. */
template <int KEYS, int MAP>
CAM_DEVICE void short_output(float out[BLOCKS][4], float sum[2], float s[KEYS / TILE][2][4], const float row_max[2],
                             cam_bf16 *v, int keys, const tile_draw &draw, int q, int low, int high) {
    sum[0] = sum[1] = 0;
    clear_sum(out);
#pragma unroll
    for (int j = 0; j < KEYS / TILE; j++) {
        if (j * TILE >= keys)
            continue;
        uint32_t kept = draw_queries_down<MAP>(draw, q, low, high, j * TILE), p[4];
        probabilities_queries_down<MAP>(s[j], sum, row_max, kept);
        pack_tile(p, s[j]);
        add_product(out, p, v, j * TILE);
    }
    sum_over_row(sum);
}

/* attention_fwd_short: out = dropout(softmax(q k^T scale)) v, lse.
 * Block: a pair; warp: 16 queries; thread: parts of two rows of scores, all keys of them in registers.
 * Bytes: q, k, v read once, out written once: 512 a token and head. Shared: 12, 24, 48 KB. */
template <int KEYS, int MAP> CAM_KERNEL(2 * KEYS) attention_fwd_short(cam_attention_forward<cam_bf16> call) {
    CAM_SHARED(cam_bf16, q);
    const cam_attention_inputs<cam_bf16> &in = call.in;
    cam_bf16 *k = q + KEYS * HEAD, *v = k + KEYS * HEAD;
    cam_attention_pair p = cam_attention_pair_at(in, blockIdx.x);
    int64_t width = (int64_t)in.heads * HEAD, query_rows = cam_rows_count(in.state, in.q_rows);
    cam_attention_zero<CHUNK>(call.out, width, width, query_rows, in.query_capacity);
    cam_attention_zero<1>(call.lse, in.heads, in.heads, query_rows, in.query_capacity);
    if (p.queries == 0)
        return;
    copy_rows(q, cam_attention_row(in.q, in.q_stride, p, HEAD, p.first_query), in.q_stride, p.queries,
              whole_tiles(p.queries), 2 * KEYS);
    copy_rows(k, cam_attention_row(in.k, in.kv_stride, p, HEAD, p.first_key), in.kv_stride, p.keys, whole_tiles(p.keys),
              2 * KEYS);
    cam_copy_commit();
    copy_rows(v, cam_attention_row(in.v, in.kv_stride, p, HEAD, p.first_key), in.kv_stride, p.keys, whole_tiles(p.keys),
              2 * KEYS);
    cam_copy_commit();
    tile_draw draw = draw_of<MAP>(in, p);
    int first = cam_warp() * TILE, g = cam_lane() / 4, mine = p.queries - first, low = 0, high = 0;
    int row = p.first_query + first;
    if (MAP == CAM_MAP_INDEXED) {
        low = g < mine ? in.q_index[row + g] : 0;
        high = g + 8 < mine ? in.q_index[row + g + 8] : 0;
    }
    float s[KEYS / TILE][2][4], row_max[2] = {0, 0}, sum[2], out[BLOCKS][4];
    cam_copy_wait<1>();
    cam_sync_block();
    if (mine > 0) {
        uint32_t rows[STEPS][4];
        load_rows(rows, q, first);
        short_scores<KEYS>(s, row_max, rows, k, p.keys, in.scale * LOG2_E);
    }
    cam_copy_wait<0>();
    cam_sync_block();
    if (mine <= 0)
        return;
    short_output<KEYS, MAP>(out, sum, s, row_max, v, p.keys, draw, first, low, high);
    store_rows(cam_attention_row(call.out, width, p, HEAD, row), width, mine, out, in.kept / sum[0], in.kept / sum[1],
               q, first);
    store_lse(call.lse + (int64_t)row * in.heads + p.head, in.heads, mine, row_max, sum);
}

/* lse as an exponent of 2, and delta, of each query. Values for padding rows give probabilities of 0. Whole block. */
CAM_DEVICE void short_row_sums(float *lse, float *delta, const cam_attention_backward<cam_bf16> &call,
                               const cam_attention_pair &p, int threads) {
    const cam_attention_inputs<cam_bf16> &in = call.in;
    int64_t width = (int64_t)in.heads * HEAD;
    for (int first = 0; first < whole_tiles(p.queries); first += threads / CHUNKS) {
        int r = first + (int)threadIdx.x / CHUNKS, row = p.first_query + r;
        bool real = r < p.queries;
        float sum = dot_of_rows(cam_attention_row(call.dout, width, p, HEAD, row),
                                cam_attention_row(call.out, width, p, HEAD, row), real);
        if (threadIdx.x % CHUNKS == 0 && r < whole_tiles(p.queries)) {
            lse[r] = real ? call.lse[(int64_t)row * in.heads + p.head] * LOG2_E : INFINITY;
            delta[r] = sum;
        }
    }
}

/* Stores dS of one tile, one row a key: keys from `row` on, 16 queries from 16 step on. */
CAM_DEVICE void keep_tile(cam_bf16 *to, int row, int step, const uint32_t ds[4]) {
    int g = cam_lane() / 4, u = cam_lane() % 4;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        cam_vec<uint32_t, 1> word = {{ds[i]}};
        cam_store(
            reinterpret_cast<cam_vec<uint32_t, 1> *>(chunk_at(to, row + g + 8 * (i % 2), 2 * step + i / 2) + 2 * u),
            word);
    }
}

/* attention_bwd_short: dv = dropout(p)^T dout, dk = ds^T q, dq = ds k, with ds = p (dropout(dout v^T) - delta) scale.
 * Block: a pair; warp: 16 keys with all queries, then 16 queries with all keys.
 * Bytes: q, k, v, out, dout read once, dq, dk, dv written once: 1024 a token and head.
 * Shared: 20.3, 40.5, 97 KB. With 128 keys registers are limited so that two blocks fit on a multiprocessor, as many as
 * shared memory allows; a few values are spilled. */
template <int KEYS, int MAP>
CAM_KERNEL_AT_LEAST(2 * KEYS, KEYS == 128 ? 2 : 192 / KEYS)
attention_bwd_short(cam_attention_backward<cam_bf16> call) {
    CAM_SHARED(cam_bf16, q);
    const cam_attention_inputs<cam_bf16> &in = call.in;
    cam_bf16 *dout = q + KEYS * HEAD, *k = dout + KEYS * HEAD, *v = k + KEYS * HEAD, *ds = v + KEYS * HEAD;
    float *lse = reinterpret_cast<float *>(ds + short_ds<KEYS>::MATRICES * KEYS * HEAD), *delta = lse + KEYS;
    cam_attention_pair p = cam_attention_pair_at(in, blockIdx.x);
    int64_t width = (int64_t)in.heads * HEAD;
    cam_attention_zero<CHUNK>(call.dq, call.dq_stride, width, cam_rows_count(in.state, in.q_rows), in.query_capacity);
    cam_attention_zero<CHUNK>(call.dk, call.dkv_stride, width, in.state->tokens, in.key_capacity);
    cam_attention_zero<CHUNK>(call.dv, call.dkv_stride, width, in.state->tokens, in.key_capacity);
    if (p.keys == 0)
        return;
    copy_rows(q, cam_attention_row(in.q, in.q_stride, p, HEAD, p.first_query), in.q_stride, p.queries,
              whole_tiles(p.queries), 2 * KEYS);
    copy_rows(k, cam_attention_row(in.k, in.kv_stride, p, HEAD, p.first_key), in.kv_stride, p.keys, whole_tiles(p.keys),
              2 * KEYS);
    copy_rows(v, cam_attention_row(in.v, in.kv_stride, p, HEAD, p.first_key), in.kv_stride, p.keys, whole_tiles(p.keys),
              2 * KEYS);
    copy_rows(dout, cam_attention_row(call.dout, width, p, HEAD, p.first_query), width, p.queries,
              whole_tiles(p.queries), 2 * KEYS);
    cam_copy_commit();
    short_row_sums(lse, delta, call, p, 2 * KEYS);
    tile_draw draw = draw_of<MAP>(in, p);
    int first = cam_warp() * TILE, keys = p.keys - first, queries = p.queries - first;
    cam_copy_wait<0>();
    cam_sync_block();
    if (keys > 0) {
        float dk[BLOCKS][4], dv[BLOCKS][4];
        uint32_t k_rows[STEPS][4], v_rows[STEPS][4];
        clear_sum(dk);
        clear_sum(dv);
        load_rows(k_rows, k, first);
        load_rows(v_rows, v, first);
        uint32_t next = stored_call<MAP>(draw, 0, first);
        for (int at = 0; at < p.queries; at += TILE) {
            float s[2][4], dp[2][4];
            uint32_t left[4], stored = next;
            if (at + TILE < p.queries)
                next = stored_call<MAP>(draw, at + TILE, first);
            score_tile(s, k_rows, q, at);
            score_tile(dp, v_rows, dout, at);
            uint32_t kept =
                kept_keys_down<MAP>(draw, stored, at, in.q_index + p.first_query + at, p.queries - at, first);
            gradients_keys_down<MAP>(s, dp, kept, in.kept, in.scale * LOG2_E, lse + at, delta + at, keys);
            pack_tile(left, s);
            add_product(dv, left, dout, at);
            pack_tile(left, dp);
            add_product(dk, left, q, at);
            keep_tile(ds + at / HEAD * KEYS * HEAD, first, at % HEAD / TILE, left);
        }
        int row = p.first_key + first;
        store_rows(cam_attention_row(call.dv, call.dkv_stride, p, HEAD, row), call.dkv_stride, keys, dv, in.kept,
                   in.kept, v, first);
        store_rows(cam_attention_row(call.dk, call.dkv_stride, p, HEAD, row), call.dkv_stride, keys, dk, in.scale,
                   in.scale, v, first);
    }
    cam_sync_block();
    if (queries <= 0)
        return;
    float dq[BLOCKS][4];
    clear_sum(dq);
    for (int at = 0; at < p.keys; at += TILE) {
        uint32_t left[4];
        load_a_transposed(left, ds + first / HEAD * KEYS * HEAD, at, first % HEAD / TILE);
        add_product(dq, left, k, at);
    }
    store_rows(cam_attention_row(call.dq, call.dq_stride, p, HEAD, p.first_query + first), call.dq_stride, queries, dq,
               in.scale, in.scale, q, first);
}

template <int KEYS, int MAP> static cam_status run_fwd(cam_backend *backend, const cam_attention_fwd_args *args) {
    cam_attention_forward<cam_bf16> call = cam_attention_forward_of<cam_bf16>(args);
    return CAM_LAUNCH(backend, (attention_fwd_short<KEYS, MAP>), cam_attention_grid(call.in, 1), 2 * KEYS,
                      fwd_shared_bytes<KEYS>(), call);
}
template <int KEYS, int MAP> static cam_status run_bwd(cam_backend *backend, const cam_attention_bwd_args *args) {
    cam_attention_backward<cam_bf16> call = cam_attention_backward_of<cam_bf16>(args);
    return CAM_LAUNCH(backend, (attention_bwd_short<KEYS, MAP>), cam_attention_grid(call.in, 1), 2 * KEYS,
                      bwd_shared_bytes<KEYS>(), call);
}

/* Runs the kernel's instance for the call's longest sequence and dropout map. */
#define RUN_MAP(run, keys)                                                                                             \
    switch (cam_attention_map_of(args)) {                                                                              \
    case CAM_MAP_TILES:                                                                                                \
        return run<keys, CAM_MAP_TILES>(backend, args);                                                                \
    case CAM_MAP_INDEXED:                                                                                              \
        return run<keys, CAM_MAP_INDEXED>(backend, args);                                                              \
    default:                                                                                                           \
        return run<keys, CAM_MAP_NONE>(backend, args);                                                                 \
    }

cam_status cam_attention_fwd_short(cam_backend *backend, const cam_attention_fwd_args *args) {
    if (args->max_keys <= 32)
        RUN_MAP(run_fwd, 32)
    if (args->max_keys <= 64)
        RUN_MAP(run_fwd, 64)
    RUN_MAP(run_fwd, 128)
}

#define RUN_BWD(keys)                                                                                                  \
    if (cam_attention_map_of(args) == CAM_MAP_MASKED)                                                                  \
        return run_bwd<keys, CAM_MAP_MASKED>(backend, args);                                                           \
    RUN_MAP(run_bwd, keys)

cam_status cam_attention_bwd_short(cam_backend *backend, const cam_attention_bwd_args *args) {
    if (args->max_keys <= 32) {
        RUN_BWD(32)
    }
    if (args->max_keys <= 64) {
        RUN_BWD(64)
    }
    RUN_BWD(128)
}
