/* lanes.cc: what the lanes of a warp do together: shuffles, votes, sums, matrices. execute.cc has checked that the lanes
 * are there, and that each lane of MEMBERS is in its own mask.
 * Source: PTX ISA 9.0, 9.7.9.6 (shfl.sync), 9.7.13 (vote, redux), 9.7.15 (ldmatrix, mma).
 */
#include "warp.h"
#include <ctime>

using namespace ptx;

enum shuffle_mode { BFLY, IDX, UP, DOWN };

/* The lane whose value lane l gets; *inside: the predicate result. */
static unsigned source_lane(int mode, unsigned l, uint32_t b, uint32_t c, bool *inside) {
    unsigned segment = c >> 8 & 31, clamp = c & 31, last = (l & segment) | (clamp & ~segment), first = l & segment;
    int from = mode == BFLY   ? (int)(l ^ (b & 31))
               : mode == UP   ? (int)l - (int)(b & 31)
               : mode == DOWN ? (int)(l + (b & 31))
                              : (int)(first | (b & 31 & ~segment));
    *inside = mode == UP ? from >= (int)last : from <= (int)last;
    return *inside ? (unsigned)from : l;
}

void ptx::shuffle(warp &w, const instruction &i, uint32_t on) {
    const uint32_t *a = w.values<uint32_t>(i.from[0]), *b = w.values<uint32_t>(i.from[1]),
                   *c = w.values<uint32_t>(i.from[2]);
    uint32_t result[WARP] = {}, inside = 0;
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = w.lane = (unsigned)__builtin_ctz(left);
        bool is_inside;
        unsigned from = source_lane(i.mode, l, b[l], c[l], &is_inside);
        if (!(on >> from & 1))
            defect(w, "reads from lane %u, which does not take part", from);
        result[l] = a[from];
        inside |= (uint32_t)is_inside << l;
    }
    put(w, i.to[0], result, on);
    if (i.to[1] != NOWHERE)
        w.predicate(i.to[1]) = (w.predicate(i.to[1]) & ~on) | (inside & on);
}

void ptx::vote(warp &w, const instruction &i, uint32_t on) {
    enum { ALL, ANY, UNI, BALLOT };
    uint32_t p = w.predicate(i.from[0]) & on;
    if (i.mode == BALLOT) {
        uint32_t result[WARP];
        for (uint32_t &r : result)
            r = p;
        put(w, i.to[0], result, on);
        return;
    }
    bool holds = i.mode == ALL ? p == on : i.mode == ANY ? p != 0 : p == on || p == 0;
    uint32_t &to = w.predicate(i.to[0]);
    to = holds ? to | on : to & ~on;
}

static uint32_t combined(int mode, uint32_t a, uint32_t b) {
    enum { ADD, MIN, MAX, AND, OR, XOR, SIGNED = 16 };
    bool is_less = mode & SIGNED ? (int32_t)a < (int32_t)b : a < b;
    switch (mode & ~SIGNED) {
    case ADD:
        return a + b;
    case MIN:
        return is_less ? a : b;
    case MAX:
        return is_less ? b : a;
    case AND:
        return a & b;
    case OR:
        return a | b;
    default:
        return a ^ b;
    }
}

void ptx::reduce(warp &w, const instruction &i, uint32_t on) {
    const uint32_t *a = w.values<uint32_t>(i.from[0]);
    unsigned first = (unsigned)__builtin_ctz(on);
    uint32_t all = a[first], result[WARP];
    for (uint32_t left = on & (on - 1); left; left &= left - 1)
        all = combined(i.mode, all, a[__builtin_ctz(left)]);
    for (uint32_t &r : result)
        r = all;
    put(w, i.to[0], result, on);
}

void ptx::active_mask(warp &w, const instruction &i, uint32_t on) {
    uint32_t result[WARP];
    for (uint32_t &r : result)
        r = on;
    put(w, i.to[0], result, on);
}

/* --- matrices ----------------------------------------------------------------------------------------------------- */

