/* order.h: in which order an epoch sees its rows. A pure function of seed, epoch and lengths: nothing to save, nothing
 * to resume.
 */
#ifndef CAM_ORDER_H
#define CAM_ORDER_H

#include "cam/status.h"
#include <stdint.h>

typedef enum cam_sampling { CAM_SAMPLING_RANDOM, CAM_SAMPLING_SEQUENTIAL, CAM_SAMPLING_GROUP_BY_LENGTH } cam_sampling;

typedef struct cam_order_options {
    cam_sampling sampling;
    uint64_t seed;
    int64_t batch_rows;     /* group_by_length: rows of a batch */
    const int64_t *offsets; /* group_by_length: row r has offsets[r + 1] - offsets[r] tokens */
} cam_order_options;

/* Fills order[count] with the training rows `rows` [count] (data row ids) as epoch `epoch` sees them.
 *   random           Fisher and Yates from the last place down; place i takes from [0, i] by
 *                    (word 0 of philox(seed, epoch, CAM_SITE_SHUFFLE, 0, i) * (i + 1)) >> 32
 *   sequential       as given
 *   group_by_length  random, then blocks of batch_rows * max(1, min(count / (4 batch_rows), 50)) rows sorted by falling
 * length, and the longest row of all swapped to the front, so that memory is tried at once Source: transformers
 * trainer_pt_utils.py, get_length_grouped_indices. */
CAM_MUST_CHECK cam_status cam_order_fill(const cam_order_options *options, const int32_t *rows, int64_t count,
                                         int64_t epoch, int32_t *order);

#endif
