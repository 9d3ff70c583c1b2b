/* groups_internal.h: the column of the data that says which rows belong together. */
#ifndef CAM_GROUPS_INTERNAL_H
#define CAM_GROUPS_INTERNAL_H

#include "fold_plan.h"

/* Reads the column again from train_file. Sets plan->group, group_name and groups; numbers are those of the sorted values.
 * CAM_E_USAGE: there is no such column. CAM_E_DATA: a row without a value. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_groups_read(cam_fold_plan *plan, const cam_run *run);

#endif
