/* comm_mpi.h: cam/comm.h by MPI over host buffers, for the CPU backend and for several ranks that share a GPU.
 *
 * A thread does the work, so that it overlaps the backward pass. Each rank receives its peers' terms of its own shard,
 * sums them in rank order, and sends the sum to all peers: 2 (N - 1) / N of the bytes each way, which is the minimum.
 * exact_order is 1.
 * Source: the direct (pairwise) reduce-scatter and all-gather of Thakur, Rabenseifner, Gropp 2005, section 4.
 */
#ifndef CAM_COMM_MPI_H
#define CAM_COMM_MPI_H

#include "cam/backend.h"
#include "cam/comm.h"
#include "group.h"

/* `group` and `backend` must outlive it. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_comm_mpi_open(cam_group *group, cam_backend *backend, cam_comm **comm);

#endif