/* Lane l gives the address of row l % 8 of matrix l / 8; fewer than four matrices use the first lanes only. */
void ptx::load_matrix(warp &w, const instruction &i, uint32_t on) {
    uint16_t m[4][8][8];
    for (unsigned l = 0; l < 8u * i.results; l++) {
        w.lane = l;
        uint64_t at = (uint32_t)(address_of(w, i, 0, l) + (uint64_t)i.offset);
        memcpy(m[l / 8][l % 8], shared_at(w, at, 16, access::READ), 16);
    }
    for (int n = 0; n < i.results; n++) {
        uint32_t result[WARP];
        for (unsigned l = 0; l < WARP; l++) {
            unsigned row = l / 4, column = 2 * (l % 4);
            uint32_t low = i.mode ? m[n][column][row] : m[n][row][column];
            uint32_t high = i.mode ? m[n][column + 1][row] : m[n][row][column + 1];
            result[l] = low | high << 16;
        }
        put(w, i.to[n], result, on);
    }
}

static float bf16_half(uint32_t word, int half) {
    uint32_t u = half ? word & 0xffff0000u : word << 16;
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

void ptx::multiply_matrices(warp &w, const instruction &i, uint32_t on) {
    float a[16][16], b[16][8], c[16][8];
    const uint32_t *from[6];
    for (int n = 0; n < 6; n++)
        from[n] = w.values<uint32_t>(i.from[n]);
    for (unsigned l = 0; l < WARP; l++) {
        unsigned row = l / 4, column = 2 * (l % 4);
        for (unsigned half = 0; half < 2; half++) {
            for (unsigned n = 0; n < 4; n++)
                a[row + 8 * (n % 2)][column + 8 * (n / 2) + half] = bf16_half(from[n][l], (int)half);
            for (unsigned n = 0; n < 2; n++)
                b[column + 8 * n + half][row] = bf16_half(from[4 + n][l], (int)half);
        }
        for (unsigned n = 0; n < 4; n++)
            c[row + 8 * (n / 2)][column + n % 2] = w.values<float>(i.from[6 + n])[l];
    }
    for (int row = 0; row < 16; row++)
        multiply_row(c[row], a[row], b);
    for (unsigned n = 0; n < 4; n++) {
        float result[WARP];
        for (unsigned l = 0; l < WARP; l++)
            result[l] = c[l / 4 + 8 * (n / 2)][2 * (l % 4) + n % 2];
        put(w, i.to[n], result, on);
    }
}

/* --- one lane alone ----------------------------------------------------------------------------------------------- */

void ptx::pack(warp &w, const instruction &i, uint32_t on) {
    size_t part = i.element_bytes, whole = bytes_of_register(*w.of->k, i.to[0]);
    unsigned char *to = w.values<unsigned char>(i.to[0]);
    for (uint32_t left = on; left; left &= left - 1) {
        size_t l = (size_t)__builtin_ctz(left);
        for (size_t n = 0; n < i.sources; n++)
            memcpy(to + l * whole + n * part, w.values<unsigned char>(i.from[n]) + l * part, part);
    }
}

void ptx::unpack(warp &w, const instruction &i, uint32_t on) {
    size_t part = i.element_bytes, whole = bytes_of_register(*w.of->k, i.from[0]);
    const unsigned char *from = w.values<unsigned char>(i.from[0]);
    for (uint32_t left = on; left; left &= left - 1) {
        size_t l = (size_t)__builtin_ctz(left);
        for (size_t n = 0; n < i.results; n++)
            if (i.to[n] != NOWHERE)
                memcpy(w.values<unsigned char>(i.to[n]) + l * part, from + l * whole + n * part, part);
    }
}

void ptx::clock_ns(warp &w, const instruction &i, uint32_t on) {
    struct timespec t;
    uint64_t result[WARP];
    clock_gettime(CLOCK_MONOTONIC, &t);
    for (uint64_t &r : result)
        r = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
    put(w, i.to[0], result, on);
}

void ptx::nothing(warp &, const instruction &, uint32_t) {}

void ptx::trap(warp &w, const instruction &, uint32_t on) {
    w.lane = (unsigned)__builtin_ctz(on);
    defect(w, "reached");
}
