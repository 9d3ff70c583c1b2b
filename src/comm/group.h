/* group.h: the processes that were started together, and what their hosts say to each other.
 *
 * Every process has a group; one that was started alone is rank 0 of 1 and every call returns at once. MPI is started
 * only under a launcher (mpirun, srun). All ranks make the same calls in the same order. But for starting and
 * ending MPI no call blocks inside it: each waits in a loop of its own, so that a peer that does not come within the timeout is CAM_E_PEER, with a message
 * that says which rank waits where and for whom, and a peer that leaves because it failed is heard of at once.
 *
 * A group that is NULL is one rank alone, too.
 *
 * The calls here are for start-up and decisions; the data of a step goes through cam/comm.h.
 */
#ifndef CAM_GROUP_H
#define CAM_GROUP_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_group {
    int rank, ranks;
    int local_rank, local_ranks; /* among those of this machine */
    double timeout_s;
    int reporter;          /* the rank that tells of the failure all agreed on; -1: each tells of its own */
    cam_status agreed;     /* that failure */
    int finished;          /* the last agreement has been made */
    struct cam_wire *wire; /* NULL: alone */
    /* Tells the calling thread's last message and ends the process with the status's exit code: for a watchdog, whose
     * process cannot return to main. Set by main. */
    void (*exit_lost_peer)(cam_status status);
} cam_group;

enum { CAM_GROUP_TIMEOUT_S = 600 };

static inline int cam_group_rank(const cam_group *group) {
    return group ? group->rank : 0;
}
static inline int cam_group_ranks(const cam_group *group) {
    return group ? group->ranks : 1;
}

/* CAM_E_USAGE under a launcher where this program was built without MPI; CAM_E_PEER where MPI does not start. */
CAM_MUST_CHECK cam_status cam_group_open(cam_group *group);

/* Tells all what this rank came to, and returns what they came to together: CAM_OK where all are well, else the status
 * of the lowest rank that is not, which is the one to speak. The message stays on that rank only. */
CAM_MUST_CHECK cam_status cam_group_agree_status(cam_group *group, const char *where, cam_status mine);
/* Rank r's bytes [begin[r], begin[r + 1]) of `data` reach all; begin has ranks + 1 entries, the same everywhere. */
CAM_MUST_CHECK cam_status cam_group_all_gather(cam_group *group, const char *where, void *data, const size_t *begin);
/* Rank 0's `data` reaches all. */
CAM_MUST_CHECK cam_status cam_group_broadcast(cam_group *group, const char *where, void *data, size_t bytes);
/* *value becomes the sum over the ranks. */
CAM_MUST_CHECK cam_status cam_group_sum(cam_group *group, const char *where, long long *value);
/* CAM_E_USAGE, naming what differs, unless `value` is the same number on all ranks. */
CAM_MUST_CHECK cam_status cam_group_require_equal(cam_group *group, const char *what, uint64_t value);
/* Whether a peer has failed meanwhile; does not wait. */
CAM_MUST_CHECK cam_status cam_group_poll(cam_group *group);

/* Tells of a failure those who do not expect it, and agrees on a status with them. What is left is to speak, and to
 * leave. */
cam_status cam_group_finish(cam_group *group, cam_status mine);
/* The last call: concludes, where that has not been done, and ends MPI. None of those who agreed returns before all
 * have come here: as soon as a launcher sees one rank end badly it ends the others, and what they say then is lost. A
 * rank that has lost a peer says goodbye to nobody. */
cam_status cam_group_finalize(cam_group *group, cam_status mine);

/* A line for --version. */
const char *cam_group_build(void);

#endif
