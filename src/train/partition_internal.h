/* cut.h: how ranks divide rows among them.
 */
#ifndef CAM_PARTITION_INTERNAL_H
#define CAM_PARTITION_INTERNAL_H

#include <stdint.h>

/* Cuts list[0 .. count) between rows into `ranks` runs, rank r's from begin[r] to begin[r + 1], so that the run with
 * the most tokens has as few as can be (offsets NULL: rows count alike). A run may be empty. The same arguments give
 * the same cut everywhere. */
void cam_rows_partition(const int64_t *offsets, const int32_t *list, int64_t count, int ranks, int64_t *begin);

/* Tokens of a run; rows where offsets is NULL. */
int64_t cam_rows_weight(const int64_t *offsets, const int32_t *list, int64_t count);

#endif
