/* local_threads_internal.h: how many threads a rank should compute with, so that the ranks of one machine share its processors.
 */
#ifndef CAM_LOCAL_THREADS_INTERNAL_H
#define CAM_LOCAL_THREADS_INTERNAL_H

#include "group.h"

/* What this process may use (affinity, control group), processors that several ranks may use being divided among
 * them; at least 1. All ranks ask together. */
CAM_MUST_CHECK cam_status cam_local_threads(cam_group *group, int *threads);

#endif
