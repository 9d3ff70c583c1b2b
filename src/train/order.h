/* order.h: the order of the rows in an epoch. It is a pure function of seed, epoch and lengths, so it need not be
 * saved.
 */
#ifndef CAM_ORDER_H
#define CAM_ORDER_H

#include "cam/status.h"
#include "choices.h"
#include <stdint.h>

typedef enum cam_choice_sampling cam_sampling;

typedef struct cam_order_options {
    cam_sampling sampling;
    uint64_t seed;
    int64_t batch_rows;     /* group_by_length: rows of a batch */
    const int64_t *offsets; /* group_by_length: row r has offsets[r + 1] - offsets[r] tokens */
    const int32_t *rows;    /* data row ids of the training rows */
    int64_t count;
} cam_order_options;

typedef struct cam_order {
    cam_order_options options; /* their arrays must outlive the order */
    int32_t *rows;             /* [count] the rows in the order of `epoch` */
    int64_t epoch;             /* -1: none loaded yet */
    struct cam_keyed_row *keyed;
} cam_order;

/* Allocates all memory. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_order_open(cam_order *order, const cam_order_options *options);
void cam_order_close(cam_order *order);

/* Fills `rows` with the order of epoch `epoch`; does nothing if it is loaded already.
 *   random           Fisher-Yates shuffle from the last place down; place i is swapped with place
 *                    (word 0 of philox(seed, epoch, CAM_SITE_SHUFFLE, 0, i) * (i + 1)) >> 32, which is in [0, i]
 *   sequential       as given
 *   group_by_length  random; then blocks of batch_rows * max(1, min(count / (4 batch_rows), 50)) rows are sorted by
 *                    descending length, and the longest row of all is swapped to the front, so that the first
 *                    batch shows whether memory suffices
 * Source: transformers trainer_pt_utils.py, get_length_grouped_indices. */
void cam_order_load(cam_order *order, int64_t epoch);

#endif
