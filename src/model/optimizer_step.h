/* update.h: what an optimizer step does once its gradients are there: norm, clipping, AdamW, over the trained suffix of
 * the store. Where several ranks train, they exchange here what the norm needs, and what became of their shares.
 */
#ifndef CAM_OPTIMIZER_STEP_H
#define CAM_OPTIMIZER_STEP_H

#include "cam/arena.h"
#include "cam/comm.h"
#include "parameters.h"

typedef struct cam_adamw_options {
    double beta1, beta2, eps;
    float max_grad_norm; /* 0 = no clipping */
} cam_adamw_options;

/* The other ranks: {0} where there are none. */
typedef struct cam_optimizer_comm {
    cam_comm *comm;
    const uint32_t *request; /* as step_rank_report's */
} cam_optimizer_comm;

/* Reads learning rate and bias corrections from the state; writes its grad_norm, clip_scale and finite, and of several
 * ranks loss and requests. Nothing but those changes where loss or norm are not finite, on any rank. Gradients must have
 * been summed over the ranks (exchange.h). Partial sums come from `arena` and are given back. */
CAM_MUST_CHECK cam_status cam_optimizer_step(cam_parameters *params, cam_arena *arena, cam_step_state *state,
                                             const cam_adamw_options *options, const cam_optimizer_comm *peers);

#endif
