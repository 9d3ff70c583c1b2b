/* interval.h: a figure with its interval of confidence, and how an interval is read off resampled values.
 *
 * Source: Efron, Tibshirani 1993, An introduction to the bootstrap, chapter 13 (the percentile interval). */
#ifndef CAM_INTERVAL_H
#define CAM_INTERVAL_H

#include <stdint.h>

typedef struct cam_interval {
    double value, low, high;
} cam_interval;

/* numpy.quantile(values, q): sorted ascending, linear between neighbours. 0 <= q <= 1; NaN where count is 0. */
double cam_quantile(const double *sorted, int64_t count, double q);
/* The percentile interval of values[count], which are sorted in place: its ends are the quantiles (1 - confidence) / 2 and
 * (1 + confidence) / 2. Without values, or with a NaN among them, both ends are NaN. */
cam_interval cam_interval_of(double value, double *values, int64_t count, double confidence);

#endif
