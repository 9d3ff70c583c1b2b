/* exchange.h: what ranks exchange of the parameter store. Nothing here waits for its end: cam_comm_join does.
 */
#ifndef CAM_PARAMETER_EXCHANGE_H
#define CAM_PARAMETER_EXCHANGE_H

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

/* Bytes that each of N ranks must send for a step at the very least: (N - 1) / N of the trained parameters' gradients,
 * gaps not counted, and as much again of the sums, or where state is sharded of the weights.
 * Source: Patarasuk, Yuan 2009, theorem 1. */
double cam_exchange_least_bytes(const cam_parameters *params);

#endif
