/* attention_tiled.cu: attention over up to 1,024 keys, bf16, head size 64, in groups of 64 rows.
 *
 * A block owns rows of one pair, a warp 16 of them: queries for out and dq, keys for dk and dv. The rows of the other
 * side arrive in groups of 64 in two buffers: the next group is copied while one is computed. Forward has a running
 * maximum and sum of each row (online softmax). Backward is two kernels, one that sums over keys and one that sums over
 * queries; both compute the scores again. This avoids atomics and partial sums in memory, which would cost as much: 8
 * bytes for each query, head column and block of keys, written and read. The first kernel writes
 * delta = rowsum(dout * out) for the second.
 *
 * P and dS are rounded to bf16 as operands of a product; the softmax's sum is over the unrounded P.
 * Source: Dao 2023 (FlashAttention-2); Dao et al. 2022, appendix B.
 */
#include "attention_tiles.cuh"

enum {
    GROUP = 64, /* rows of the other side in one buffer; there are two */
    FWD_WARPS = 8,
    BWD_WARPS = 4,
    GROUP_ELEMENTS = GROUP * HEAD
};

static size_t fwd_shared_bytes(void) {
    return (size_t)(FWD_WARPS * TILE + 4 * GROUP) * ROW_BYTES;
}
static size_t bwd_queries_shared_bytes(void) {
    return (size_t)4 * GROUP * ROW_BYTES;
}
static size_t bwd_keys_shared_bytes(void) {
    return (size_t)4 * GROUP * ROW_BYTES + (size_t)4 * GROUP * sizeof(float);
}

/* A block's pair and its first row in the sequence. */
struct tiled_place {
    cam_attention_pair pair;
    int first;
};

CAM_DEVICE tiled_place place_of(const cam_attention_inputs<cam_bf16> &in, int rows) {
    uint32_t tiles = (uint32_t)(in.max_keys + rows - 1) / (uint32_t)rows;
    tiled_place at = {cam_attention_pair_at(in, blockIdx.x / tiles), (int)(blockIdx.x % tiles) * rows};
    return at;
}

/* Starts the copy of group `group` of two matrices, one after the other. `rows`: the pair's rows of the other side. */
CAM_DEVICE void copy_group(cam_bf16 *to, const cam_bf16 *a, int64_t a_stride, const cam_bf16 *b, int64_t b_stride,
                           int group, int rows, int threads) {
    int first = group * GROUP, real = rows - first < GROUP ? rows - first : GROUP;
    to += group % 2 * 2 * GROUP_ELEMENTS;
    copy_rows(to, a + first * a_stride, a_stride, real, whole_tiles(real), threads);
    copy_rows(to + GROUP_ELEMENTS, b + first * b_stride, b_stride, real, whole_tiles(real), threads);
    cam_copy_commit();
}

/* The softmax state of a warp's 16 queries between two groups of keys. */
struct tiled_rows {
    float row_max[2], sum[2]; /* sum: over this lane's keys only */
    float out[BLOCKS][4];
};

/* Scores of a group, as exponents of 2; -infinity past the `keys` real keys of the group. */
CAM_DEVICE void group_scores(float s[GROUP / TILE][2][4], const uint32_t q[STEPS][4], cam_bf16 *k, int keys,
                             float scale) {
    int first = cam_lane() % 4 * 2;
#pragma unroll
    for (int j = 0; j < GROUP / TILE; j++) {
        if (j * TILE < keys)
            score_tile(s[j], q, k, j * TILE);
#pragma unroll
        for (int n = 0; n < 2; n++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                s[j][n][i] = j * TILE + 8 * n + i % 2 + first < keys ? s[j][n][i] * scale : -INFINITY;
    }
}

/* Updates the rows' maxima and rescales the sums to the new maxima. */
CAM_DEVICE void update_max(tiled_rows *r, const float s[GROUP / TILE][2][4]) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float row_max = r->row_max[half];
#pragma unroll
        for (int j = 0; j < GROUP / TILE; j++)
#pragma unroll
            for (int n = 0; n < 2; n++)
#pragma unroll
                for (int i = 0; i < 2; i++)
                    row_max = s[j][n][2 * half + i] > row_max ? s[j][n][2 * half + i] : row_max;
        row_max = max_over_row(row_max);
        float factor = cam_exp2(r->row_max[half] - row_max);
        r->row_max[half] = row_max;
        r->sum[half] *= factor;
#pragma unroll
        for (int n = 0; n < BLOCKS; n++)
            r->out[n][2 * half] *= factor, r->out[n][2 * half + 1] *= factor;
    }
}

