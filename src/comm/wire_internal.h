/* wire_internal.h: MPI as the rest of this box uses it: messages that are started, and waits that end.
 *
 * MPI is called by one thread at a time (MPI_THREAD_SERIALIZED), under one lock, and never to block, but when it begins
 * and ends: a wait is a loop of tests with short sleeps between them. A channel is a communicator of its own, so that threads cannot take each
 * other's messages.
 */
#ifndef CAM_WIRE_INTERNAL_H
#define CAM_WIRE_INTERNAL_H

#include "cam/status.h"
#include <mpi.h>
#include <stddef.h>
#include <sys/types.h>

typedef enum cam_channel { CAM_CHANNEL_HOST, CAM_CHANNEL_DEVICE, CAM_CHANNELS } cam_channel;

typedef struct cam_wire {
    int rank, ranks;
    MPI_Comm channel[CAM_CHANNELS];
    int failed_rank; /* a peer that has said that it failed, and how; -1: none */
    cam_status failed_how;
    pid_t *process; /* [ranks] of those on this machine; 0: it cannot be looked at from here */
    double looked_s;
} cam_wire;

/* Messages in flight, for one wait. Large ones go as several requests. */
typedef struct cam_transfers {
    MPI_Request *requests; /* [capacity] */
    int *peers;            /* [capacity] */
    int count, capacity;
} cam_transfers;

/* Requests that a message of so many bytes takes. */
int cam_wire_requests(size_t bytes);
CAM_MUST_CHECK cam_status cam_transfers_open(cam_transfers *transfers, int capacity);
void cam_transfers_close(cam_transfers *transfers); /* messages in flight are given up */

CAM_MUST_CHECK cam_status cam_wire_send(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer,
                                        int tag, const void *data, size_t bytes);
CAM_MUST_CHECK cam_status cam_wire_receive(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer,
                                           int tag, void *data, size_t bytes);

/* How a wait may end early. */
typedef struct cam_wait {
    const char *where;  /* "step 17 (gradients)" */
    double timeout_s;   /* without any message's arrival */
    const int *cancel;  /* set by another thread; NULL: nobody does */
    int ignore_notices; /* to failed peers' notices: they are expected to answer all the same */
} cam_wait;

/* Until all have arrived; `transfers` is empty then. CAM_E_PEER past the timeout or where the connection is lost; a
 * peer's own status where it has failed; CAM_E_STOPPED where cancelled. */
CAM_MUST_CHECK cam_status cam_wire_wait(cam_wire *wire, cam_transfers *transfers, const cam_wait *wait);
/* Looks for a failed peer's notice, and now and then whether the peers of this machine are still there; does not wait.
 */
CAM_MUST_CHECK cam_status cam_wire_poll(cam_wire *wire);
/* Tells all peers that this rank has failed; whether they hear is not waited for. */
void cam_wire_send_notice(cam_wire *wire, cam_status status);

CAM_MUST_CHECK cam_status cam_wire_open(cam_wire *wire, int *local_rank, int *local_ranks);
/* Ends MPI where `well`, which all ranks must do together; otherwise leaves it as it is. */
void cam_wire_close(cam_wire *wire, int well);
/* The same broadcast on every rank, in pieces. */
CAM_MUST_CHECK cam_status cam_wire_broadcast(cam_wire *wire, cam_channel channel, void *data, size_t bytes,
                                             const cam_wait *wait);

const char *cam_wire_description(void); /* "Open MPI 4.1.4" */

#endif
