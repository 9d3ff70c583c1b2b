/* held.h: what a save needs of the loaded values and the device does not keep. It is held in host memory from the load
 * on, so that a save reads no file but the one that it writes:
 *   - word rows that no text of the run uses (parameters.h, "Used vocabulary"). They follow the recorded updates some
 *     at a time, so that a save waits for the last few only;
 *   - the lower halves of weights that the device keeps rounded to bf16: those of frozen layers.
 * Only a rank that loads and saves holds them. */
#ifndef CAM_HELD_H
#define CAM_HELD_H

#include "parameters.h"

/* Updates that the rows follow in one pass. */
enum { CAM_HELD_PASS_UPDATES = 32 };

/* Host memory of all that is held: known from the layout on. */
size_t cam_held_bytes(const cam_parameters *params);
/* Allocates it where it is not there yet. CAM_E_MEMORY. The caller fills it; cam_parameters_release frees it. */
CAM_MUST_CHECK cam_status cam_held_allocate(cam_parameters *params);

/* The r-th left-out row, [H]. */
float *cam_held_row(const cam_parameters *params, int64_t r);
/* The lower halves of a weight, row after row; NULL where the device has them, too, or nothing is held. */
uint16_t *cam_held_low(const cam_parameters *params, int index);
/* The rows have been filled with values that include all updates recorded so far. */
void cam_held_begin(cam_parameters *params);

/* Lets the rows follow the recorded updates once CAM_HELD_PASS_UPDATES of them are due. */
void cam_held_follow(cam_parameters *params);
/* Lets them follow all. */
void cam_held_catch_up(cam_parameters *params);

#endif
