/* attention_tiles.cuh: building blocks of the tensor-core attention kernels: rows of one head in shared memory, 16x16
 * tiles of scores in a warp's registers, and their dropout decisions.
 *
 * Head size 64. A row is 128 bytes of shared memory, eight chunks of 16 bytes. Chunk c of row r is stored at position
 * c ^ (r % 8) (a swizzle). One 8x8 tile of ldmatrix reads the same chunk of eight consecutive rows; the swizzle spreads
 * these over all 32 banks, for the copies into shared memory as well.
 *
 * A tile of scores is two m16n8 accumulators, t[n][i]. In lane l = 4 g + u, element t[n][i] is
 *   queries down:  query g + 8 (i / 2), key 8 n + 2 u + i % 2    (a row of the tile is a query)
 *   keys down:     key g + 8 (i / 2), query 8 n + 2 u + i % 2    (a row of the tile is a key)
 */
#ifndef CAM_ATTENTION_TILES_CUH
#define CAM_ATTENTION_TILES_CUH

#include "attention.cuh"

enum {
    HEAD = 64,
    TILE = 16,
    CHUNK = 8,             /* elements */
    CHUNKS = HEAD / CHUNK, /* in a row */
    STEPS = HEAD / TILE,   /* of a product along the head's columns */
    BLOCKS = HEAD / CHUNK, /* m16n8 accumulators of a row of output */
    ROW_BYTES = 2 * HEAD
};

#define LOG2_E 1.4426950408889634f
#define LN_2   0.6931471805599453f

CAM_DEVICE cam_bf16 *chunk_at(cam_bf16 *rows, int row, int chunk) {
    return rows + row * HEAD + ((chunk ^ (row & 7)) * CHUNK);
}

CAM_DEVICE int whole_tiles(int rows) {
    return (rows + TILE - 1) / TILE * TILE;
}

/* Rows [0, padded) := `real` rows of global memory, then zeros. `threads` is the block's size, a multiple of 64, so
 * that a thread's chunk has the same position in all its rows. */
CAM_DEVICE void copy_rows(cam_bf16 *to, const cam_bf16 *from, int64_t stride, int real, int padded, int threads) {
    int row = (int)threadIdx.x / CHUNKS, chunk = (int)threadIdx.x % CHUNKS, step = threads / CHUNKS;
    to = chunk_at(to, row, chunk);
    from += row * stride + chunk * CHUNK;
    for (; row < padded; row += step) {
        cam_copy_async_if(to, from, row < real);
        to += step * HEAD;
        from += step * stride;
    }
}

/* The address that a lane gives to ldmatrix for 16 rows (the first is a multiple of 8) and columns [16 step, 16 step +
 * 16). The second of the four 8x8 tiles is the lower one (for a, and for b whose rows are k) or the right one. */
CAM_DEVICE const cam_bf16 *lower_second(const cam_bf16 *rows, int row, int step) {
    int lane = cam_lane();
    return rows + (row + lane % 16) * HEAD + (((2 * step + lane / 16) ^ lane % 8) * CHUNK);
}
CAM_DEVICE const cam_bf16 *right_second(const cam_bf16 *rows, int row, int step) {
    int lane = cam_lane();
    return rows + (row + lane / 16 * 8 + lane % 8) * HEAD + (((2 * step + lane / 8 % 2) ^ lane % 8) * CHUNK);
}

