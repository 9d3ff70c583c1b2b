/* watchdog.h: ends a process whose device waits for a lost peer.
 *
 * Waits of the host have a timeout. A GPU kernel that waits for a peer has none: it never ends, and the host waits for
 * it inside the driver. The watchdog is a thread that checks the progress which the device writes to mapped memory.
 * After the group's timeout without progress it calls the communicator's abort, with a deadline, and then
 * group->exit_lost_peer, with a message that names the step or call. Apart from that abort it calls nothing of CUDA.
 *
 * Every call accepts a NULL watchdog and then does nothing.
 */
#ifndef CAM_WATCHDOG_H
#define CAM_WATCHDOG_H

#include "cam/comm.h"
#include "group.h"
#include <stdint.h>

typedef struct cam_watchdog cam_watchdog;

/* Steps that were submitted to the device, and how many of them it has reported. */
typedef struct cam_step_progress {
    int64_t submitted, reported;
} cam_step_progress;

/* *watchdog is NULL if `comm` is NULL or has no abort. Both must outlive it. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_watchdog_open(cam_group *group, cam_comm *comm, cam_watchdog **watchdog);
void cam_watchdog_close(cam_watchdog *watchdog);

/* Watches steps from now on: while some are submitted and not reported, one must be reported within the timeout.
 * `progress` is called from the watchdog's thread; NULL ends the watching. */
void cam_watchdog_watch(cam_watchdog *watchdog, cam_step_progress (*progress)(void *context), void *context);
/* The calling thread enters a call that waits for peers; it must leave it within the timeout. */
void cam_watchdog_enter(cam_watchdog *watchdog, const char *where);
void cam_watchdog_leave(cam_watchdog *watchdog);
/* Call it when a peer is lost: aborts the communicator and ends the process with the calling thread's last message,
 * since closing the device would wait in the driver. Returns only if `watchdog` is NULL. */
void cam_watchdog_exit(cam_watchdog *watchdog);

#endif
