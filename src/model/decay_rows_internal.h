/* decay_rows_internal.h: many weight decays of many values in one pass over memory. */
#ifndef CAM_DECAY_ROWS_INTERNAL_H
#define CAM_DECAY_ROWS_INTERNAL_H

#include <stdint.h>

/* Values of a group, which stay in registers during all updates. */
enum { CAM_DECAY_GROUP = 128 };

/* cam_decay_rows: x[i] = ((x[i] * factors[0]) * factors[1]) * .., each product rounded to f32, as one update after
 * another gives.
 *   x        [count]    in, out  count is a multiple of CAM_DECAY_GROUP
 *   factors  [updates]  in
 * The bits depend neither on `threads` (1 or more) nor on the instruction set. Each value is read and written once. */
void cam_decay_rows(float *x, int64_t count, const float *factors, int64_t updates, int threads);

#endif
