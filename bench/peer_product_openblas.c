/* peer_product_openblas.c: large products by OpenBLAS, one independent single-threaded call a thread; the best of five
 * rounds. OpenBLAS chooses its kernels from a list of processors, and may choose slow ones for a new processor. Its
 * choice is printed; OPENBLAS_CORETYPE overrides it.
 */
#include "clock.h"
#include "peer_product.h"
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 1536, ROUNDS = 5 };

void peer_product_report(int threads) {
    size_t count = (size_t)threads * 3 * SIDE * SIDE;
    float *all = malloc(count * sizeof *all);
    double best = 0;
    if (!all)
        return;
    for (size_t i = 0; i < count; i++)
        all[i] = (float)((i * 2654435761u >> 16) & 0xFF) / 256.0f - 0.5f;
    openblas_set_num_threads(1);
    for (int round = 0; round < ROUNDS; round++) {
        double begun = cam_now_s();
#pragma omp parallel for num_threads(threads) schedule(static, 1)
        for (int t = 0; t < threads; t++) {
            float *x = all + (size_t)t * 3 * SIDE * SIDE, *y = x + SIDE * SIDE, *z = y + SIDE * SIDE;
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, SIDE, SIDE, SIDE, 1, x, SIDE, y, SIDE, 0, z, SIDE);
        }
        double rate = 2.0 * threads * SIDE * SIDE * SIDE / (cam_now_s() - begun);
        best = rate > best ? rate : best;
    }
    free(all);
    printf("OpenBLAS (%s): %.1f GFLOP/s\n", openblas_get_corename(), best / 1e9);
}
