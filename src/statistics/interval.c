/* interval.c: see interval.h. */
#include "interval.h"
#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cam_quantile(const double *sorted, int64_t count, double q) {
    if (count < 1)
        return NAN;
    double at = q * (double)(count - 1), below = floor(at), part = at - below;
    int64_t i = (int64_t)below;
    if (i >= count - 1)
        return sorted[count - 1];
    double step = sorted[i + 1] - sorted[i];
    return part < 0.5 ? sorted[i] + step * part : sorted[i + 1] - step * (1 - part); /* as numpy rounds */
}

cam_interval cam_interval_of(double value, double *values, int64_t count, double confidence) {
    for (int64_t i = 0; i < count; i++)
        if (isnan(values[i]))
            return (cam_interval){value, NAN, NAN};
    if (count > 0)
        qsort(values, (size_t)count, sizeof *values, ascending);
    return (cam_interval){value, cam_quantile(values, count, (1 - confidence) / 2),
                          cam_quantile(values, count, (1 + confidence) / 2)};
}
