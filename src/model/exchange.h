/* exchange.h: what ranks exchange of the parameter store. Nothing here waits for its end: cam_comm_join does.
 */
#ifndef CAM_EXCHANGE_H
#define CAM_EXCHANGE_H

#include "cam/comm.h"
#include "parameters.h"

/* Starts summing the bucket that is complete with `depth`'s gradients, where there is one: all of it, or where state is
 * sharded this rank's share. */
CAM_MUST_CHECK cam_status cam_exchange_gradients(const cam_parameters *params, cam_comm *comm, int depth);
/* Starts sending this rank's share of a bucket's weights to all. */
CAM_MUST_CHECK cam_status cam_exchange_weights(const cam_parameters *params, cam_comm *comm, const cam_bucket *bucket);
/* Starts sending the low halves of this rank's shares to all: what a save needs where state is sharded. */
CAM_MUST_CHECK cam_status cam_exchange_low_halves(const cam_parameters *params, cam_comm *comm);
/* Starts sending rank 0's weights, masters included, to all. */
CAM_MUST_CHECK cam_status cam_exchange_from_first(const cam_parameters *params, cam_comm *comm);

#endif
