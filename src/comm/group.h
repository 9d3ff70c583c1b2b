/* group.h: the processes of one run, and what their hosts exchange.
 *
 * A launcher (mpirun, srun) starts one process for each rank. A process that was started alone is rank 0 of 1: MPI is
 * not started, and every call returns at once. A NULL group is one rank, too.
 *
 * All ranks must make the same calls in the same order. Only cam_group_open and cam_group_finalize block inside MPI;
 * every other call polls, with a timeout. CAM_E_PEER: a peer did not make the same call within the timeout, or is lost.
 * The message names this rank, the call's `where` and the missing ranks. A rank that fails sends a notice, so that its
 * peers return from their waits at once, with its status.
 *
 * These calls are for start-up and for decisions. The data of a step goes through cam/comm.h.
 */
#ifndef CAM_GROUP_H
#define CAM_GROUP_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_group {
    int rank, ranks;
    int local_rank, local_ranks; /* among the ranks of this machine */
    double timeout_s;
    int reporter;             /* the rank that reports the agreed failure; -1: each rank reports its own */
    cam_status agreed_status; /* of that failure */
    int finished;             /* cam_group_finish was called */
    struct cam_wire *wire;    /* NULL: one rank */
    /* Reports the calling thread's last message and ends the process with the status's exit code. For the watchdog,
     * whose process cannot return to main. Set by main. */
    void (*exit_lost_peer)(cam_status status);
} cam_group;

enum { CAM_GROUP_TIMEOUT_S = 600 };

static inline int cam_group_rank(const cam_group *group) {
    return group ? group->rank : 0;
}
static inline int cam_group_ranks(const cam_group *group) {
    return group ? group->ranks : 1;
}

/* Loads and starts MPI if a launcher started this process. CAM_E_USAGE: there is a launcher, but no MPI library.
 * CAM_E_PEER: MPI does not start. */
CAM_MUST_CHECK cam_status cam_group_open(cam_group *group);

/* Exchanges every rank's status and returns the same status on all: CAM_OK if all are CAM_OK, else the status of the
 * lowest rank that failed. That rank becomes `reporter` and keeps its message; the others get a message that names it.
 * A failure that only repeats a peer's counts if no rank has one of its own. CAM_E_PEER is returned at once, without an
 * exchange. `where` names the call in messages, here and below. */
CAM_MUST_CHECK cam_status cam_group_agree_status(cam_group *group, const char *where, cam_status status);
/* Copies rank r's bytes [begin[r], begin[r + 1]) of `data` to all ranks. `begin` has ranks + 1 entries and must be the
 * same on all ranks. */
CAM_MUST_CHECK cam_status cam_group_all_gather(cam_group *group, const char *where, void *data, const size_t *begin);
/* Copies rank 0's `data` to all ranks. */
CAM_MUST_CHECK cam_status cam_group_broadcast(cam_group *group, const char *where, void *data, size_t bytes);
/* Replaces *value by its sum over the ranks. */
CAM_MUST_CHECK cam_status cam_group_sum(cam_group *group, const char *where, long long *value);
/* CAM_E_USAGE unless `value` is the same on all ranks; `what` names it in the message. */
CAM_MUST_CHECK cam_status cam_group_require_equal(cam_group *group, const char *what, uint64_t value);
/* Returns a peer's failure if one is known. Does not wait. */
CAM_MUST_CHECK cam_status cam_group_poll(cam_group *group);

/* Ends the common work: sends a notice if this rank fails with a status that its peers do not know, and agrees on one
 * status for all. After it a rank may only report its failure, release its memory and call cam_group_finalize. A second
 * call returns `status`. */
cam_status cam_group_finish(cam_group *group, cam_status status);
/* The last call: cam_group_finish, unless it was called, and then the end of MPI. Ranks that agreed return together: a
 * launcher kills the other ranks as soon as one of them ends with an error, and their messages would be lost. A rank
 * that has lost a peer does not end MPI; it returns after a second. */
cam_status cam_group_finalize(cam_group *group, cam_status status);

/* Whether a launcher started this process. Its standard output may then be a terminal of the launcher's own making. */
int cam_group_is_launched(void);

/* The MPI library that a launcher's ranks would use, and its version, for --version. */
const char *cam_group_mpi(void);

#endif
