/* matmul_plain.h: what replaces the library's products where it has none; inside the CUDA backend only. Slow: a few
 * products of odd sizes need it, if any.
 */
#ifndef CAM_MATMUL_PLAIN_H
#define CAM_MATMUL_PLAIN_H

#include "matmul.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The call (matmul.h) by one thread an element of c, in f32: k in ascending order, then c, then the bias; rounded once.
 * `stream` is a cudaStream_t. CAM_E_DEVICE. */
CAM_MUST_CHECK cam_status cam_matmul_run_plain(void *stream, const cam_matmul_call *call);

/* Prepares a product without a bias to be added to c: c [m,n] = (c if accumulate) + bias [n] on every row, both of the
 * same dtype. Exact unless it accumulates. `stream` as above. CAM_E_DEVICE. */
CAM_MUST_CHECK cam_status cam_matmul_spread_bias(void *stream, const cam_tensor *c, const cam_tensor *bias,
                                                 int accumulate);

#ifdef __cplusplus
}
#endif
#endif
