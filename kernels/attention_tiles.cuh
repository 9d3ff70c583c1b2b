/* attention_tiles.cuh: what the tensor-core ways of attention are written in: rows of one head in shared memory, 16x16
 * tiles of scores in a warp's registers, and their decisions.
 *
 * Head size 64. A row is 128 bytes of shared memory, eight chunks of 16; chunk c of row r lies in place c ^ (r % 8), so
 * that the same chunk of eight consecutive rows, what one 8x8 tile of ldmatrix reads, meets all 32 banks once, and so
 * do the copies that bring rows.
 *
 * A tile of scores is two m16n8 accumulators, t[n][i]. Of lane l = 4 g + u it holds
 *   queries down:  query g + 8 (i / 2), key 8 n + 2 u + i % 2
 *   keys down:     key g + 8 (i / 2), query 8 n + 2 u + i % 2
 */
#ifndef CAM_ATTENTION_TILES_CUH
#define CAM_ATTENTION_TILES_CUH

#include "attention.cuh"

enum {
    HEAD = 64,
    TILE = 16,
    CHUNK = 8,             /* elements */
    CHUNKS = HEAD / CHUNK, /* of a row */
    STEPS = HEAD / TILE,   /* of a product along the head */
    BLOCKS = HEAD / CHUNK, /* m16n8 accumulators that a row of output takes */
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

/* Rows [0, padded) := `real` rows of global memory, then zeros; shared out over a block of `threads`, a multiple of 64,
 * so that a thread's rows all keep its chunk in the same place. */
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

/* The ways ldmatrix reads 16 rows, of which the first is a multiple of 8, and columns [16 step, 16 step + 16). Of its
 * four 8x8 tiles the second is either the lower one (a, and b from rows that are k) or the right one. */
CAM_DEVICE const cam_bf16 *lower_second(const cam_bf16 *rows, int row, int step) {
    int lane = cam_lane();
    return rows + (row + lane % 16) * HEAD + (((2 * step + lane / 16) ^ lane % 8) * CHUNK);
}
CAM_DEVICE const cam_bf16 *right_second(const cam_bf16 *rows, int row, int step) {
    int lane = cam_lane();
    return rows + (row + lane / 16 * 8 + lane % 8) * HEAD + (((2 * step + lane / 8 % 2) ^ lane % 8) * CHUNK);
}

/* a[m][k] from rows that are m. */
CAM_DEVICE void load_a(uint32_t a[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix(a, lower_second(rows, row, step));
}
/* a[m][k] from rows that are k. */
CAM_DEVICE void load_a_transposed(uint32_t a[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix_transposed(a, right_second(rows, row, step));
}
/* b[k][n] from rows that are n: b[0..1] are the upper eight of them, b[2..3] the lower. */
CAM_DEVICE void load_b(uint32_t b[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix(b, right_second(rows, row, step));
}
/* b[k][n] from rows that are k: b[0..1] are the left eight columns, b[2..3] the right. */
CAM_DEVICE void load_b_transposed(uint32_t b[4], const cam_bf16 *rows, int row, int step) {
    cam_ldmatrix_transposed(b, lower_second(rows, row, step));
}

/* A tile of scores: t = a (16 rows, in registers) times 16 rows of shared memory, transposed. */
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

/* A tile as the left side of the next product. */
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

/* Sixteen rows of output, of which `real` exist: row g times low, row g + 8 times high. They go through 16 rows of
 * shared memory that are this warp's own, so that global memory sees 16 bytes a lane and whole rows. */
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

/* The sum of dout * out over a row of 64, eight lanes a row: called by whole warps, the same in the eight lanes. */
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

/* --- the random map ---------------------------------------------------------------------------------------------- */

/* What the decisions of a pair depend on; `threshold` is in the upper half, to compare a word's upper lane as it is. */
struct tile_draw {
    uint64_t seed;
    uint32_t step, site, row, head, threshold;
};

template <int MAP> CAM_DEVICE tile_draw draw_of(const cam_attention_inputs<cam_bf16> &in, const cam_attention_pair &p) {
    tile_draw d = {};
    if (MAP != CAM_MAP_NONE) {
        d.seed = in.state->seed, d.step = in.state->step, d.site = in.site;
        d.row = (uint32_t)in.sequence_row[p.sequence], d.head = (uint32_t)p.head, d.threshold = in.threshold << 16;
    }
    return d;
}

CAM_DEVICE cam_philox_words draw_call(const tile_draw &d, uint32_t call) {
    return cam_philox(d.seed, d.step, d.site, d.row, call);
}

/* Which of a word's two lanes are kept: bits 0 and 1. */
CAM_DEVICE uint32_t kept_of_word(uint32_t word, uint32_t threshold) {
    return (uint32_t)(word << 16 >= threshold) | (uint32_t)(word >= threshold) << 1;
}
CAM_DEVICE uint32_t kept_of_call(const tile_draw &d, uint32_t call) {
    cam_philox_words words = draw_call(d, call);
    return kept_of_word(words.w[0], d.threshold) | kept_of_word(words.w[1], d.threshold) << 2 |
           kept_of_word(words.w[2], d.threshold) << 4 | kept_of_word(words.w[3], d.threshold) << 6;
}

/* The four decisions of a listed query q for keys k, k + 1 (bits 0, 1) and k + 8, k + 9 (bits 4, 5). */
CAM_DEVICE uint32_t kept_of_query(const tile_draw &d, uint32_t q, uint32_t k) {
    return kept_of_call(d, cam_attention_call(d.head, q, k)) >> (q / 8 % 2 * 2) & 0x33u;
}

/* Queries down: bit 4 n + i says whether t[n][i] is kept. The tile's first key is k. Listed queries have the indices
 * low (of row g) and high (of row g + 8), others begin at q, a multiple of 16. */
template <int MAP> CAM_DEVICE uint32_t kept_queries_down(const tile_draw &d, int q, int low, int high, int k) {
    uint32_t lane = (uint32_t)cam_lane();
    if (MAP == CAM_MAP_TILES)
        return kept_of_call(d, cam_attention_call(d.head, (uint32_t)q, (uint32_t)k) + lane);
    if (MAP == CAM_MAP_LISTED) {
        uint32_t key = (uint32_t)k + 2 * (lane % 4);
        return kept_of_query(d, (uint32_t)low, key) | kept_of_query(d, (uint32_t)high, key) << 2;
    }
    return 0;
}
CAM_DEVICE bool is_kept_queries_down(uint32_t kept, int n, int i) {
    return kept >> (4 * n + i) & 1u;
}

/* Keys down: bit 4 (i / 2) + 2 n + i % 2 says whether t[n][i] is kept. A lane needs the decisions of two calls, which
 * two lanes of the warp have made, and shares its own with two others. `index` are the indices of the tile's queries,
 * listed ones only, of which `queries` exist. */
template <int MAP>
CAM_DEVICE uint32_t kept_keys_down(const tile_draw &d, int q, const int32_t *index, int queries, int k) {
    int lane = cam_lane(), g = lane / 4, u = lane % 4;
    if (MAP == CAM_MAP_TILES) {
        uint32_t own = kept_of_call(d, cam_attention_call(d.head, (uint32_t)q, (uint32_t)k) + (uint32_t)lane);
        uint32_t even = cam_shuffle(own, 8 * u + g / 2) >> (g % 2) & 0x55u;
        uint32_t odd = cam_shuffle(own, 8 * u + 4 + g / 2) >> (g % 2) & 0x55u;
        return even | odd << 1;
    }
    uint32_t kept = 0;
    if (MAP == CAM_MAP_LISTED)
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

/* Scores in powers of two -> exp2(score - most), added to `sum`, then zero where dropped. */
template <int MAP>
CAM_DEVICE void probabilities_queries_down(float s[2][4], float sum[2], const float most[2], uint32_t kept) {
#pragma unroll
    for (int n = 0; n < 2; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float e = cam_exp2(s[n][i] - most[i / 2]);
            sum[i / 2] += e;
            s[n][i] = MAP == CAM_MAP_NONE || is_kept_queries_down(kept, n, i) ? e : 0.0f;
        }
}

/* The four lanes of a row agree on the largest, or on the sum. */
CAM_DEVICE float most_over_row(float most) {
#pragma unroll
    for (int mask = 1; mask < 4; mask *= 2) {
        float other = cam_shuffle_xor(most, mask);
        most = other > most ? other : most;
    }
    return most;
}
CAM_DEVICE void sum_over_row(float sum[2]) {
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int mask = 1; mask < 4; mask *= 2)
            sum[half] += cam_shuffle_xor(sum[half], mask);
}

/* The natural logarithm of the rows' sums of exponentials; `lse` is that of the warp's first row, `real` rows exist. */
CAM_DEVICE void store_lse(float *lse, int32_t heads, int real, const float most[2], const float sum[2]) {
    int g = cam_lane() / 4;
    if (cam_lane() % 4 != 0)
        return;
#pragma unroll
    for (int half = 0; half < 2; half++)
        if (g + 8 * half < real)
            lse[(int64_t)(g + 8 * half) * heads] = most[half] * LN_2 + cam_log(sum[half]);
}

/* --- gradients of a tile ----------------------------------------------------------------------------------------- */

/* Scores and gradients of one tile, keys down -> p after dropout but for the factor, and ds but for the scale.
 * `keys` of the 16 are real. `lse` and `delta` are those of the tile's queries. */
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

/* The same, queries down: -> ds but for the scale, in dp. `keys` of the 16 are real. */
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
