/* distribute_rows.h: rows that ranks work through together, each a run of them, and whose results all get.
 */
#ifndef CAM_DISTRIBUTE_ROWS_H
#define CAM_DISTRIBUTE_ROWS_H

#include "group.h"
#include <stdint.h>

typedef struct cam_distributed_rows {
    const char *where;      /* for messages: "scoring" */
    const int64_t *offsets; /* tokens of the rows, as cut.h's; may be NULL */
    const int32_t *list;    /* [count] */
    int64_t count;
    void *results; /* [count] of row_bytes, host memory */
    size_t row_bytes;
    /* Fills the results of places [first, first + count) of the list; never asked for none. */
    cam_status (*work)(void *context, int64_t first, int64_t count);
    void *context;
} cam_distributed_rows;

/* `group` may be NULL: alone. A failure of one rank is a failure of all (cam_group_agree_status). */
CAM_MUST_CHECK cam_status cam_distribute_rows(cam_group *group, const cam_distributed_rows *rows);

#endif
