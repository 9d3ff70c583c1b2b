/* small_product_internal.h: matrix products of one attention head; packing would cost as much as the product.
 *
 * c[i][j] (=|+=) sum over p of a(i, p) b[p][j]. Rows of b are read in whole vectors, so cam_vector_pad(n) floats of
 * each row must be readable.
 */
#ifndef CAM_SMALL_PRODUCT_INTERNAL_H
#define CAM_SMALL_PRODUCT_INTERNAL_H

#include "vector_internal.h"

typedef struct cam_small_product {
    int64_t m, n, k;
    const float *a; /* element (i, p) at a[i * a_i + p * a_p] */
    int64_t a_i, a_p;
    const float *b; /* element (p, j) at b[p * b_p + j] */
    int64_t b_p;
    float *c; /* element (i, j) at c[i * c_i + j] */
    int64_t c_i;
    int accumulate;
} cam_small_product;

enum { CAM_SMALL_ROWS = 6, CAM_SMALL_VECTORS = 2 };

CAM_ALWAYS_INLINE void cam_small_store(float *c, cam_vector x, int accumulate, int64_t n) {
    if (n >= CAM_VECTOR) {
        cam_vector_store(c, accumulate ? x + cam_vector_load(c) : x);
        return;
    }
    float part[CAM_VECTOR];
    cam_vector_store(part, x);
    for (int64_t j = 0; j < n; j++)
        c[j] = part[j] + (accumulate ? c[j] : 0.0f);
}

CAM_ALWAYS_INLINE void cam_small_tile(const cam_small_product *g, int64_t i0, int64_t j0, int rows, int vectors) {
    cam_vector acc[CAM_SMALL_ROWS][CAM_SMALL_VECTORS] = {{{0}}};
    const float *a = g->a + i0 * g->a_i, *b = g->b + j0;
    for (int64_t p = 0; p < g->k; p++) {
        cam_vector bv[CAM_SMALL_VECTORS];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            bv[v] = cam_vector_load(b + v * CAM_VECTOR);
#pragma GCC unroll 12
        for (int x = 0; x < rows * vectors; x++)
            acc[x / vectors][x % vectors] += a[x / vectors * g->a_i] * bv[x % vectors];
        a += g->a_p;
        b += g->b_p;
    }
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            cam_small_store(g->c + (i0 + i) * g->c_i + j0 + v * CAM_VECTOR, acc[i][v], g->accumulate,
                            g->n - j0 - v * CAM_VECTOR);
}

CAM_ALWAYS_INLINE void cam_small_rows(const cam_small_product *g, int64_t i, int rows) {
    int64_t j = 0;
    for (; j + CAM_VECTOR < g->n; j += 2 * CAM_VECTOR)
        cam_small_tile(g, i, j, rows, 2);
    if (j < g->n)
        cam_small_tile(g, i, j, rows, 1);
}

static inline void cam_small_multiply(const cam_small_product *g) {
    int64_t i = 0;
    for (; i + 6 <= g->m; i += 6)
        cam_small_rows(g, i, 6);
    switch (g->m - i) {
    case 5:
        cam_small_rows(g, i, 5);
        break;
    case 4:
        cam_small_rows(g, i, 4);
        break;
    case 3:
        cam_small_rows(g, i, 3);
        break;
    case 2:
        cam_small_rows(g, i, 2);
        break;
    case 1:
        cam_small_rows(g, i, 1);
        break;
    default:
        break;
    }
}

#endif
