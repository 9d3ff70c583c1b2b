/* peer_product.h: measures another library's matrix product on this CPU, for comparison with our own. */
#ifndef CAM_BENCH_PEER_PRODUCT_H
#define CAM_BENCH_PEER_PRODUCT_H

/* Prints the library's rate with that many threads, or that the program was built without it. */
void peer_product_report(int threads);

#endif