/* a[m][k]; the rows in shared memory are m. */
CAM_DEVICE void load_a(uint32_t a[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix(a, lower_second(rows, row, step));
}
/* a[m][k]; the rows in shared memory are k. */
CAM_DEVICE void load_a_transposed(uint32_t a[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix_transposed(a, right_second(rows, row, step));
}
/* b[k][n]; the rows in shared memory are n: b[0..1] are the upper eight of them, b[2..3] the lower. */
CAM_DEVICE void load_b(uint32_t b[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix(b, right_second(rows, row, step));
}
/* b[k][n]; the rows in shared memory are k: b[0..1] are the left eight columns, b[2..3] the right. */
CAM_DEVICE void load_b_transposed(uint32_t b[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix_transposed(b, lower_second(rows, row, step));
}

/* A tile of scores: t = a r^T, with a 16 rows in registers and r 16 rows of shared memory. */
CAM_DEVICE void score_tile(float t[2][4], const uint32_t a[STEPS][4], const cam_bf16 *rows, int row) {
#pragma unroll
    for (int i = 0; i < 4; i++)
        t[0][i] = t[1][i] = 0;
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
        uint32_t b[4];
        load_b(b, rows, row, step);
        cam_mma_bf16(t[0], a[step], b);
        cam_mma_bf16(t[1], a[step], b + 2);
    }
}

CAM_DEVICE void load_rows(uint32_t a[STEPS][4], const cam_bf16 *rows, int row) {
#pragma unroll
    for (int step = 0; step < STEPS; step++)
        load_a(a[step], rows, row, step);
}

/* Converts a tile to the left operand of the next product. */
CAM_DEVICE void pack_tile(uint32_t a[4], const float t[2][4]) {
    a[0] = cam_pack_bf16(t[0][0], t[0][1]);
    a[1] = cam_pack_bf16(t[0][2], t[0][3]);
    a[2] = cam_pack_bf16(t[1][0], t[1][1]);
    a[3] = cam_pack_bf16(t[1][2], t[1][3]);
}

/* sum += a (one tile) times 16 rows of shared memory. */
CAM_DEVICE void add_product(float sum[BLOCKS][4], const uint32_t a[4], const cam_bf16 *rows, int row) {
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
        uint32_t b[4];
        load_b_transposed(b, rows, row, step);
        cam_mma_bf16(sum[2 * step], a, b);
        cam_mma_bf16(sum[2 * step + 1], a, b + 2);
    }
}

CAM_DEVICE void clear_sum(float sum[BLOCKS][4]) {
#pragma unroll
    for (int n = 0; n < BLOCKS; n++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            sum[n][i] = 0;
}

/* Stores the first `real` of sixteen rows of output: row g times low, row g + 8 times high. They pass through 16 rows
 * of shared memory that only this warp uses, so that stores to global memory are 16 bytes a lane and whole rows. */
CAM_DEVICE void store_rows(cam_bf16 *to, int64_t stride, int real, const float sum[BLOCKS][4], float low, float high,
                           cam_bf16 *own, int row) {
    int lane = cam_lane(), g = lane / 4, u = lane % 4;
    cam_sync_warp();
#pragma unroll
    for (int n = 0; n < BLOCKS; n++) {
        cam_vec<uint32_t, 1> words[2] = {{{cam_pack_bf16(sum[n][0] * low, sum[n][1] * low)}},
                                         {{cam_pack_bf16(sum[n][2] * high, sum[n][3] * high)}}};
#pragma unroll
        for (int half = 0; half < 2; half++)
            cam_store(reinterpret_cast<cam_vec<uint32_t, 1> *>(chunk_at(own, row + g + 8 * half, n) + 2 * u),
                      words[half]);
    }
    cam_sync_warp();
    typedef cam_vec<uint32_t, 4> line;
    int chunk = lane % CHUNKS;
    to += lane / CHUNKS * stride + chunk * CHUNK;
#pragma unroll
    for (int i = 0; i < TILE; i += CAM_WARP / CHUNKS) {
        int r = i + lane / CHUNKS;
        line whole = cam_load(reinterpret_cast<const line *>(chunk_at(own, row + r, chunk)));
        if (r < real)
            cam_store_global(reinterpret_cast<line *>(to), whole);
        to += CAM_WARP / CHUNKS * stride;
    }
}

/* The sum of dout * out over a row of 64, by eight lanes; all eight get the result. Called by whole warps. */
CAM_DEVICE float dot_of_rows(const cam_bf16 *dout, const cam_bf16 *out, bool real) {
    float sum = 0;
    if (real) {
        typedef cam_vec<uint32_t, 4> line;
        int at = cam_lane() % CHUNKS * CHUNK;
        line a = cam_load(reinterpret_cast<const line *>(dout + at));
        line b = cam_load(reinterpret_cast<const line *>(out + at));
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sum = cam_fma(cam_bits_to_f32(a.at[i] << 16), cam_bits_to_f32(b.at[i] << 16), sum);
            sum = cam_fma(cam_bits_to_f32(a.at[i] & 0xFFFF0000u), cam_bits_to_f32(b.at[i] & 0xFFFF0000u), sum);
        }
    }
    for (int mask = CHUNKS / 2; mask > 0; mask /= 2)
        sum += cam_shuffle_xor(sum, mask);
    return sum;
}

/* --- dropout decisions ------------------------------------------------------------------------------------------- */

/* The Philox parameters of a pair, `threshold` as in cam_attention_kept, and its mask. */
struct tile_draw {
    uint64_t seed;
    uint32_t step, site, row, head, threshold;
    uint8_t *mask; /* of the pair; or NULL */
    int tiles;     /* of a row of the mask */
};

template <int MAP> CAM_DEVICE tile_draw draw_of(const cam_attention_inputs<cam_bf16> &in, const cam_attention_pair &p) {
    tile_draw d = {};
    if (MAP != CAM_MAP_NONE) {
        d.seed = in.state->seed, d.step = in.state->step, d.site = in.site;
        d.row = (uint32_t)in.sequence_row[p.sequence], d.head = (uint32_t)p.head, d.threshold = in.threshold << 16;
        d.mask = cam_attention_mask_of(in, p), d.tiles = cam_attention_mask_tiles(in);
    }
    return d;
}

CAM_DEVICE uint32_t kept_of_call(const tile_draw &d, uint32_t call) {
    return cam_attention_kept(cam_philox(d.seed, d.step, d.site, d.row, call), d.threshold);
}

/* This lane's byte of the mask, for the tile whose first query is q and whose first key is k. */
CAM_DEVICE uint8_t *mask_at(const tile_draw &d, int q, int k) {
    return d.mask + ((q / TILE * d.tiles + k / TILE) * CAM_WARP + cam_lane());
}
/* Backward: this lane's byte, with CAM_MAP_MASKED. A kernel loads it one tile ahead, since ldmatrix and mma are not
 * moved past a load. */
template <int MAP> CAM_DEVICE uint32_t stored_call(const tile_draw &d, int q, int k) {
    return MAP == CAM_MAP_MASKED ? *mask_at(d, q, k) : 0;
}

/* The four decisions of the query with index q for keys k, k + 1 (bits 0, 1) and k + 8, k + 9 (bits 4, 5). */
CAM_DEVICE uint32_t kept_of_query(const tile_draw &d, uint32_t q, uint32_t k) {
    return kept_of_call(d, cam_attention_call(d.head, q, k)) >> (q / 8 % 2 * 2) & 0x33u;
}

/* Queries down: bit 4 n + i is set if t[n][i] is kept. The tile's first key is k. With CAM_MAP_INDEXED the query of row
 * g has index low and that of row g + 8 index high; otherwise the tile's first query is q, a multiple of 16. `stored`
 * is the tile's stored_call. */
template <int MAP>
CAM_DEVICE uint32_t kept_queries_down(const tile_draw &d, uint32_t stored, int q, int low, int high, int k) {
    uint32_t lane = (uint32_t)cam_lane();
    if (MAP == CAM_MAP_MASKED)
        return stored;
    if (MAP == CAM_MAP_TILES)
        return kept_of_call(d, cam_attention_call(d.head, (uint32_t)q, (uint32_t)k) + lane);
    if (MAP == CAM_MAP_INDEXED) {
        uint32_t key = (uint32_t)k + 2 * (lane % 4);
        return kept_of_query(d, (uint32_t)low, key) | kept_of_query(d, (uint32_t)high, key) << 2;
    }
    return 0;
}
/* Forward: the same, and writes the mask. */
template <int MAP> CAM_DEVICE uint32_t draw_queries_down(const tile_draw &d, int q, int low, int high, int k) {
    uint32_t kept = kept_queries_down<MAP>(d, 0, q, low, high, k);
    if (MAP == CAM_MAP_TILES && d.mask)
        *mask_at(d, q, k) = (uint8_t)kept;
    return kept;
}
CAM_DEVICE bool is_kept_queries_down(uint32_t kept, int n, int i) {
    return kept >> (4 * n + i) & 1u;
}

/* Keys down: bit 4 (i / 2) + 2 n + i % 2 is set if t[n][i] is kept. A lane makes one Philox call, or has it in
 * `stored`, the tile's stored_call, and gets the two that it needs from other lanes by shuffles. `index` has the indices
 * of the tile's `queries` real queries; it is read with CAM_MAP_INDEXED only. */
template <int MAP>
CAM_DEVICE uint32_t kept_keys_down(const tile_draw &d, uint32_t stored, int q, const int32_t *index, int queries,
                                   int k) {
    int lane = cam_lane(), g = lane / 4, u = lane % 4;
    if (MAP == CAM_MAP_TILES || MAP == CAM_MAP_MASKED) {
        uint32_t own = stored;
        if (MAP == CAM_MAP_TILES)
            own = kept_of_call(d, cam_attention_call(d.head, (uint32_t)q, (uint32_t)k) + (uint32_t)lane);
        uint32_t even = cam_shuffle(own, 8 * u + g / 2) >> (g % 2) & 0x55u;
        uint32_t odd = cam_shuffle(own, 8 * u + 4 + g / 2) >> (g % 2) & 0x55u;
        return even | odd << 1;
    }
    uint32_t kept = 0;
    if (MAP == CAM_MAP_INDEXED)
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int column = j / 2 * 8 + 2 * u + j % 2;
            uint32_t at = (uint32_t)index[column < queries ? column : 0];
            uint32_t both = kept_of_query(d, at, (uint32_t)(k + g)) >> (g % 2);
            kept |= (both & 0x11u) << (j / 2 * 2 + j % 2);
        }
    return kept;
}
CAM_DEVICE bool is_kept_keys_down(uint32_t kept, int n, int i) {
    return kept >> (4 * (i / 2) + 2 * n + i % 2) & 1u;
}

/* --- softmax of rows, queries down: [0] is row g, [1] row g + 8 --------------------------------------------------- */

/* t, scores as exponents of 2, becomes exp2(t - row_max) and is added to `sum`; then dropped elements become 0. */
template <int MAP>
CAM_DEVICE void probabilities_queries_down(float s[2][4], float sum[2], const float row_max[2], uint32_t kept) {
#pragma unroll
    for (int n = 0; n < 2; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float e = cam_exp2(s[n][i] - row_max[i / 2]);
            sum[i / 2] += e;
            s[n][i] = MAP == CAM_MAP_NONE || is_kept_queries_down(kept, n, i) ? e : 0.0f;
        }
}

/* The maximum, or the sum, over the four lanes of a row; all four get it. */
CAM_DEVICE float max_over_row(float row_max) {
#pragma unroll
    for (int mask = 1; mask < 4; mask *= 2) {
        float other = cam_shuffle_xor(row_max, mask);
        row_max = other > row_max ? other : row_max;
    }
    return row_max;
}
CAM_DEVICE void sum_over_row(float sum[2]) {
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int mask = 1; mask < 4; mask *= 2)
            sum[half] += cam_shuffle_xor(sum[half], mask);
}

