/* order.c: see order.h. */
#include "order.h"
#include "cam/philox.h"
#include <stdlib.h>
#include <string.h>

typedef struct cam_keyed_row {
    int64_t length, place;
    int32_t row;
} cam_keyed_row;

cam_status cam_order_open(cam_order *order, const cam_order_options *options) {
    size_t count = (size_t)options->count + 1;
    *order = (cam_order){.options = *options, .epoch = -1};
    order->rows = malloc(count * sizeof *order->rows);
    if (options->sampling == CAM_SAMPLING_GROUP_BY_LENGTH)
        order->keyed = malloc(count * sizeof *order->keyed);
    if (!order->rows || (options->sampling == CAM_SAMPLING_GROUP_BY_LENGTH && !order->keyed)) {
        cam_order_close(order);
        return cam_fail(CAM_E_MEMORY, "no memory for the order of %lld rows", (long long)options->count);
    }
    return CAM_OK;
}

void cam_order_close(cam_order *order) {
    free(order->rows);
    free(order->keyed);
    *order = (cam_order){.epoch = -1};
}

static void shuffle(const cam_order *order, int64_t epoch) {
    for (int64_t i = order->options.count - 1; i > 0; i--) {
        uint32_t draw = cam_philox(order->options.seed, (uint32_t)epoch, CAM_SITE_SHUFFLE, 0, (uint32_t)i).w[0];
        int64_t j = (int64_t)(((uint64_t)draw * (uint64_t)(i + 1)) >> 32);
        int32_t keep = order->rows[i];
        order->rows[i] = order->rows[j];
        order->rows[j] = keep;
    }
}

/* Longest first; rows of equal length keep their order. */
static int by_descending_length(const void *a, const void *b) {
    const cam_keyed_row *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? 1 : -1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Sorts in place. qsort is not used, since it may allocate. */
static void sort(cam_keyed_row *rows, int64_t count) {
    for (int64_t end = count, start = count / 2; end > 1;) { /* heapsort */
        cam_keyed_row moving;
        if (start > 0) {
            moving = rows[--start];
        } else {
            moving = rows[--end];
            rows[end] = rows[0];
        }
        int64_t hole = start, child;
        while ((child = 2 * hole + 1) < end) {
            child += child + 1 < end && by_descending_length(&rows[child], &rows[child + 1]) < 0;
            if (by_descending_length(&moving, &rows[child]) >= 0)
                break;
            rows[hole] = rows[child];
            hole = child;
        }
        rows[hole] = moving;
    }
}

static void group_by_length(cam_order *order) {
    const cam_order_options *o = &order->options;
    int64_t batches = o->count / (4 * o->batch_rows), longest = 0, longest_at = 0;
    batches = batches > 50 ? 50 : batches < 1 ? 1 : batches;
    int64_t block = batches * o->batch_rows;
    for (int64_t i = 0; i < o->count; i++) {
        int32_t row = order->rows[i];
        order->keyed[i] = (cam_keyed_row){o->offsets[row + 1] - o->offsets[row], i, row};
    }
    for (int64_t begin = 0; begin < o->count; begin += block) {
        sort(order->keyed + begin, o->count - begin < block ? o->count - begin : block);
        if (order->keyed[begin].length > longest) {
            longest = order->keyed[begin].length;
            longest_at = begin;
        }
    }
    for (int64_t i = 0; i < o->count; i++)
        order->rows[i] = order->keyed[i].row;
    int32_t first = order->rows[0];
    order->rows[0] = order->rows[longest_at];
    order->rows[longest_at] = first;
}

void cam_order_load(cam_order *order, int64_t epoch) {
    const cam_order_options *o = &order->options;
    if (order->epoch == epoch)
        return;
    order->epoch = epoch;
    memcpy(order->rows, o->rows, (size_t)o->count * sizeof *order->rows);
    if (o->sampling == CAM_SAMPLING_SEQUENTIAL || o->count == 0)
        return;
    shuffle(order, epoch);
    if (o->sampling == CAM_SAMPLING_GROUP_BY_LENGTH)
        group_by_length(order);
}
