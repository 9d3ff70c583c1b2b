/* peer_product.h: another library's matrix product on this CPU, as a ceiling beside our own. */
#ifndef CAM_BENCH_PEER_PRODUCT_H
#define CAM_BENCH_PEER_PRODUCT_H

/* Prints the peer's rate with so many threads, or that the program was built without one. */
void peer_product_report(int threads);

#endif
