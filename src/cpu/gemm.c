/* gemm.c: packing, the micro-kernel that keeps a tile of c in registers, and the loop over blocks.
 *
 * Invariant: a packed panel is [depth][ROWS] (of a) or [depth][COLUMNS] (of b), with zeros past the matrix's edge. So
 * only the stores have to check for edges.
 */
#include "gemm_internal.h"
#include "vector_internal.h"
#include <omp.h>

#if CAM_VECTOR == 16
enum { ROWS = 8, VECTORS = 3 }; /* 24 accumulators, 3 of b, 1 of a: of 32 registers */
#else
enum { ROWS = 6, VECTORS = 2 }; /* 12 accumulators, 2 of b, 1 of a: of 16 registers */
#endif
enum {
    COLUMNS = VECTORS * CAM_VECTOR,
    BLOCK_ROWS = 1536,          /* of packed a, that one strip of c uses with one packing of b */
    PART_ROWS = 2 * BLOCK_ROWS, /* of a packed at one time */
    PART_DEPTH = 8 * CAM_GEMM_DEPTH,
};

/* Packing reads more rows at once than the hardware prefetcher follows, so each line is prefetched AHEAD floats before
 * its use. */
enum { LINE = 16, AHEAD = 6 * LINE };

/* One panel: to[p * width + l] = from[l * from_l + p * from_p] for l < lanes, 0 for lanes <= l < width. */
CAM_ALWAYS_INLINE void pack_panel(float *restrict to, int width, const float *restrict from, int64_t from_l,
                                  int64_t from_p, int64_t lanes, int64_t depth) {
    if (lanes < width) {
        for (int64_t p = 0; p < depth; p++)
            for (int64_t l = 0; l < width; l++)
                to[p * width + l] = l < lanes ? from[l * from_l + p * from_p] : 0.0f;
        return;
    }
    if (from_l == 1) {
        for (int64_t p = 0; p < depth; p++)
            memcpy(to + p * width, from + p * from_p, (size_t)width * sizeof(float));
        return;
    }
    int64_t whole = width % 8 == 0 ? depth / LINE * LINE : 0;
    for (int64_t p = 0; p < whole; p += LINE)
        for (int64_t l = 0; l < width; l += 8) {
            const float *rows[8];
            for (int i = 0; i < 8; i++) {
                rows[i] = from + (l + i) * from_l + p;
                __builtin_prefetch(rows[i] + AHEAD);
            }
            cam_transpose_8x8(to + p * width + l, width, rows);
            for (int i = 0; i < 8; i++)
                rows[i] += 8;
            cam_transpose_8x8(to + (p + 8) * width + l, width, rows);
        }
    for (int64_t p = whole; p < depth; p++)
        for (int64_t l = 0; l < width; l++)
            to[p * width + l] = from[l * from_l + p * from_p];
}

/* acc += a panel times the first `vectors` vectors of a b panel's columns. */
CAM_ALWAYS_INLINE void multiply(cam_vector acc[ROWS][VECTORS], int vectors, const float *a, const float *b,
                                int64_t depth) {
    for (int64_t p = 0; p < depth; p++) {
        cam_vector bv[VECTORS];
        __builtin_prefetch(a + ROWS * depth); /* the next panel, which may not be in the second-level cache any more */
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            bv[v] = cam_vector_load(b + v * CAM_VECTOR);
#pragma GCC unroll 24
        for (int x = 0; x < ROWS * vectors; x++) /* one loop, not two: clang then keeps acc in registers */
            acc[x / vectors][x % vectors] += a[x / vectors] * bv[x % vectors];
        a += ROWS;
        b += COLUMNS;
    }
}

typedef struct tile {
    float *c;
    int64_t c_i, rows, columns; /* rows and columns of the tile that are inside c */
    const float *bias;          /* at the tile's first column, or NULL */
    int add;                    /* c += */
} tile;

static void store_edge(const tile *t, const float *whole) {
    for (int64_t i = 0; i < t->rows; i++) {
        float *restrict c = t->c + i * t->c_i;
        const float *restrict x = whole + i * COLUMNS, *restrict bias = t->bias;
        if (t->add)
            for (int64_t j = 0; j < t->columns; j++)
                c[j] += x[j];
        else if (bias)
            for (int64_t j = 0; j < t->columns; j++)
                c[j] = x[j] + bias[j];
        else
            memcpy(c, x, (size_t)t->columns * sizeof(float));
    }
}

/* A tile at the edge of the matrix is computed in a full-size buffer on the stack, with no more vectors than needed. */
__attribute__((noinline)) static void compute_edge(const tile *t, const float *a, const float *b, int64_t depth) {
    cam_vector acc[ROWS][VECTORS] = {{{0}}};
    float whole[ROWS * COLUMNS];
    if (t->columns <= CAM_VECTOR)
        multiply(acc, 1, a, b, depth);
    else
        multiply(acc, VECTORS, a, b, depth);
    memcpy(whole, acc, sizeof whole);
    store_edge(t, whole);
}

