/* distribute_rows.c: see distribute_rows.h. */
#include "distribute_rows.h"
#include "partition_internal.h"
#include <stdlib.h>

static cam_status work_on(const cam_distributed_rows *rows, int64_t first, int64_t end) {
    return end > first ? rows->work(rows->context, first, end - first) : CAM_OK;
}

cam_status cam_distribute_rows(cam_group *group, const cam_distributed_rows *rows) {
    cam_status st = CAM_OK;
    if (cam_group_ranks(group) == 1)
        return work_on(rows, 0, rows->count);
    size_t count = (size_t)group->ranks + 1;
    int64_t *first = malloc(count * sizeof *first);
    size_t *begin = malloc(count * sizeof *begin);
    if (!first || !begin) {
        st = cam_fail(CAM_E_MEMORY, "no memory for the rows of %d ranks", group->ranks);
    } else {
        cam_rows_partition(rows->offsets, rows->list, rows->count, group->ranks, first);
        for (size_t r = 0; r < count; r++)
            begin[r] = (size_t)first[r] * rows->row_bytes;
        st = work_on(rows, first[group->rank], first[group->rank + 1]);
    }
    CAM_TRY(cam_group_agree_status(group, rows->where, st));
    CAM_TRY(cam_group_all_gather(group, rows->where, rows->results, begin));
out:
    free(first);
    free(begin);
    return st;
}