/* attention_fwd_tiled: out = dropout(softmax(q k^T scale)) v, lse.
 * Block: 128 queries of a pair; warp: 16 of them; thread: parts of two rows.
 * Bytes: q and out once, k and v once for each 128 queries, from L2. Shared: 48 KB. */
template <int MAP> CAM_KERNEL(FWD_WARPS *CAM_WARP) attention_fwd_tiled(cam_attention_forward<cam_bf16> call) {
    enum { ROWS = FWD_WARPS * TILE, THREADS = FWD_WARPS * CAM_WARP };
    CAM_SHARED(cam_bf16, q);
    const cam_attention_inputs<cam_bf16> &in = call.in;
    cam_bf16 *groups = q + ROWS * HEAD;
    int64_t width = (int64_t)in.heads * HEAD, query_rows = cam_rows_count(in.state, in.q_rows);
    tiled_place at = place_of(in, ROWS);
    const cam_attention_pair &p = at.pair;
    cam_attention_zero<CHUNK>(call.out, width, width, query_rows, in.query_capacity);
    cam_attention_zero<1>(call.lse, in.heads, in.heads, query_rows, in.query_capacity);
    int queries = p.queries - at.first;
    if (queries <= 0)
        return;
    queries = queries < ROWS ? queries : ROWS;
    const cam_bf16 *k = cam_attention_row(in.k, in.kv_stride, p, HEAD, p.first_key);
    const cam_bf16 *v = cam_attention_row(in.v, in.kv_stride, p, HEAD, p.first_key);
    copy_rows(q, cam_attention_row(in.q, in.q_stride, p, HEAD, p.first_query + at.first), in.q_stride, queries,
              whole_tiles(queries), THREADS);
    copy_group(groups, k, in.kv_stride, v, in.kv_stride, 0, p.keys, THREADS);
    tile_draw draw = draw_of<MAP>(in, p);
    int first = cam_warp() * TILE, g = cam_lane() / 4, mine = queries - first, low = 0, high = 0;
    int row = p.first_query + at.first + first;
    if (MAP == CAM_MAP_INDEXED) {
        low = g < mine ? in.q_index[row + g] : 0;
        high = g + 8 < mine ? in.q_index[row + g + 8] : 0;
    }
    tiled_rows r = {{-INFINITY, -INFINITY}, {0, 0}, {}};
    uint32_t rows[STEPS][4];
    for (int group = 0; group * GROUP < p.keys; group++) {
        cam_copy_wait<0>();
        cam_sync_block();
        if ((group + 1) * GROUP < p.keys)
            copy_group(groups, k, in.kv_stride, v, in.kv_stride, group + 1, p.keys, THREADS);
        if (mine <= 0)
            continue;
        if (group == 0)
            load_rows(rows, q, first);
        cam_bf16 *group_k = groups + group % 2 * 2 * GROUP_ELEMENTS, *group_v = group_k + GROUP_ELEMENTS;
        int keys = p.keys - group * GROUP;
        float s[GROUP / TILE][2][4];
        group_scores(s, rows, group_k, keys, in.scale * LOG2_E);
        update_max(&r, s);
#pragma unroll
        for (int j = 0; j < GROUP / TILE; j++) {
            if (j * TILE >= keys)
                continue;
            uint32_t kept = draw_queries_down<MAP>(draw, at.first + first, low, high, group * GROUP + j * TILE);
            uint32_t left[4];
            probabilities_queries_down<MAP>(s[j], r.sum, r.row_max, kept);
            pack_tile(left, s[j]);
            add_product(r.out, left, group_v, j * TILE);
        }
    }
    if (mine <= 0)
        return;
    sum_over_row(r.sum);
    store_rows(cam_attention_row(call.out, width, p, HEAD, row), width, mine, r.out, in.kept / r.sum[0],
               in.kept / r.sum[1], q, first);
    store_lse(call.lse + (int64_t)row * in.heads + p.head, in.heads, mine, r.row_max, r.sum);
}

/* lse as an exponent of 2 and delta, of the two rows that each lane holds; also writes delta to memory. Eight lanes
 * compute the sum of a row, four rows at a time, and shuffle it to the lanes of that row. The warp's first row is
 * `row`, `mine` of them are real. */
