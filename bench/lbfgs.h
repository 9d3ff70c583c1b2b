/* lbfgs.h: minimizes a smooth convex function of many variables by L-BFGS.
 */
#ifndef CAM_LBFGS_H
#define CAM_LBFGS_H

#include "cam/status.h"
#include <stddef.h>

/* The function's value at x [n]; its gradient goes to `gradient` [n]. */
typedef double (*lbfgs_function)(const void *context, const double *x, double *gradient);

/* x [n] is the starting point, and the minimum on return. Stops when no component of the gradient is larger than
 * `tolerance`, or when the line search finds no lower point. CAM_E_MEMORY; CAM_E_DIVERGED after `iterations`
 * iterations. Deterministic. Source: Nocedal and Wright 2006, algorithm 7.4, ten pairs, step halved until Armijo's
 * condition holds. */
CAM_MUST_CHECK cam_status lbfgs_minimize(lbfgs_function function, const void *context, double *x, size_t n,
                                         double tolerance, int iterations);

#endif
