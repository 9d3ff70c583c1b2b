/* best_internal.h: the best evaluation so far, and early stopping.
 *
 * The state is plain numbers, so a copy of it continues where the original was.
 */
#ifndef CAM_BEST_INTERNAL_H
#define CAM_BEST_INTERNAL_H

#include "cam/status.h"
#include "metrics.h"
#include <stdint.h>

typedef struct cam_best {
    cam_metric metric; /* metric_for_best_model */
    int64_t patience;  /* evaluations in a row without a gain before stopping; 0: never stop */
    double threshold;  /* a gain resets `waited` only if larger than this */

    int64_t step; /* of the best evaluation; 0: none yet */
    double value; /* its metric, if step > 0 */
    double gain;  /* of the best evaluation over the best one before it; infinite for the first, 0 without one */
    int64_t evaluations;
    int64_t waited; /* evaluations in a row without a gain */
} cam_best;

void cam_best_init(cam_best *best, cam_metric metric, int64_t patience, double threshold);

typedef struct cam_verdict {
    int is_best; /* strictly better than all before; NaN is never best */
    int stop;    /* patience is exhausted */
} cam_verdict;

/* Records the evaluation after `step` updates (from 1). As in EarlyStoppingCallback, the gain is relative to the best
 * value so far; a gain within the threshold makes a new best value but still counts as an evaluation without a gain.
 * The first evaluation always counts as a gain.
 * Source: transformers trainer_callback.py, trainer.py (_determine_best_metric). */
cam_verdict cam_best_take(cam_best *best, int64_t step, double value);

#endif
