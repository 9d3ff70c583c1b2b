/* peer_product_none.c: replaces peer_product_openblas.c in a build without OpenBLAS. */
#include "peer_product.h"
#include <stdio.h>

void peer_product_report(int threads) {
    (void)threads;
    printf("OpenBLAS: not there\n");
}
