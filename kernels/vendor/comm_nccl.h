/* comm_nccl.h: the collectives of cam/comm.h between GPUs, by NCCL. In a program that was built without CUDA
 * (cuda_none.c) or without NCCL's header (comm_nccl_none.c) these functions only report that.
 */
#ifndef CAM_COMM_NCCL_H
#define CAM_COMM_NCCL_H

#include "cam/backend.h"
#include "cam/comm.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_NCCL_ID_BYTES = 128 };

typedef struct cam_comm_nccl_options {
    int rank, ranks;
    const unsigned char *id; /* CAM_NCCL_ID_BYTES bytes, from cam_comm_nccl_id on rank 0 */
    double timeout_s;        /* how long opening, starting a call and closing wait for the other ranks */
} cam_comm_nccl_options;

/* The id by which ranks find each other. Rank 0 creates it shortly before all ranks open; the caller broadcasts it.
 * CAM_E_UNSUPPORTED: built without NCCL; CAM_E_DEVICE: it cannot be loaded or is too old; CAM_E_PEER: no network. */
CAM_MUST_CHECK cam_status cam_comm_nccl_id(unsigned char id[CAM_NCCL_ID_BYTES]);

/* All ranks open together, each with an open CUDA backend on a GPU of its own. A single rank may open one, too.
 *
 * Calls may be captured with the backend's work, by all ranks or by none. A capture must join all calls that it starts,
 * and calls that were started before it must be joined first. figures.bytes_sent counts a captured call once, at
 * capture. Sums have the order of NCCL's ring, which depends on the size of the buffers: exact_order is 0. Opening
 * allocates everything. It sets NCCL_ALGO, NCCL_PROTO and NCCL_GRAPH_REGISTER in the environment unless they are set.
 *
 * abort ends kernels that wait for lost peers, but it does not return before the graphs that captured calls are
 * released: its caller needs a deadline.
 *
 * Errors as above, here and in every call; CAM_E_DEVICE also if two ranks share a GPU or CUDA fails. After an error
 * only close may follow. */
CAM_MUST_CHECK cam_status cam_comm_nccl_open(cam_backend *cuda, const cam_comm_nccl_options *options, cam_comm **comm);

#ifdef __cplusplus
}
#endif
#endif
