/* watchdog.h: ends a process whose device waits for lost peers.
 *
 * Where the host does the collectives, its own waits end. A GPU's do not: a kernel that waits for a peer waits for
 * ever, and the host with it, inside the driver. A thread therefore looks at what the device has written into memory
 * that both reach. It calls nothing of CUDA but, when time is up, the communicator's abort, and gives that a deadline;
 * then the process ends through the group's `lose`, which says where it waited.
 *
 * Every call takes NULL for a run that needs no watchdog.
 */
#ifndef CAM_WATCHDOG_H
#define CAM_WATCHDOG_H

#include "cam/comm.h"
#include "group.h"
#include <stdint.h>

typedef struct cam_watchdog cam_watchdog;

/* What is awaited of the device: steps asked for, and of these reported. Called from the watchdog's thread. */
typedef struct cam_step_progress {
    int64_t asked, done;
} cam_step_progress;

/* NULL where `comm` is NULL or needs no abort. Both must outlive it. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_watchdog_open(cam_group *group, cam_comm *comm, cam_watchdog **watchdog);
void cam_watchdog_close(cam_watchdog *watchdog);

/* From now on steps are watched: none may be awaited for longer than the group's timeout. `look` NULL: no longer. */
void cam_watchdog_watch(cam_watchdog *watchdog, cam_step_progress (*look)(void *context), void *context);
/* This thread may be held up by a peer until it leaves. */
void cam_watchdog_enter(cam_watchdog *watchdog, const char *where);
void cam_watchdog_leave(cam_watchdog *watchdog);
/* A peer is lost, as this thread's last message says: the process ends now, since tidying up would wait in the driver.
 * Returns only where there is no watchdog. */
void cam_watchdog_exit(cam_watchdog *watchdog);

#endif
