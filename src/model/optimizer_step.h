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

/* Memory for the sums of squares of all trained chunks. */
cam_tensor cam_optimizer_squares(const cam_parameters *params, cam_arena *arena);
/* Computes those of one trained depth, whose gradients are complete. With one rank only: the norm of several is that of
 * the summed gradients. */
CAM_MUST_CHECK cam_status cam_optimizer_sum_squares(const cam_parameters *params, cam_tensor squares, int depth);

/* Writes the state's grad_norm, clip_scale and finite, and with several ranks its loss and requests. Gradients must have
 * been summed over the ranks before (parameter_exchange.h).
 *   arena    for partial sums, released on return; with a counting arena nothing is computed
 *   squares  those of all depths, computed before; CAM_NONE: they are computed here
 *   comm     NULL: one rank
 *   request  this rank's cam_step_request bits, as for step_rank_report; unused if comm is NULL */
CAM_MUST_CHECK cam_status cam_optimizer_norm(cam_parameters *params, cam_arena *arena, cam_tensor squares,
                                             cam_step_state *state, const cam_adamw_options *options, cam_comm *comm,
                                             const uint32_t *request);

/* AdamW. Reads learning rate, bias corrections, clip_scale and finite from the state, and changes nothing if loss or norm
 * were not finite on any rank. */
CAM_MUST_CHECK cam_status cam_optimizer_update(const cam_parameters *params, const cam_step_state *state,
                                               const cam_adamw_options *options, cam_comm *comm);
/* The part of one trained depth, without sharded state. All depths are the same as cam_optimizer_update. With several
 * ranks it is a whole bucket if this is its lowest depth, else nothing. So with the depths in ascending order, each has
 * its new weights after its call. */
CAM_MUST_CHECK cam_status cam_optimizer_update_depth(const cam_parameters *params, const cam_step_state *state,
                                                     const cam_adamw_options *options, int depth);

#endif
