/* process_limits.h: the processors and the memory that this process may use, by its affinity and its control groups.
 */
#ifndef CAM_PROCESS_LIMITS_H
#define CAM_PROCESS_LIMITS_H

#include <stddef.h>

/* The processors in the affinity mask, at most the quota of the process's control groups; at least 1. */
int cam_usable_threads(void);

/* Bytes that can be allocated without swapping: MemAvailable of the system, or the rest of the control groups' limit if
 * that is less. SIZE_MAX if neither is known. */
size_t cam_usable_memory(void);

#endif
