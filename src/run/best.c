/* best.c: see best_internal.h. */
#include "best_internal.h"
#include <math.h>

double cam_best_metric_value(cam_best_metric metric, const cam_scores *scores) {
    switch (metric) {
    case CAM_BEST_F1_MACRO:
        return scores->f1_macro;
    case CAM_BEST_F1_MICRO:
        return scores->f1_micro;
    case CAM_BEST_F1_WEIGHTED:
        return scores->f1_weighted;
    case CAM_BEST_ACCURACY:
        return scores->accuracy;
    case CAM_BEST_LOSS:
        return scores->loss;
    }
    CAM_BUG("no metric %d", (int)metric);
}

void cam_best_init(cam_best *best, cam_best_metric metric, int64_t patience, double threshold) {
    *best = (cam_best){.metric = metric, .patience = patience, .threshold = threshold};
}

cam_verdict cam_best_take(cam_best *best, int64_t step, double value) {
    CAM_ASSERT(step > 0);
    cam_verdict verdict = {0, 0};
    double sign = best->metric == CAM_BEST_LOSS ? -1 : 1;
    /* Before the first best any finite number is an unlimited gain; NaN compares false everywhere below. */
    double gain = best->step > 0 ? sign * (value - best->value) : isfinite(value) ? INFINITY : NAN;
    best->waited = best->evaluations++ == 0 || (gain > 0 && gain > best->threshold) ? 0 : best->waited + 1;
    if (gain > 0) {
        verdict.is_best = 1;
        best->step = step;
        best->value = value;
    }
    verdict.stop = best->patience > 0 && best->waited >= best->patience;
    return verdict;
}
