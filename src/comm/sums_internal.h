/* sums_internal.h: sums the ranks' terms of a shard in rank order. */
#ifndef CAM_SUMS_INTERNAL_H
#define CAM_SUMS_INTERNAL_H

#include "cam/tensor.h"

/* out[i] = ((terms[0][i] + terms[1][i]) + terms[2][i]) + ... f32 and f64 accumulate in their own type, bf16 in f32 with
 * one rounding to nearest even. `out` may be one of the terms. */
void cam_sum_terms(cam_dtype dtype, void *out, const void *const *terms, int count, int64_t elements);

#endif
