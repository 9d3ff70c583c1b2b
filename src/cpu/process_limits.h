/* process_limits.h: what of this machine the process may use: processors and memory, as its affinity and control groups
 * allow.
 */
#ifndef CAM_PROCESS_LIMITS_H
#define CAM_PROCESS_LIMITS_H

#include <stddef.h>

/* Processors of the affinity mask, cut to the quota of the process's control groups; at least 1. */
int cam_usable_threads(void);

/* Bytes that can be taken without swapping: what the system calls available, or what is left in the process's control
 * groups where that is less. SIZE_MAX where neither is known. */
size_t cam_usable_memory(void);

#endif
