/* outlook.h: what can be told of a run from its plan alone: that it will learn nothing, or little.
 */
#ifndef CAM_OUTLOOK_H
#define CAM_OUTLOOK_H

#include "config.h"
#include "fit.h"

enum {
    CAM_OUTLOOK_FEW_STEPS = 20, /* fewer steps hardly move a model from where it began */
    CAM_RATE_DIGITS = 2,        /* of a rate in a message */
    CAM_OUTLOOK_RATE_FACTOR = 8 /* a rate this many times below or above the fitting one; below it the shipped examples
                                 * lose half of their score, above it the encoder forgets what it knew */
};

/* What the outlook is made of. */
typedef struct cam_outlook {
    const cam_config *config;
    int64_t rows, labels; /* training rows, above 0 */
    int64_t hidden;       /* of the model; 0: not known */
    int ranks;
} cam_outlook;

/* CAM_E_USAGE where the run has no step, or no step with a rate above 0. Otherwise appends a warning for each of: a peak
 * rate that is never reached, very few steps, a frozen part with random weights, a rate far from the fitting one. Each
 * names settings that cure it. */
CAM_MUST_CHECK cam_status cam_outlook_check(const cam_outlook *outlook, cam_strbuf *warnings);

/* The epochs and the rate that fit the run's rows and model, for the whole encoder or for the head alone. */
cam_fit cam_outlook_fit(const cam_outlook *outlook, int frozen);

#endif
