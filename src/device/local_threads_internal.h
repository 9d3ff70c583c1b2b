/* local_threads_internal.h: the number of threads of a rank, so that the ranks of one machine divide its processors.
 */
#ifndef CAM_LOCAL_THREADS_INTERNAL_H
#define CAM_LOCAL_THREADS_INTERNAL_H

#include "group.h"

/* The processors that this process may use (affinity, control group); those that several ranks may use are divided
 * among them. At least 1. All ranks call together. */
CAM_MUST_CHECK cam_status cam_local_threads(cam_group *group, int *threads);

#endif