CAM_DEVICE void query_sums(float lse[2], float delta[2], const cam_attention_backward<cam_bf16> &call,
                           const cam_attention_pair &p, int row, int mine) {
    const cam_attention_inputs<cam_bf16> &in = call.in;
    int64_t width = (int64_t)in.heads * HEAD;
    int lane = cam_lane(), g = lane / 4;
    lse[0] = lse[1] = INFINITY;
    delta[0] = delta[1] = 0;
#pragma unroll
    for (int i = 0; i < TILE / 4; i++) {
        int r = 4 * i + lane / CHUNKS;
        float sum = dot_of_rows(cam_attention_row(call.dout, width, p, HEAD, row + r),
                                cam_attention_row(call.out, width, p, HEAD, row + r), r < mine);
        if (r < mine && lane % CHUNKS == 0)
            call.delta[p.head * in.query_capacity + row + r] = sum;
        float query_rows = cam_shuffle(sum, g % 4 * CHUNKS);
        if (g / 4 == i % 2)
            delta[i / 2] = query_rows;
    }
#pragma unroll
    for (int half = 0; half < 2; half++)
        if (g + 8 * half < mine)
            lse[half] = call.lse[(int64_t)(row + g + 8 * half) * in.heads + p.head] * LOG2_E;
}

/* attention_bwd_tiled_queries: dq = ds k with ds = p (dropout(dout v^T) - delta) scale, and delta.
 * Block: 64 queries of a pair; warp: 16 of them, q and dout in registers.
 * Bytes: q, out, dout, dq once, k and v once for each 64 queries, from L2. Shared: 32 KB. */
template <int MAP>
CAM_KERNEL_AT_LEAST(BWD_WARPS *CAM_WARP, 3)
attention_bwd_tiled_queries(cam_attention_backward<cam_bf16> call) {
    enum { ROWS = BWD_WARPS * TILE, THREADS = BWD_WARPS * CAM_WARP };
    CAM_SHARED(cam_bf16, groups);
    const cam_attention_inputs<cam_bf16> &in = call.in;
    int64_t width = (int64_t)in.heads * HEAD;
    tiled_place at = place_of(in, ROWS);
    const cam_attention_pair &p = at.pair;
    cam_attention_zero<CHUNK>(call.dq, call.dq_stride, width, cam_rows_count(in.state, in.q_rows), in.query_capacity);
    int queries = p.queries - at.first;
    if (queries <= 0)
        return;
    queries = queries < ROWS ? queries : ROWS;
    const cam_bf16 *k = cam_attention_row(in.k, in.kv_stride, p, HEAD, p.first_key);
    const cam_bf16 *v = cam_attention_row(in.v, in.kv_stride, p, HEAD, p.first_key);
    /* The block's own rows are first in the second buffer; they are in registers before its group arrives. */
    cam_bf16 *own = groups + 2 * GROUP_ELEMENTS;
    int block_row = p.first_query + at.first;
    copy_rows(own, cam_attention_row(in.q, in.q_stride, p, HEAD, block_row), in.q_stride, queries, whole_tiles(queries),
              THREADS);
    copy_rows(own + GROUP_ELEMENTS, cam_attention_row(call.dout, width, p, HEAD, block_row), width, queries,
              whole_tiles(queries), THREADS);
    copy_group(groups, k, in.kv_stride, v, in.kv_stride, 0, p.keys, THREADS);
    tile_draw draw = draw_of<MAP>(in, p);
    int first = cam_warp() * TILE, g = cam_lane() / 4, mine = queries - first, row = block_row + first;
    int low = 0, high = 0;
    if (MAP == CAM_MAP_INDEXED) {
        low = g < mine ? in.q_index[row + g] : 0;
        high = g + 8 < mine ? in.q_index[row + g + 8] : 0;
    }
    float lse[2], delta[2], dq[BLOCKS][4];
    uint32_t q_rows[STEPS][4], dout_rows[STEPS][4];
    clear_sum(dq);
    query_sums(lse, delta, call, p, row, mine);
    cam_copy_wait<0>();
    cam_sync_block();
    uint32_t next_call = 0;
    if (mine > 0) {
        load_rows(q_rows, own, first);
        load_rows(dout_rows, own + GROUP_ELEMENTS, first);
        next_call = stored_call<MAP>(draw, at.first + first, 0);
    }
    for (int group = 0; group * GROUP < p.keys; group++) {
        cam_copy_wait<0>();
        cam_sync_block();
        if ((group + 1) * GROUP < p.keys)
            copy_group(groups, k, in.kv_stride, v, in.kv_stride, group + 1, p.keys, THREADS);
        if (mine <= 0)
            continue;
        cam_bf16 *group_k = groups + group % 2 * 2 * GROUP_ELEMENTS, *group_v = group_k + GROUP_ELEMENTS;
        int keys = p.keys - group * GROUP;
        for (int j = 0; j < GROUP && j < keys; j += TILE) {
            float s[2][4], dp[2][4];
            uint32_t left[4], stored = next_call;
            if (j + TILE < keys)
                next_call = stored_call<MAP>(draw, at.first + first, group * GROUP + j + TILE);
            score_tile(s, q_rows, group_k, j);
            score_tile(dp, dout_rows, group_v, j);
            uint32_t kept = kept_queries_down<MAP>(draw, stored, at.first + first, low, high, group * GROUP + j);
            gradients_queries_down<MAP>(s, dp, kept, in.kept, in.scale * LOG2_E, lse, delta, keys - j);
            pack_tile(left, dp);
            add_product(dq, left, group_k, j);
        }
    }
    cam_sync_block();
    if (mine > 0)
        store_rows(cam_attention_row(call.dq, call.dq_stride, p, HEAD, row), call.dq_stride, mine, dq, in.scale,
                   in.scale, groups, first);
}

