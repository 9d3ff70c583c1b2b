/* comm.h: the collectives by which several processes train one model, each a rank with a device of its own.
 *
 * All ranks make the same calls with parts of the same sizes in the same order. A call works on device memory and is
 * ordered behind everything that was asked of the backend before it; it may run beside what is asked of the backend
 * afterwards, until `join`. Nothing allocates once the communicator is open.
 *
 * Deterministic: the same parts on the same number of ranks give the same bits, and all ranks hold the same ones. Where
 * `exact_order` is set, every element is the sum of the ranks' in rank order (f32 and f64 accumulate in their own type,
 * bf16 in f32, rounded once), so that it makes no difference how it is cut or which call sums it.
 *
 * Implementations: MPI over host buffers (src/comm), NCCL (kernels/comm_nccl.cu); a run of one rank has none (NULL).
 * A peer that is lost or does not come within the timeout is CAM_E_PEER, with a message that says who waits where.
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

/* Memory that every rank holds, cut into `ranks` equal shares: share r is elements [r, r + 1) * (count / ranks). */
typedef struct cam_comm_buffer {
    void *data;      /* device memory */
    cam_dtype dtype; /* reduce: CAM_F32, CAM_BF16 or CAM_F64; the others take any */
    int64_t count;   /* elements; a multiple of the number of ranks, but for broadcast */
} cam_comm_buffer;

enum { CAM_COMM_MAX_BUFFERS = 8 /* of one call */ };

typedef enum cam_reach {
    CAM_REACH_OWN, /* a rank's own share is summed; the rest of the part stays as it is: zero in a store's gaps */
    CAM_REACH_ALL  /* all of it is */
} cam_reach;

typedef struct cam_comm_calls {
    /* Sums over the ranks, in place. */
    cam_status (*reduce)(cam_comm *comm, const cam_comm_buffer *parts, int count, cam_reach reach);
    /* Every rank's own share is copied to all, in place. */
    cam_status (*gather)(cam_comm *comm, const cam_comm_buffer *parts, int count);
    /* Rank 0's contents are copied to all. */
    cam_status (*broadcast)(cam_comm *comm, const cam_comm_buffer *parts, int count);
    /* What is asked of the backend from here on waits for all that was started. */
    cam_status (*join)(cam_comm *comm);
    /* From any thread: ends what waits for lost peers, so that the process can leave; only close may follow. NULL where
     * nothing of it outlives its timeout. */
    void (*abort)(cam_comm *comm);
    /* After the graphs that hold its calls, and before the backend. */
    void (*close)(cam_comm *comm);
} cam_comm_calls;

/* What was sent, for benchmarks; seconds only where the host does the work. */
typedef struct cam_comm_figures {
    int64_t bytes_sent; /* by this rank, payload */
    double busy_s;      /* between a call's start and its end, overlaps counted once */
    double waited_s;    /* of these, spent in join */
} cam_comm_figures;

struct cam_comm {
    const char *name;        /* "mpi", "nccl" */
    const char *description; /* for logs: library and version */
    int rank, ranks;
    int captures;    /* its calls may be captured with the backend's work */
    int exact_order; /* see above */
    int64_t step;    /* set by the caller: which optimizer step, for messages */
    cam_comm_figures figures;
    const cam_comm_calls *calls;
};

/* The element at which share `rank` of a part begins. */
static inline int64_t cam_comm_shard_begin(const cam_comm *comm, const cam_comm_buffer *part, int rank) {
    return part->count / comm->ranks * rank;
}

static inline CAM_MUST_CHECK cam_status cam_comm_reduce(cam_comm *comm, const cam_comm_buffer *parts, int count,
                                                        cam_reach reach) {
    return comm->calls->reduce(comm, parts, count, reach);
}
static inline CAM_MUST_CHECK cam_status cam_comm_all_gather(cam_comm *comm, const cam_comm_buffer *parts, int count) {
    return comm->calls->gather(comm, parts, count);
}
static inline CAM_MUST_CHECK cam_status cam_comm_broadcast(cam_comm *comm, const cam_comm_buffer *parts, int count) {
    return comm->calls->broadcast(comm, parts, count);
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
