/* peer_product_none.c: in the place of peer_product_openblas.c where there is no OpenBLAS. */
#include "peer_product.h"
#include <stdio.h>

void peer_product_report(int threads) {
    (void)threads;
    printf("OpenBLAS: not there\n");
}
