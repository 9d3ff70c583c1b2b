/* comm_mpi.h: cam/comm.h by MPI over host buffers: the CPU backend's collectives, and several ranks' that share a GPU.
 *
 * A thread does the work, so that backward goes on meanwhile. Each rank receives the others' terms of its own share,
 * adds them up in rank order, and sends the sum to all: 2 (N - 1) / N of the bytes each way, the least possible, and
 * exact_order holds.
 * Source: the direct (pairwise) reduce-scatter and all-gather of Thakur, Rabenseifner, Gropp 2005, section 4.
 */
#ifndef CAM_COMM_MPI_H
#define CAM_COMM_MPI_H

#include "cam/backend.h"
#include "cam/comm.h"
#include "group.h"

/* `group` and `backend` must outlive it. CAM_E_MEMORY; CAM_E_UNSUPPORTED in a program without MPI. */
CAM_MUST_CHECK cam_status cam_comm_mpi_open(cam_group *group, cam_backend *backend, cam_comm **comm);

#endif
