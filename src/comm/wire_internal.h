/* wire_internal.h: point-to-point messages and a broadcast over MPI, with waits that have a timeout.
 *
 * Only this file's functions call MPI: one thread at a time (MPI_THREAD_SERIALIZED), under one lock. Only opening and
 * closing block inside MPI; a wait is a loop of MPI_Test with short sleeps. Each channel is a communicator of its own,
 * so that threads cannot receive each other's messages.
 */
#ifndef CAM_WIRE_INTERNAL_H
#define CAM_WIRE_INTERNAL_H

#include "cam/status.h"
#include "mpi_library_internal.h"
#include <stddef.h>
#include <sys/types.h>

typedef enum cam_channel { CAM_CHANNEL_HOST, CAM_CHANNEL_DEVICE, CAM_CHANNELS } cam_channel;

typedef struct cam_wire {
    int rank, ranks;
    cam_mpi_handle channel[CAM_CHANNELS];
    int failed_rank; /* the first peer whose notice arrived; -1: none */
    cam_status failed_status;
    pid_t *process; /* [ranks] process ids; 0: not visible from this process, for instance on another machine */
    double checked_s;
} cam_wire;

/* Messages in flight, for one wait. A large message takes several requests. */
typedef struct cam_transfers {
    cam_mpi_handle *requests; /* [capacity] */
    int *peers;               /* [capacity] */
    int count, capacity;
} cam_transfers;

/* The number of requests that a message of `bytes` takes. */
int cam_wire_requests(size_t bytes);
CAM_MUST_CHECK cam_status cam_transfers_open(cam_transfers *transfers, int capacity);
void cam_transfers_close(cam_transfers *transfers); /* cancels messages in flight */

CAM_MUST_CHECK cam_status cam_wire_send(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer,
                                        int tag, const void *data, size_t bytes);
CAM_MUST_CHECK cam_status cam_wire_receive(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer,
                                           int tag, void *data, size_t bytes);

typedef struct cam_wait {
    const char *where;  /* for messages: "step 17 (summing gradients)" */
    double timeout_s;   /* since the last message arrived */
    const int *cancel;  /* another thread sets it to 1 to end the wait; may be NULL */
    int ignore_notices; /* 1: failed peers still take part in this exchange */
} cam_wait;

/* Waits until all messages have arrived, and empties `transfers`. CAM_E_PEER: the timeout is over, a peer's process has
 * ended or the connection is lost. A failed peer's status, from its notice. CAM_E_STOPPED: cancelled. */
CAM_MUST_CHECK cam_status cam_wire_wait(cam_wire *wire, cam_transfers *transfers, const cam_wait *wait);
/* Checks for notices and, at most four times a second, whether the processes of this machine's peers still exist. Does
 * not wait. */
CAM_MUST_CHECK cam_status cam_wire_poll(cam_wire *wire);
/* Sends all peers the notice that this rank has failed. Does not wait for its arrival. */
void cam_wire_send_notice(cam_wire *wire, cam_status status);

/* Starts MPI, which is loaded (mpi_library_internal.h). */
CAM_MUST_CHECK cam_status cam_wire_open(cam_wire *wire, int *local_rank, int *local_ranks);
/* finalize = 1: ends MPI, which all ranks must do together. 0: leaves MPI as it is. */
void cam_wire_close(cam_wire *wire, int finalize);
/* Copies rank 0's `data` to all ranks, in pieces. */
CAM_MUST_CHECK cam_status cam_wire_broadcast(cam_wire *wire, cam_channel channel, void *data, size_t bytes,
                                             const cam_wait *wait);

const char *cam_wire_description(void); /* "Open MPI 4.1.4" */

#endif
