/* update.h: what an optimizer step does once its gradients are there: norm, clipping, AdamW, over the trained suffix of
 * the store.
 */
#ifndef CAM_UPDATE_H
#define CAM_UPDATE_H

#include "cam/arena.h"
#include "parameters.h"

typedef struct cam_adamw_options {
    double beta1, beta2, eps;
    float max_grad_norm; /* 0 = no clipping */
} cam_adamw_options;

/* Reads learning rate and bias corrections from the state; writes its grad_norm, clip_scale and finite. Nothing but
 * those changes where loss or norm are not finite. Partial sums come from `arena` and are given back. */
CAM_MUST_CHECK cam_status cam_update(cam_parameters *params, cam_arena *arena, cam_step_state *state,
                                     const cam_adamw_options *options);

#endif