/* lse as an exponent of 2 and delta, of one query. Values for a query past the last give probabilities of 0. */
struct query_stats {
    float lse, delta;
};
CAM_DEVICE query_stats stats_of(const cam_attention_backward<cam_bf16> &call, const cam_attention_pair &p, int query) {
    query_stats stats = {INFINITY, 0};
    if (query < p.queries) {
        int64_t row = p.first_query + query;
        stats.lse = call.lse[row * call.in.heads + p.head] * LOG2_E;
        stats.delta = call.delta[p.head * call.in.query_capacity + row];
    }
    return stats;
}

/* attention_bwd_tiled_keys: dv = dropout(p)^T dout, dk = ds^T q; zeros for a sequence without query rows.
 * Block: 64 keys of a pair; warp: 16 of them, k and v in registers; score tiles have one row a key.
 * Bytes: k, v, dk, dv once, q and dout once for each 64 keys, from L2. Shared: 33 KB. Registers are limited so that
 * three blocks fit on a multiprocessor; a few values are spilled. */
template <int MAP>
CAM_KERNEL_AT_LEAST(BWD_WARPS *CAM_WARP, 3)
attention_bwd_tiled_keys(cam_attention_backward<cam_bf16> call) {
    enum { ROWS = BWD_WARPS * TILE, THREADS = BWD_WARPS * CAM_WARP };
    CAM_SHARED(cam_bf16, groups);
    const cam_attention_inputs<cam_bf16> &in = call.in;
    float *stats = reinterpret_cast<float *>(groups + 4 * GROUP_ELEMENTS); /* [2][lse, delta][GROUP] */
    int64_t width = (int64_t)in.heads * HEAD;
    tiled_place at = place_of(in, ROWS);
    const cam_attention_pair &p = at.pair;
    cam_attention_zero<CHUNK>(call.dk, call.dkv_stride, width, in.state->tokens, in.key_capacity);
    cam_attention_zero<CHUNK>(call.dv, call.dkv_stride, width, in.state->tokens, in.key_capacity);
    int keys = p.keys - at.first;
    if (keys <= 0)
        return;
    keys = keys < ROWS ? keys : ROWS;
    const cam_bf16 *q = cam_attention_row(in.q, in.q_stride, p, HEAD, p.first_query);
    const cam_bf16 *dout = cam_attention_row(call.dout, width, p, HEAD, p.first_query);
    cam_bf16 *own = groups + 2 * GROUP_ELEMENTS; /* as in attention_bwd_tiled_queries */
    int block_row = p.first_key + at.first;
    copy_rows(own, cam_attention_row(in.k, in.kv_stride, p, HEAD, block_row), in.kv_stride, keys, whole_tiles(keys),
              THREADS);
    copy_rows(own + GROUP_ELEMENTS, cam_attention_row(in.v, in.kv_stride, p, HEAD, block_row), in.kv_stride, keys,
              whole_tiles(keys), THREADS);
    copy_group(groups, q, in.q_stride, dout, width, 0, p.queries, THREADS);
    tile_draw draw = draw_of<MAP>(in, p);
    int first = cam_warp() * TILE, mine = keys - first, row = block_row + first;
    float dk[BLOCKS][4], dv[BLOCKS][4];
    uint32_t k_rows[STEPS][4], v_rows[STEPS][4];
    clear_sum(dk);
    clear_sum(dv);
    query_stats next = {0, 0};
    if (threadIdx.x < GROUP)
        next = stats_of(call, p, (int)threadIdx.x);
    cam_copy_wait<0>();
    cam_sync_block();
    uint32_t next_call = 0;
    if (mine > 0) {
        load_rows(k_rows, own, first);
        load_rows(v_rows, own + GROUP_ELEMENTS, first);
        if (p.queries > 0)
            next_call = stored_call<MAP>(draw, 0, at.first + first);
    }
    for (int group = 0; group * GROUP < p.queries; group++) {
        float *lse = stats + group % 2 * 2 * GROUP, *delta = lse + GROUP;
        if (threadIdx.x < GROUP)
            lse[threadIdx.x] = next.lse, delta[threadIdx.x] = next.delta;
        cam_copy_wait<0>();
        cam_sync_block();
        if ((group + 1) * GROUP < p.queries) {
            copy_group(groups, q, in.q_stride, dout, width, group + 1, p.queries, THREADS);
            if (threadIdx.x < GROUP)
                next = stats_of(call, p, (group + 1) * GROUP + (int)threadIdx.x);
        }
        if (mine <= 0)
            continue;
        cam_bf16 *group_q = groups + group % 2 * 2 * GROUP_ELEMENTS, *group_dout = group_q + GROUP_ELEMENTS;
        int queries = p.queries - group * GROUP;
        for (int j = 0; j < GROUP && j < queries; j += TILE) {
            float s[2][4], dp[2][4];
            uint32_t left[4], stored = next_call;
            if (j + TILE < queries)
                next_call = stored_call<MAP>(draw, group * GROUP + j + TILE, at.first + first);
            score_tile(s, k_rows, group_q, j);
            score_tile(dp, v_rows, group_dout, j);
            int query = group * GROUP + j;
            uint32_t kept = kept_keys_down<MAP>(draw, stored, query, in.q_index + p.first_query + query, queries - j,
                                                at.first + first);
            gradients_keys_down<MAP>(s, dp, kept, in.kept, in.scale * LOG2_E, lse + j, delta + j, mine);
            pack_tile(left, s);
            add_product(dv, left, group_dout, j);
            pack_tile(left, dp);
            add_product(dk, left, group_q, j);
        }
    }
    cam_sync_block();
    if (mine <= 0)
        return;
    store_rows(cam_attention_row(call.dv, call.dkv_stride, p, HEAD, row), call.dkv_stride, mine, dv, in.kept, in.kept,
               groups, first);
    store_rows(cam_attention_row(call.dk, call.dkv_stride, p, HEAD, row), call.dkv_stride, mine, dk, in.scale, in.scale,
               groups, first);
}

