/* groups.h: the column of the data that says which rows belong together: those of one customer, of one thread. */
#ifndef CAM_GROUPS_H
#define CAM_GROUPS_H

#include "run.h"

/* A zeroed struct: there are no groups. */
typedef struct cam_groups {
    int32_t *of_row; /* [rows of train_file] below `count` */
    char **name;     /* [count] sorted */
    int64_t count;
} cam_groups;

/* Reads group_column from train_file. CAM_E_USAGE: there is no such column. CAM_E_DATA: a row without a value. CAM_E_MEMORY.
 * Release in every case. */
CAM_MUST_CHECK cam_status cam_groups_read(cam_groups *groups, const cam_run *run);
void cam_groups_release(cam_groups *groups);

#endif
