/* philox.h: the random generator and its counter layout: which call site uses which Philox stream. A binary interface:
 * any change here changes every trained weight.
 *
 * Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * There is no generator state. key = the run's seed; counter = (step, site, row, block):
 *   step   optimizer step, from 0 (for shuffling and masking: the epoch; for fresh weights: 0)
 *   site   the call site: cam_site
 *   row    row id in the data set, never a position in a packed batch
 *   block  index of a group of eight decisions of that row
 *
 * Decisions. A call gives four 32-bit words, read as eight 16-bit lanes: lane j is the low half (j even) or the high
 * half (j odd) of word j / 2. A probability p becomes n = round(65536 p). An element is dropped if its lane is below n;
 * a kept element is multiplied by 65536 / (65536 - n).
 *
 * Rows of features (embedding, residual, head): element h of the token at index i of its sequence is decision
 * i * H + h of its data row: block (i * H + h) / 8, lane (i * H + h) % 8. H is a multiple of 8.
 *
 * Attention probabilities: a tile of head a is 16 queries x 16 keys and takes 32 calls. Call l belongs to lane l of a
 * warp that holds the tile as two m16n8 accumulators; its eight decisions are that lane's eight accumulator elements in
 * register order:
 *   block(a, q, k) = ((a * 64 + q / 16) * 64 + k / 16) * 32 + l      q and k below 1,024
 *   block(a, q, k) = block(a, q % 1024, k % 1024) + (q / 1024 * 8 + k / 1024) * 2^26      below 8,192, up to 512 heads
 *   l(q, k)        = (q % 8) * 4 + (k % 8) / 2
 *   lane(q, k)     = (k / 8 % 2) * 4 + (q / 8 % 2) * 2 + k % 2
 * A kernel may hold the tile transposed, one row a key and one column a query. Register j' of lane l' then holds the
 * element k = l' / 4 + 8 * (j' / 2 % 2), q = 8 * (j' / 4) + 2 * (l' % 4) + j' % 2. Its decision is still lane(q, k) of
 * call l(q, k), as cam_attention_call and cam_attention_lane below give it.
 */
#ifndef CAM_PHILOX_H
#define CAM_PHILOX_H

#include "cam/host_device.h"
#include <stdint.h>

/* Sites. Layer i of the encoder adds 4 * i to the three layer sites. */
enum cam_site {
    CAM_SITE_EMBEDDING = 0,
    CAM_SITE_ATTENTION = 1,        /* + 4 * layer: attention probabilities */
    CAM_SITE_ATTENTION_OUTPUT = 2, /* + 4 * layer: before the first residual sum */
    CAM_SITE_FFN_OUTPUT = 3,       /* + 4 * layer: before the second residual sum */
    CAM_SITE_HEAD_INPUT = 0x10000,
    CAM_SITE_HEAD_OUTPUT = 0x10001, /* after tanh */
    CAM_SITE_SHUFFLE = 0x20000,     /* block: index in the permutation */
    CAM_SITE_MASKING = 0x30000,     /* cam/masking.h: which words are chosen */
    CAM_SITE_REPLACEMENT = 0x30001, /* cam/masking.h: what becomes of a token */
    CAM_SITE_INIT = 0x40000         /* + tensor index; block: four values; statistics/bootstrap.h has 0x50000 */
};

typedef struct cam_philox_words {
    uint32_t w[4];
} cam_philox_words;

/* Both halves of a b. A GPU has one instruction for them; the vector units of a CPU are faster with two products. */
static inline CAM_HOST_DEVICE void cam_multiply_u32(uint32_t a, uint32_t b, uint32_t *high, uint32_t *low) {
    uint64_t both = (uint64_t)a * b;
    *high = (uint32_t)(both >> 32);
#ifdef __CUDACC__
    *low = (uint32_t)both;
#else
    *low = a * b;
#endif
}

/* One of the ten rounds. Calls with one key share the keys of their rounds. */
enum { CAM_PHILOX_ROUNDS = 10 };
static inline CAM_HOST_DEVICE cam_philox_words cam_philox_round(cam_philox_words c, uint32_t k0, uint32_t k1) {
    uint32_t even_high, even_low, odd_high, odd_low;
    cam_multiply_u32(0xD2511F53u, c.w[0], &even_high, &even_low);
    cam_multiply_u32(0xCD9E8D57u, c.w[2], &odd_high, &odd_low);
    cam_philox_words r = {{odd_high ^ c.w[1] ^ k0, odd_low, even_high ^ c.w[3] ^ k1, even_low}};
    return r;
}
static inline CAM_HOST_DEVICE void cam_philox_next_key(uint32_t *k0, uint32_t *k1) {
    *k0 += 0x9E3779B9u;
    *k1 += 0xBB67AE85u;
}

static inline CAM_HOST_DEVICE cam_philox_words cam_philox(uint64_t seed, uint32_t step, uint32_t site, uint32_t row,
                                                          uint32_t block) {
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    cam_philox_words r = {{step, site, row, block}};
    for (int round = 0; round < CAM_PHILOX_ROUNDS; round++) {
        r = cam_philox_round(r, k0, k1);
        cam_philox_next_key(&k0, &k1);
    }
    return r;
}

/* The 16-bit lane j (0..7) of a call. Selects instead of indexing, so that the words stay in registers. */
static inline CAM_HOST_DEVICE uint32_t cam_philox_lane(cam_philox_words r, uint32_t j) {
    uint32_t low = j & 2 ? r.w[1] : r.w[0], high = j & 2 ? r.w[3] : r.w[2];
    return ((j & 4 ? high : low) >> (16 * (j & 1))) & 0xFFFFu;
}

/* n of p in [0, 1), and the factor of a kept element. */
static inline uint32_t cam_dropout_threshold(double p) {
    return (uint32_t)(p * 65536.0 + 0.5);
}
static inline CAM_HOST_DEVICE float cam_dropout_scale(uint32_t n) {
    return 65536.0f / (float)(65536u - n);
}

/* The call (block) and the lane that decide (query q, key k) of head a. q and k are indices in the sequence, below
 * 1,024. */
static inline CAM_HOST_DEVICE uint32_t cam_attention_call(uint32_t a, uint32_t q, uint32_t k) {
    return ((a * 64u + q / 16u) * 64u + k / 16u) * 32u + (q % 8u) * 4u + (k % 8u) / 2u;
}
/* The same for q and k below 8,192. */
static inline CAM_HOST_DEVICE uint32_t cam_attention_far_call(uint32_t a, uint32_t q, uint32_t k) {
    return cam_attention_call(a, q % 1024u, k % 1024u) + ((q / 1024u * 8u + k / 1024u) << 26);
}
static inline CAM_HOST_DEVICE uint32_t cam_attention_lane(uint32_t q, uint32_t k) {
    return (k / 8u % 2u) * 4u + (q / 8u % 2u) * 2u + k % 2u;
}

#endif
