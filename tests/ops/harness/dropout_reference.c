/* dropout_reference.c: see dropout_reference.h. The attention tile is derived from the accumulators of m16n8, not from
 * the closed form. */
#include "dropout_reference.h"
#include "harness.h"
#include <stdio.h>
#include <string.h>

void reference_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t x[4];
    memcpy(x, counter, sizeof x);
    for (uint32_t round = 0; round < 10; round++) {
        uint64_t even = (uint64_t)x[0] * 0xD2511F53u, odd = (uint64_t)x[2] * 0xCD9E8D57u;
        uint32_t weyl0 = key[0] + round * 0x9E3779B9u, weyl1 = key[1] + round * 0xBB67AE85u;
        const uint32_t next[4] = {(uint32_t)(odd >> 32) ^ x[1] ^ weyl0, (uint32_t)odd,
                                  (uint32_t)(even >> 32) ^ x[3] ^ weyl1, (uint32_t)even};
        memcpy(x, next, sizeof x);
    }
    memcpy(out, x, sizeof x);
}

static int drops(const dropout_site *m, uint32_t row, uint32_t block, uint32_t lane) {
    const uint32_t counter[4] = {m->step, m->site, row, block};
    const uint32_t key[2] = {(uint32_t)(m->seed & 0xffffffffu), (uint32_t)(m->seed >> 32)};
    uint32_t words[4];
    reference_philox(counter, key, words);
    uint32_t word = words[lane / 2];
    return (lane % 2 ? word >> 16 : word & 0xffffu) < m->threshold;
}

int reference_drops_feature(const dropout_site *m, uint32_t row, uint64_t feature) {
    return drops(m, row, (uint32_t)(feature / 8), (uint32_t)(feature % 8));
}

/* Lane l of a warp holds rows l / 4 and l / 4 + 8, columns 2 (l % 4) and 2 (l % 4) + 1 of a 16 x 8 accumulator:
 * registers 0 and 1 are the upper row, 2 and 3 the lower. A tile of 16 x 16 is two accumulators side by side. */
static void fill_tile(uint8_t place[16][16]) {
    for (uint32_t l = 0; l < 32; l++)
        for (uint32_t j = 0; j < 8; j++) {
            uint32_t accumulator = j / 4, lower = j % 4 / 2, second = j % 2;
            place[l / 4 + 8 * lower][2 * (l % 4) + second + 8 * accumulator] = (uint8_t)(l * 8 + j);
        }
}

int reference_drops_probability(const dropout_site *m, uint32_t row, uint32_t head, uint32_t query, uint32_t key) {
    static uint8_t place[16][16]; /* lane and register of (query, key) */
    static int filled;
    if (!filled)
        fill_tile(place);
    filled = 1;
    const uint32_t tiles_a_side = 64, in_tile = place[query % 16][key % 16];
    uint32_t tile = (head * tiles_a_side + query / 16) * tiles_a_side + key / 16;
    return drops(m, row, tile * 32 + in_tile / 8, in_tile % 8);
}

int run_dropout_self_test(void) {
    /* kat_vectors of Random123, philox4x32 with 10 rounds: counter, key, result. */
    static const uint32_t known[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
         0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
         0x24126ea1},
    };
    int failures = 0;
    for (int i = 0; i < 3; i++) {
        uint32_t got[4];
        reference_philox(known[i], known[i] + 4, got);
        if (memcmp(got, known[i] + 6, sizeof got) != 0) {
            printf("FAIL dropout: published philox4x32-10 vector %d\n", i);
            failures++;
        }
    }
    return failures;
}
