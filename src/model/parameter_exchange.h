/* parameter_exchange.h: the collectives on parameters. Each call only starts one; cam_comm_join waits for it.
 */
#ifndef CAM_PARAMETER_EXCHANGE_H
#define CAM_PARAMETER_EXCHANGE_H

#include "cam/comm.h"
#include "parameters.h"

/* If the gradients of `depth` complete a bucket: its all-reduce, or with sharded state its reduce-scatter. */
CAM_MUST_CHECK cam_status cam_exchange_gradients(const cam_parameters *params, cam_comm *comm, int depth);
/* All-gather of a bucket's weights, of which each rank has updated its shard. */
CAM_MUST_CHECK cam_status cam_exchange_weights(const cam_parameters *params, cam_comm *comm, const cam_bucket *bucket);
/* All-gather of the low halves of all buckets. A save needs it with sharded state, where each rank updates the low
 * halves of its shard only. */
CAM_MUST_CHECK cam_status cam_exchange_low_halves(const cam_parameters *params, cam_comm *comm);
/* Broadcast of rank 0's weights, low halves included. */
CAM_MUST_CHECK cam_status cam_exchange_broadcast(const cam_parameters *params, cam_comm *comm);

/* Broadcast of rank 0's moments; not with sharded state, where each rank has its own. */
CAM_MUST_CHECK cam_status cam_exchange_broadcast_moments(const cam_parameters *params, cam_comm *comm);

/* The lower bound of the bytes that each of N ranks sends for a step: (N - 1) / N of the trained parameters' gradients,
 * gaps not counted, and as many again of their sums, or with sharded state of the weights.
 * Source: Patarasuk, Yuan 2009, theorem 1. */
double cam_exchange_min_bytes(const cam_parameters *params);

#endif
