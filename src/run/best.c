/* best.c: see best_internal.h. */
#include "best_internal.h"
#include <math.h>

void cam_best_init(cam_best *best, cam_metric metric, int64_t patience, double threshold) {
    *best = (cam_best){.metric = metric, .patience = patience, .threshold = threshold};
}

cam_verdict cam_best_take(cam_best *best, int64_t step, double value) {
    CAM_ASSERT(step > 0);
    cam_verdict verdict = {0, 0};
    double sign = cam_metric_sign(best->metric);
    /* Before the first best any finite number is an unlimited gain; NaN compares false everywhere below. */
    double gain = best->step > 0 ? sign * (value - best->value) : isfinite(value) ? INFINITY : NAN;
    best->waited = best->evaluations++ == 0 || (gain > 0 && gain > best->threshold) ? 0 : best->waited + 1;
    if (gain > 0) {
        verdict.is_best = 1;
        best->gain = gain;
        best->step = step;
        best->value = value;
    }
    verdict.stop = best->patience > 0 && best->waited >= best->patience;
    return verdict;
}
