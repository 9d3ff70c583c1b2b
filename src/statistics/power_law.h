/* power_law.h: the learning curve error(n) = a n^-b + c, fitted to errors at growing numbers of rows; c is what no further
 * row removes.
 *
 * Least squares within a >= 0, 0.01 <= b <= 5, 0 <= c <= 1. For each b the best a and c are known exactly, so that only b is
 * searched: on a grid, then by golden section around the best point. Deterministic; equal to scipy.optimize.curve_fit with
 * these bounds where that finds the minimum.
 *
 * Source: Hestness et al. 2017, Deep learning scaling is predictable, empirically (arXiv 1712.00409). */
#ifndef CAM_POWER_LAW_H
#define CAM_POWER_LAW_H

#include "cam/status.h"
#include <stdint.h>

typedef struct cam_power_law {
    double a, b, c;
    double rmse; /* root of the mean squared distance of the points from the curve */
} cam_power_law;

/* rows[count] above 0, three different ones at least; error[count]. weight[count] above 0 is how much a point counts, such as
 * one over its variance; NULL = all the same. CAM_E_USAGE: too few points, or a number that is out of range. */
CAM_MUST_CHECK cam_status cam_power_law_fit(const double *rows, const double *error, const double *weight,
                                            int64_t count, cam_power_law *law);
/* The error that the curve expects at a number of rows. */
double cam_power_law_at(const cam_power_law *law, double rows);

#endif
