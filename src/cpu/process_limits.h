/* process_limits.h: the processors and the memory that this process may use, by its affinity, its control groups and
 * its limit of addresses.
 */
#ifndef CAM_PROCESS_LIMITS_H
#define CAM_PROCESS_LIMITS_H

#include <stddef.h>

/* The processors in the affinity mask, at most the quota of the process's control groups; at least 1. */
int cam_usable_threads(void);

/* Bytes that can be allocated without swapping: the least of MemAvailable of the system, the rest of the control
 * groups' limit, and the rest of the limit of addresses (ulimit -v). SIZE_MAX if none is known. */
size_t cam_usable_memory(void);

/* Where addresses are limited, keeps threads from reserving 64 MB of them each (malloc's arenas). Call it before threads run.
 */
void cam_spare_addresses(void);

#endif
