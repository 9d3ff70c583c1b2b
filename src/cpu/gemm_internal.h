/* gemm_internal.h: the matrix product behind the linear operators.
 *
 * c (=|+=) a b + bias; a and b may have any layout with one contiguous direction. No BLAS library is used, because a
 * library chooses its kernels from a list of known processors, and a processor newer than the library then reaches half
 * its speed. docs/performance.md has the measurements.
 *
 * After Goto, van de Geijn, "Anatomy of high-performance matrix multiplication", 2008: both operands are packed into
 * panels, block by block along k. All threads use one packed copy of a. A thread computes a strip of c: it packs the b
 * of this strip and uses it while it is in the cache.
 *
 * Every element of c is summed in ascending order of k (in blocks of at most CAM_GEMM_DEPTH), whichever thread computes
 * it.
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

/* Workspace bytes for products of at most m rows and depth k, for any n. */
size_t CAM_CPU_NAME(cam_cpu_gemm_workspace)(int64_t m, int64_t k, int threads);
void CAM_CPU_NAME(cam_cpu_gemm)(const cam_gemm *g, void *workspace, int threads);

#endif
