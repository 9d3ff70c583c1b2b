/* comm_nccl.h: the collectives of cam/comm.h between GPUs, by NCCL. A program built without CUDA or without NCCL's
 * header has cuda_none.c or comm_nccl_none.c in its place, which says so.
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
    const unsigned char *id; /* rank 0's, CAM_NCCL_ID_BYTES of them */
    double timeout_s;        /* for the others to open it, to start a call with this one and to close it */
} cam_comm_nccl_options;

/* Where the ranks meet: rank 0 makes it, shortly before all of them open, and the caller spreads it.
 * CAM_E_UNSUPPORTED: built without NCCL; CAM_E_DEVICE: it cannot be loaded or is too old; CAM_E_PEER: no network. */
CAM_MUST_CHECK cam_status cam_comm_nccl_id(unsigned char id[CAM_NCCL_ID_BYTES]);

/* All ranks at once, each with an open CUDA backend on a GPU of its own; a single rank, too, may have one.
 *
 * Calls may be captured with the backend's work, by all ranks or by none; what is started in a capture is joined in it,
 * and one begins with nothing unjoined. figures.bytes_sent counts a captured call once, when it is captured. Sums are
 * in the order of NCCL's ring, which hangs on how parts are cut: exact_order is 0. Libraries, streams and memory are
 * taken here; NCCL_ALGO, NCCL_PROTO and NCCL_GRAPH_REGISTER are set in the environment where the user has not.
 *
 * abort lets kernels that wait for lost peers end, but returns only when the graphs that hold calls are gone: whoever
 * calls it needs a deadline.
 *
 * Errors as above, here and in every call; CAM_E_DEVICE, too, where two ranks have one GPU or CUDA fails. After an
 * error only close may follow. */
CAM_MUST_CHECK cam_status cam_comm_nccl_open(cam_backend *cuda, const cam_comm_nccl_options *options, cam_comm **comm);

#ifdef __cplusplus
}
#endif
#endif