/* Not inlined, so that the code around the loop takes no registers from it. */
__attribute__((noinline)) static void compute_tile(const tile *t, const float *a, const float *b, int64_t depth) {
    cam_vector acc[ROWS][VECTORS] = {{{0}}};
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < COLUMNS; j += 16)
            __builtin_prefetch(t->c + i * t->c_i + j, 1);
    multiply(acc, VECTORS, a, b, depth);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++) {
            float *c = t->c + i * t->c_i + v * CAM_VECTOR;
            cam_vector x = acc[i][v];
            if (t->add)
                x += cam_vector_load(c);
            else if (t->bias)
                x += cam_vector_load(t->bias + v * CAM_VECTOR);
            cam_vector_store(c, x);
        }
}

/* The part of the product for which a is packed together: rows [i, i + m) and depths [p, p + k). */
typedef struct part {
    int64_t i, m, p, k;
    int64_t depth;  /* of every block along k except the last */
    const float *a; /* block after block along k, each of whole panels */
} part;

/* Rows [begin, end) of the part times one panel of b. The thread packs the panel itself, block by block. */
static void compute_strip(const cam_gemm *g, const part *t, float *b, int64_t begin, int64_t end, int64_t j) {
    tile c = {.c_i = g->c_i, .columns = cam_cpu_min(COLUMNS, g->n - j)};
    int64_t padded = cam_cpu_ceil_div(t->m, ROWS) * ROWS;
    for (int64_t q = 0; q == 0 || q < t->k; q += t->depth) {
        int64_t depth = cam_cpu_min(t->depth, t->k - q);
        const float *a = t->a + q * padded;
        int first = t->p + q == 0;
        c.add = g->accumulate || !first;
        c.bias = g->bias && first ? g->bias + j : NULL;
        pack_panel(b, COLUMNS, g->b + j * g->b_j + (t->p + q) * g->b_p, g->b_j, g->b_p, c.columns, depth);
        for (int64_t i = begin; i < end; i += ROWS) {
            c.c = g->c + (t->i + i) * g->c_i + j;
            c.rows = cam_cpu_min(ROWS, t->m - i);
            if (c.rows == ROWS && c.columns == COLUMNS)
                compute_tile(&c, a + i * depth, b, depth);
            else
                compute_edge(&c, a + i * depth, b, depth);
        }
    }
}

/* Packs panel `panel` of the part, in all its blocks along k. */
static void pack_a(const cam_gemm *g, const part *t, float *a, int64_t panel) {
    int64_t i = panel * ROWS, padded = cam_cpu_ceil_div(t->m, ROWS) * ROWS;
    for (int64_t q = 0; q < t->k; q += t->depth) {
        int64_t depth = cam_cpu_min(t->depth, t->k - q);
        pack_panel(a + q * padded + i * depth, ROWS, g->a + (t->i + i) * g->a_i + (t->p + q) * g->a_p, g->a_i, g->a_p,
                   cam_cpu_min(ROWS, t->m - i), depth);
    }
}

static int64_t packed_a_floats(int64_t m, int64_t k) {
    return cam_cpu_ceil_div(cam_cpu_min(m, PART_ROWS), ROWS) * ROWS * cam_cpu_min(k, PART_DEPTH);
}

size_t CAM_CPU_NAME(cam_cpu_gemm_workspace)(int64_t m, int64_t k, int threads) {
    return 64 + (size_t)(packed_a_floats(m, k) + threads * COLUMNS * CAM_GEMM_DEPTH) * sizeof(float);
}

/* Computes one part with all threads of the team. */
static void compute_part(const cam_gemm *g, const part *t, float *a, float *b) {
    int64_t panels = cam_cpu_ceil_div(t->m, ROWS), strips = cam_cpu_ceil_div(g->n, COLUMNS);
    int64_t blocks = cam_cpu_ceil_div(t->m, BLOCK_ROWS);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < panels; i++)
        pack_a(g, t, a, i);
#pragma omp for schedule(dynamic, 1)
    for (int64_t s = 0; s < blocks * strips; s++) {
        int64_t begin = s / strips * BLOCK_ROWS;
        compute_strip(g, t, b, begin, cam_cpu_min(begin + BLOCK_ROWS, t->m), s % strips * COLUMNS);
    }
}

void CAM_CPU_NAME(cam_cpu_gemm)(const cam_gemm *g, void *workspace, int threads) {
    float *a = (float *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63), *b = a + packed_a_floats(g->m, g->k);
    int64_t depth = g->k > 0 ? cam_cpu_ceil_div(g->k, cam_cpu_ceil_div(g->k, CAM_GEMM_DEPTH)) : 1;
#pragma omp parallel num_threads(threads)
    for (int64_t i = 0; i < g->m; i += PART_ROWS)
        for (int64_t p = 0; p == 0 || p < g->k; p += PART_DEPTH / CAM_GEMM_DEPTH * depth) {
            part t = {.i = i, .p = p, .a = a, .depth = depth};
            t.m = cam_cpu_min(PART_ROWS, g->m - i);
            t.k = cam_cpu_min(PART_DEPTH / CAM_GEMM_DEPTH * depth, g->k - p);
            compute_part(g, &t, a, b + omp_get_thread_num() * COLUMNS * CAM_GEMM_DEPTH);
        }
}
