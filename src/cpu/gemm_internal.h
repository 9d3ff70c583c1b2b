/* gemm_internal.h: the matrix product behind the linear operators.
 *
 * c (=|+=) a b + bias, of any layout of a and b that has one contiguous direction. Written here and not taken from a
 * library because libraries choose their kernels by a list of known processors: one that is newer than the library gets
 * half its speed. docs/performance.md has the measurements.
 *
 * After Goto, van de Geijn, "Anatomy of high-performance matrix multiplication", 2008: both operands are packed into
 * panels block by block along k. All threads share the packed a; a thread takes a strip of c, packs b for it and uses
 * it while it is hot.
 *
 * Every element of c is summed in ascending order of k (in blocks of at most CAM_GEMM_DEPTH), whoever computes it.
 */
#ifndef CAM_GEMM_INTERNAL_H
#define CAM_GEMM_INTERNAL_H

#include "cpu_internal.h"

enum { CAM_GEMM_DEPTH = 384 };

typedef struct cam_gemm {
    int64_t m, n, k;
    const float *a; /* element (i, p) at a[i * a_i + p * a_p]; a_i or a_p is 1 */
    int64_t a_i, a_p;
    const float *b; /* element (p, j) at b[p * b_p + j * b_j]; b_p or b_j is 1 */
    int64_t b_p, b_j;
    float *c; /* element (i, j) at c[i * c_i + j] */
    int64_t c_i;
    const float *bias; /* [n], added to every row; NULL: none. Only without accumulate */
    int accumulate;    /* c += */
} cam_gemm;

/* Bytes for products of at most m rows and depth k; any n. */
size_t CAM_CPU_NAME(cam_cpu_gemm_workspace)(int64_t m, int64_t k, int threads);
void CAM_CPU_NAME(cam_cpu_gemm)(const cam_gemm *g, void *workspace, int threads);

#endif
