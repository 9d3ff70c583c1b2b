/* trainer_state.h: the state of a trainer between two steps, as pieces of bytes (parameter_state.h) and a few counters.
 * Put into a freshly opened trainer of the same options, it continues: all later steps, reports and saved files have the
 * bits of a run that was never interrupted. The caller keeps pieces and counters.
 *
 * On another number of ranks, or with other sharding, the state is the same to the bit, and the training goes on with
 * the rounding of that number of ranks.
 */
#ifndef CAM_TRAINER_STATE_H
#define CAM_TRAINER_STATE_H

#include "parameter_state.h"
#include "trainer.h"

/* All else that a trainer needs to continue. The order of the rows, rates and dropout masks are functions of the step,
 * and bias corrections are functions of the updates. */
typedef struct cam_trainer_counters {
    int64_t steps;           /* completed, those included whose update was skipped */
    int64_t updates_applied; /* of these, updates that were applied */
    int64_t ranks;           /* of what made the state, for messages: a put reads it in layout.bin */
    int64_t sharded, bf16;   /* the same; 0 or 1 */
} cam_trainer_counters;

typedef struct cam_trainer_state {
    cam_trainer *trainer;
    cam_parameter_state parameters;
    cam_trainer_counters counters; /* of the last take */
} cam_trainer_state;

/* Allocates the host memory of this rank's pieces (cam_memory_need, snapshot). All ranks call it together. CAM_E_MEMORY,
 * with the size. After a failure there is nothing to close. Close it before the trainer. */
CAM_MUST_CHECK cam_status cam_trainer_state_open(cam_trainer_state *state, cam_trainer *trainer);
void cam_trainer_state_close(cam_trainer_state *state);
/* Copies the state from the device; a later call replaces it. All ranks call it together, after the same step, with no
 * step in flight. Nothing is allocated. */
CAM_MUST_CHECK cam_status cam_trainer_state_take(cam_trainer_state *state);
/* This rank's pieces. Their addresses stay, and their bytes until the next take. */
const cam_state_piece *cam_trainer_state_pieces(const cam_trainer_state *state, int *count);

/* Puts a state into a trainer that has made no step yet. All ranks call it together, with the same counters. Rank 0
 * reads the weights, decay.bin and layout.bin, and the other ranks receive them from it. Low halves and moments too,
 * unless the trainer's state is sharded: then each rank reads its own, from the pieces that have them. CAM_E_MODEL where
 * a piece is missing, has a wrong size, or belongs to another run. After a failure the trainer can only be closed. */
CAM_MUST_CHECK cam_status cam_trainer_state_put(cam_trainer *trainer, const cam_trainer_counters *counters,
                                                const cam_state_source *source);

#endif
