/* partition_internal.h: splits a batch's rows among ranks, balancing tokens.
 */
#ifndef CAM_PARTITION_INTERNAL_H
#define CAM_PARTITION_INTERNAL_H

#include <stdint.h>

/* Splits list[0 .. count) into `ranks` contiguous blocks; rank r has list[begin[r] .. begin[r + 1]). The largest number
 * of tokens in one block is as small as possible (offsets NULL: each row weighs 1). A block may be empty. The result
 * depends on the arguments only, so all ranks compute the same one. */
void cam_rows_partition(const int64_t *offsets, const int32_t *list, int64_t count, int ranks, int64_t *begin);

/* The number of tokens of these rows; offsets NULL: the number of rows. */
int64_t cam_rows_weight(const int64_t *offsets, const int32_t *list, int64_t count);

#endif
