/* distribute_rows.h: splits work on rows among the ranks, and gathers the results on all of them.
 */
#ifndef CAM_DISTRIBUTE_ROWS_H
#define CAM_DISTRIBUTE_ROWS_H

#include "group.h"
#include <stdint.h>

typedef struct cam_distributed_rows {
    const char *where;      /* for messages: "scoring" */
    const int64_t *offsets; /* the rows' weights, as in cam_rows_partition; NULL: all rows weigh the same */
    const int32_t *list;    /* [count] */
    int64_t count;
    void *results; /* host memory: [count] entries of row_bytes bytes */
    size_t row_bytes;
    /* Fills results[first .. first + count) from the same places of the list; count > 0. */
    cam_status (*work)(void *context, int64_t first, int64_t count);
    void *context;
} cam_distributed_rows;

/* Each rank works on one block of the list; then all results are gathered on every rank. `group` NULL: one rank. If one
 * rank fails, the call fails on all of them (cam_group_agree_status). */
CAM_MUST_CHECK cam_status cam_distribute_rows(cam_group *group, const cam_distributed_rows *rows);

#endif
