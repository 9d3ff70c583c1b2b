/* optimizer_step.h: the optimizer step over all trained parameters: gradient norm, clipping, AdamW. With several ranks,
 * it sums their losses and requests; with sharded state, it also gathers partial norms and updated weights.
 */
#ifndef CAM_OPTIMIZER_STEP_H
#define CAM_OPTIMIZER_STEP_H

#include "cam/arena.h"
#include "cam/comm.h"
#include "parameters.h"

typedef struct cam_adamw_options {
    double beta1, beta2, eps;
    float max_grad_norm; /* 0: no clipping */
} cam_adamw_options;

/* Reads learning rate and bias corrections from the state; writes its grad_norm, clip_scale and finite, and with
 * several ranks its loss and requests. If loss or norm are not finite on any rank, nothing else changes. Gradients must
 * have been summed over the ranks before (parameter_exchange.h).
 *   arena    for partial sums, released on return; with a counting arena nothing is computed
 *   comm     NULL: one rank
 *   request  this rank's cam_step_request bits, as for step_rank_report; unused if comm is NULL */
CAM_MUST_CHECK cam_status cam_optimizer_step(cam_parameters *params, cam_arena *arena, cam_step_state *state,
                                             const cam_adamw_options *options, cam_comm *comm, const uint32_t *request);

#endif