template <int MAP> static cam_status run_fwd(cam_backend *backend, const cam_attention_fwd_args *args) {
    cam_attention_forward<cam_bf16> call = cam_attention_forward_of<cam_bf16>(args);
    int64_t grid = cam_attention_grid(call.in, cam_blocks(args->max_keys, FWD_WARPS * TILE));
    return CAM_LAUNCH(backend, (attention_fwd_tiled<MAP>), grid, FWD_WARPS * CAM_WARP, fwd_shared_bytes(), call);
}

template <int MAP> static cam_status run_bwd(cam_backend *backend, const cam_attention_bwd_args *args) {
    cam_status st = CAM_OK;
    cam_attention_backward<cam_bf16> call = cam_attention_backward_of<cam_bf16>(args);
    int64_t grid = cam_attention_grid(call.in, cam_blocks(args->max_keys, BWD_WARPS * TILE));
    CAM_TRY(CAM_LAUNCH(backend, (attention_bwd_tiled_queries<MAP>), grid, BWD_WARPS * CAM_WARP,
                       bwd_queries_shared_bytes(), call));
    CAM_TRY(CAM_LAUNCH(backend, (attention_bwd_tiled_keys<MAP>), grid, BWD_WARPS * CAM_WARP, bwd_keys_shared_bytes(),
                       call));
out:
    return st;
}

#define RUN_MAP(run)                                                                                                   \
    switch (cam_attention_map_of(args)) {                                                                              \
    case CAM_MAP_TILES:                                                                                                \
        return run<CAM_MAP_TILES>(backend, args);                                                                      \
    case CAM_MAP_INDEXED:                                                                                              \
        return run<CAM_MAP_INDEXED>(backend, args);                                                                    \
    default:                                                                                                           \
        return run<CAM_MAP_NONE>(backend, args);                                                                       \
    }

cam_status cam_attention_fwd_tiled(cam_backend *backend, const cam_attention_fwd_args *args) {
    RUN_MAP(run_fwd);
}

cam_status cam_attention_bwd_tiled(cam_backend *backend, const cam_attention_bwd_args *args) {
    if (cam_attention_map_of(args) == CAM_MAP_MASKED)
        return run_bwd<CAM_MAP_MASKED>(backend, args);
    RUN_MAP(run_bwd);
}
