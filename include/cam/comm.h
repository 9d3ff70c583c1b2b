/* comm.h: the collectives between the ranks that train one model. A rank is a process with a device of its own.
 *
 * All ranks make the same calls in the same order, on buffers of the same sizes. A call works on device memory. It
 * starts after all work that was submitted to the backend before it, and may overlap work that is submitted after it,
 * until `join`. Nothing allocates once the communicator is open.
 *
 * Deterministic: the same buffers on the same number of ranks give the same bits, and all ranks hold the same bits.
 * Where `exact_order` is set, every element is the sum of the ranks' elements in rank order (f32 and f64 accumulate in
 * their own type, bf16 in f32, rounded once): reduce_scatter and all_reduce then give the same bits, and so does any
 * division of the data into buffers.
 *
 * Implementations: MPI over host buffers (src/comm), NCCL (kernels/vendor/comm_nccl.cu). A run of one rank has no
 * communicator (NULL). CAM_E_PEER: a peer is lost or did not join a call within the timeout; the message names the
 * rank that waited and the call.
 */
#ifndef CAM_COMM_H
#define CAM_COMM_H

#include "cam/status.h"
#include "cam/tensor.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_comm cam_comm;

/* A buffer that every rank has. It consists of `ranks` equal shards: shard r is elements [r, r + 1) * (count / ranks).
 */
typedef struct cam_comm_buffer {
    void *data;      /* device memory */
    cam_dtype dtype; /* of sums: CAM_F32, CAM_BF16 or CAM_F64; all_gather and broadcast take any */
    int64_t count;   /* elements; a multiple of the number of ranks, except in broadcast */
} cam_comm_buffer;

enum { CAM_COMM_MAX_BUFFERS = 8 /* of one call */ };

typedef struct cam_comm_calls {
    /* Shard r of rank r becomes the sum of shard r over the ranks, in place. Its other shards keep their contents. */
    cam_status (*reduce_scatter)(cam_comm *comm, const cam_comm_buffer *buffers, int count);
    /* The whole buffer becomes the sum over the ranks, in place. */
    cam_status (*all_reduce)(cam_comm *comm, const cam_comm_buffer *buffers, int count);
    /* Shard r of rank r is copied to all ranks, in place. */
    cam_status (*all_gather)(cam_comm *comm, const cam_comm_buffer *buffers, int count);
    /* Rank 0's buffer is copied to all ranks. */
    cam_status (*broadcast)(cam_comm *comm, const cam_comm_buffer *buffers, int count);
    /* Work that is submitted to the backend from now on waits for all calls that were started. */
    cam_status (*join)(cam_comm *comm);
    /* From any thread: ends calls that wait for lost peers, so that the process can exit. Only close may follow. NULL
     * where every wait ends by itself at the timeout. */
    void (*abort)(cam_comm *comm);
    /* Call it after the graphs that captured its calls are released, and before the backend is closed. */
    void (*close)(cam_comm *comm);
} cam_comm_calls;

/* Traffic, for benchmarks. Seconds are counted only where the host does the work. */
typedef struct cam_comm_figures {
    int64_t bytes_sent; /* by this rank, payload */
    double busy_s;      /* in calls, from start to end; overlaps count once */
    double waited_s;    /* in join */
} cam_comm_figures;

struct cam_comm {
    const char *name;        /* "mpi", "nccl" */
    const char *description; /* for logs: library and version */
    int rank, ranks;
    int captures;    /* its calls may be captured with the backend's work */
    int exact_order; /* see the head of this file */
    int64_t step;    /* the optimizer step, for messages; set by the caller */
    cam_comm_figures figures;
    const cam_comm_calls *calls;
};

/* The element at which shard `rank` of a buffer begins. */
static inline int64_t cam_comm_shard_begin(const cam_comm *comm, const cam_comm_buffer *buffer, int rank) {
    return buffer->count / comm->ranks * rank;
}

static inline CAM_MUST_CHECK cam_status cam_comm_reduce_scatter(cam_comm *comm, const cam_comm_buffer *buffers,
                                                                int count) {
    return comm->calls->reduce_scatter(comm, buffers, count);
}
static inline CAM_MUST_CHECK cam_status cam_comm_all_reduce(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return comm->calls->all_reduce(comm, buffers, count);
}
static inline CAM_MUST_CHECK cam_status cam_comm_all_gather(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return comm->calls->all_gather(comm, buffers, count);
}
static inline CAM_MUST_CHECK cam_status cam_comm_broadcast(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return comm->calls->broadcast(comm, buffers, count);
}
static inline CAM_MUST_CHECK cam_status cam_comm_join(cam_comm *comm) {
    return comm->calls->join(comm);
}
static inline void cam_comm_close(cam_comm *comm) {
    if (comm)
        comm->calls->close(comm);
}

#ifdef __cplusplus
}
#endif
#endif
