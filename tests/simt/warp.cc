/* warp.cc: warp operations (shuffles, ldmatrix, mma), and cp.async, which is an operation of one thread.
 *
 * The last lane to arrive computes for all: `in` has every lane's operands, `out` its results. A lane that is already
 * at the next operation changes `in` only, so `out` is valid until all lanes have read it. Source: PTX ISA 9.0, 9.7.14
 * (fragment layouts), 9.7.9.25 (cp.async).
 */
#include "machine.h"
#include <cstring>

void simt_sync_warp(SIMT_PARAMS) {
    if (!simt_arrive(SIMT_SYNC_WARP, simt_lane(), SIMT_AT))
        return;
    if (simt_watcher)
        simt_watcher->warp_passes(simt_now.thread / SIMT_WARP);
    simt_release_warp();
}

static int source_lane(simt_op op, int own, int selector) {
    int lane = op == SIMT_SHUFFLE ? selector : op == SIMT_SHUFFLE_XOR ? own ^ selector : own + selector;
    return op == SIMT_SHUFFLE_DOWN && lane >= SIMT_WARP ? own : lane & (SIMT_WARP - 1);
}

uint64_t simt_shuffle(simt_op op, uint64_t bits, int lane, SIMT_PARAMS) {
    simt_lane mine;
    mine.bits = bits;
    mine.selector = lane;
    if (op != SIMT_SHUFFLE && (lane < 0 || lane >= SIMT_WARP))
        simt_die(file, line, "shuffle by %d lanes", lane);
    if (simt_arrive(op, mine, SIMT_AT)) {
        simt_warp &w = simt_my_warp();
        for (int l = 0; l < SIMT_WARP; l++)
            w.out[l].bits = w.in[source_lane(op, l, w.in[l].selector)].bits;
        simt_release_warp();
    }
    return simt_taken().bits;
}

/* --- tensor cores ------------------------------------------------------------------------------------------------- */

static uint16_t half_of(const simt_lane &lane, int element) {
    return (uint16_t)(lane.row[element / 2] >> 16 * (element % 2));
}

/* Row r of tile i comes from lane 8 i + r. */
static void spread_tiles(simt_warp &w, bool transposed) {
    for (int l = 0; l < SIMT_WARP; l++)
        for (int tile = 0; tile < 4; tile++) {
            int row = l / 4, column = 2 * (l % 4);
            const simt_lane *tile_rows = &w.in[8 * tile];
            uint32_t low = transposed ? half_of(tile_rows[column], row) : half_of(tile_rows[row], column);
            uint32_t high = transposed ? half_of(tile_rows[column + 1], row) : half_of(tile_rows[row], column + 1);
            w.out[l].row[tile] = low | high << 16;
        }
}

void simt_ldmatrix(simt_op op, uint32_t r[4], const void *row, SIMT_PARAMS) {
    simt_lane mine;
    simt_check_aligned(row, 16, "ldmatrix row", SIMT_AT);
    if (!simt_is_shared(row, 16))
        simt_die(file, line, "ldmatrix row at %p, outside of shared memory (%p, %zu bytes)", row,
                 (void *)simt_shared_memory, simt_now.launch->shared_bytes);
    simt_accessed(row, 16, false);
    memcpy(mine.row, row, 16);
    if (simt_arrive(op, mine, SIMT_AT)) {
        spread_tiles(simt_my_warp(), op == SIMT_LDMATRIX_T);
        simt_release_warp();
    }
    memcpy(r, simt_taken().row, 16);
}

static float bf16_of(uint32_t word, int high) {
    uint32_t bits = high ? word & 0xffff0000u : word << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* d[16][8] += a[16][16] b[16][8], sums over k in ascending order. */
static void multiply(simt_warp &w) {
    float a[16][16], b[16][8], d[16][8];
    for (int l = 0; l < SIMT_WARP; l++) {
        int g = l / 4, t = 2 * (l % 4);
        for (int i = 0; i < 2; i++) {
            a[g][t + i] = bf16_of(w.in[l].a[0], i);
            a[g + 8][t + i] = bf16_of(w.in[l].a[1], i);
            a[g][t + 8 + i] = bf16_of(w.in[l].a[2], i);
            a[g + 8][t + 8 + i] = bf16_of(w.in[l].a[3], i);
            b[t + i][g] = bf16_of(w.in[l].b[0], i);
            b[t + 8 + i][g] = bf16_of(w.in[l].b[1], i);
            d[g][t + i] = w.in[l].d[i];
            d[g + 8][t + i] = w.in[l].d[2 + i];
        }
    }
    for (int m = 0; m < 16; m++)
        for (int k = 0; k < 16; k++)
            for (int n = 0; n < 8; n++)
                d[m][n] += a[m][k] * b[k][n];
    for (int l = 0; l < SIMT_WARP; l++) {
        int g = l / 4, t = 2 * (l % 4);
        for (int i = 0; i < 2; i++) {
            w.out[l].d[i] = d[g][t + i];
            w.out[l].d[2 + i] = d[g + 8][t + i];
        }
    }
}

void simt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2], SIMT_PARAMS) {
    simt_lane mine;
    memcpy(mine.a, a, sizeof mine.a);
    memcpy(mine.b, b, sizeof mine.b);
    memcpy(mine.d, d, sizeof mine.d);
    if (simt_arrive(SIMT_MMA, mine, SIMT_AT)) {
        multiply(simt_my_warp());
        simt_release_warp();
    }
    memcpy(d, simt_taken().d, 4 * sizeof *d);
}

/* --- asynchronous copies ------------------------------------------------------------------------------------------ */

void simt_copy_async(void *shared, const void *global, SIMT_PARAMS) {
    simt_copies &mine = simt_now.copies[simt_now.thread];
    simt_pending_copy copy;
    copy.to = static_cast<unsigned char *>(shared);
    copy.group = mine.groups;
    simt_check_aligned(shared, 16, "cp.async destination", SIMT_AT);
    if (!simt_is_shared(shared, 16))
        simt_die(file, line, "cp.async to %p, outside of shared memory (%p, %zu bytes)", shared,
                 (void *)simt_shared_memory, simt_now.launch->shared_bytes);
    if (global) {
        simt_accessed(global, 16, false);
        memcpy(copy.bytes, global, 16);
    } else
        memset(copy.bytes, 0, 16);
    simt_accessed(shared, 16, true);
    memset(shared, 0xff, 16);
    mine.pending.push_back(copy);
}

void simt_copy_commit(void) {
    simt_now.copies[simt_now.thread].groups++;
}

void simt_copy_wait(int open_groups) {
    simt_copies &mine = simt_now.copies[simt_now.thread];
    size_t landed = 0;
    while (landed < mine.pending.size() && mine.groups > mine.pending[landed].group + (uint32_t)open_groups) {
        const simt_pending_copy &copy = mine.pending[landed++];
        simt_accessed(copy.to, 16, true);
        memcpy(copy.to, copy.bytes, 16);
    }
    mine.pending.erase(mine.pending.begin(), mine.pending.begin() + (std::ptrdiff_t)landed);
}
