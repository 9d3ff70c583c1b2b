/* pairwise.h: numpy's sum over adjacent doubles, to the last bit: eight partial sums, and halves above 128 numbers. For what
 * has to decide as numpy does where values are equal but for rounding.
 *
 * Source: numpy 2.4 _core/src/umath/loops_utils.h.src, pairwise_sum. */
#ifndef CAM_PAIRWISE_H
#define CAM_PAIRWISE_H

#include <stddef.h>

double cam_pairwise_sum(const double *values, size_t count);

#endif
