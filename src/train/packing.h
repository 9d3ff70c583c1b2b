/* packing.h: the size of a packed batch: its sequences follow each other without padding. step_begin (cam/ops.h) packs it
 * on the device. */
#ifndef CAM_PACKING_H
#define CAM_PACKING_H

#include "token_ids.h"
#include <stdint.h>

/* The number of tokens of the rows list[0 .. count - 1] together. *longest (if not NULL): tokens of the longest one. */
int64_t cam_packing_tokens(const cam_token_rows *rows, const int32_t *list, int64_t count, int64_t *longest);

#endif