/* Stores the natural logarithm of the rows' sums of exponentials. `lse` is the address for the warp's first row; `real`
 * rows are real. */
CAM_DEVICE void store_lse(float *lse, int32_t heads, int real, const float row_max[2], const float sum[2]) {
    int g = cam_lane() / 4;
    if (cam_lane() % 4 != 0)
        return;
#pragma unroll
    for (int half = 0; half < 2; half++)
        if (g + 8 * half < real)
            lse[(int64_t)(g + 8 * half) * heads] = row_max[half] * LN_2 + cam_log(sum[half]);
}

/* --- gradients of a tile ----------------------------------------------------------------------------------------- */

/* Keys down: turns scores and gradients of one tile into p after dropout, without its factor, and ds, without the
 * scale. `keys` of the 16 are real. `lse` and `delta` are those of the tile's queries. */
template <int MAP>
CAM_DEVICE void gradients_keys_down(float s[2][4], float dp[2][4], uint32_t kept, float factor, float scale,
                                    const float *lse, const float *delta, int keys) {
    typedef cam_vec<float, 2> two;
    int g = cam_lane() / 4, u = cam_lane() % 4;
#pragma unroll
    for (int n = 0; n < 2; n++) {
        two l = cam_load(reinterpret_cast<const two *>(lse + 8 * n + 2 * u));
        two m = cam_load(reinterpret_cast<const two *>(delta + 8 * n + 2 * u));
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float e = g + 8 * (i / 2) < keys ? cam_exp2(cam_fma(s[n][i], scale, -l.at[i % 2])) : 0.0f;
            bool keep = MAP == CAM_MAP_NONE || is_kept_keys_down(kept, n, i);
            s[n][i] = keep ? e : 0.0f;
            dp[n][i] = e * ((keep ? dp[n][i] * factor : 0.0f) - m.at[i % 2]);
        }
    }
}

/* Queries down: turns dp into ds, without the scale. `keys` of the 16 are real. */
template <int MAP>
CAM_DEVICE void gradients_queries_down(const float s[2][4], float dp[2][4], uint32_t kept, float factor, float scale,
                                       const float lse[2], const float delta[2], int keys) {
    int first = cam_lane() % 4 * 2;
#pragma unroll
    for (int n = 0; n < 2; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float e = 8 * n + i % 2 + first < keys ? cam_exp2(cam_fma(s[n][i], scale, -lse[i / 2])) : 0.0f;
            bool keep = MAP == CAM_MAP_NONE || is_kept_queries_down(kept, n, i);
            dp[n][i] = e * ((keep ? dp[n][i] * factor : 0.0f) - delta[i / 2]);
        }
}

#endif
