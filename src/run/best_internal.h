/* best_internal.h: which evaluation is the best so far, and whether to stop waiting for a better one.
 *
 * The state is plain numbers, saved in a checkpoint and put back whole, so that patience goes on where it was.
 */
#ifndef CAM_BEST_INTERNAL_H
#define CAM_BEST_INTERNAL_H

#include "cam/status.h"
#include "metrics.h"
#include <stdint.h>

typedef struct cam_best {
    cam_metric metric; /* metric_for_best_model */
    int64_t patience;  /* evaluations without a gain before stopping; 0 = never stop */
    double threshold;  /* a gain counts for patience only when larger than this */

    int64_t step; /* of the best evaluation; 0 = none yet */
    double value; /* its metric; meaningful when step > 0 */
    int64_t evaluations;
    int64_t waited; /* evaluations in a row without a gain */
} cam_best;

void cam_best_init(cam_best *best, cam_metric metric, int64_t patience, double threshold);

typedef struct cam_verdict {
    int is_best; /* strictly better than all before: a tie keeps the first, NaN is never best */
    int stop;    /* patience has run out */
} cam_verdict;

/* Takes the evaluation after `step` updates (from 1). As EarlyStoppingCallback does, the gain is measured against the
 * best value before this one, and a gain within the threshold is the new best but still counts as waiting; the first
 * evaluation never waits.
 * Source: transformers trainer_callback.py, trainer.py (_determine_best_metric). */
cam_verdict cam_best_take(cam_best *best, int64_t step, double value);

#endif
