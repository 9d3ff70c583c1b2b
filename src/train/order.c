/* order.c: see order.h. */
#include "order.h"
#include "cam/philox.h"
#include <stdlib.h>
#include <string.h>

typedef struct keyed_row {
    int64_t length, place;
    int32_t row;
} keyed_row;

/* Longest first; rows of equal length keep their order. */
static int by_falling_length(const void *a, const void *b) {
    const keyed_row *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? 1 : -1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void shuffle(uint64_t seed, int64_t epoch, int32_t *order, int64_t count) {
    for (int64_t i = count - 1; i > 0; i--) {
        uint32_t draw = cam_philox(seed, (uint32_t)epoch, CAM_SITE_SHUFFLE, 0, (uint32_t)i).w[0];
        int64_t j = (int64_t)(((uint64_t)draw * (uint64_t)(i + 1)) >> 32);
        int32_t keep = order[i];
        order[i] = order[j];
        order[j] = keep;
    }
}

static cam_status group_by_length(const cam_order_options *options, int32_t *order, int64_t count) {
    int64_t batches = count / (4 * options->batch_rows);
    batches = batches > 50 ? 50 : batches < 1 ? 1 : batches;
    int64_t block = batches * options->batch_rows, longest = 0, longest_at = 0;
    keyed_row *keyed = malloc((size_t)count * sizeof *keyed);
    if (!keyed)
        return cam_fail(CAM_E_MEMORY, "no memory to sort %lld rows", (long long)count);
    for (int64_t i = 0; i < count; i++)
        keyed[i] = (keyed_row){options->offsets[order[i] + 1] - options->offsets[order[i]], i, order[i]};
    for (int64_t begin = 0; begin < count; begin += block) {
        int64_t rows = count - begin < block ? count - begin : block;
        qsort(keyed + begin, (size_t)rows, sizeof *keyed, by_falling_length);
        if (keyed[begin].length > longest) {
            longest = keyed[begin].length;
            longest_at = begin;
        }
    }
    for (int64_t i = 0; i < count; i++)
        order[i] = keyed[i].row;
    free(keyed);
    int32_t first = order[0];
    order[0] = order[longest_at];
    order[longest_at] = first;
    return CAM_OK;
}

cam_status cam_order_fill(const cam_order_options *options, const int32_t *rows, int64_t count, int64_t epoch,
                          int32_t *order) {
    memcpy(order, rows, (size_t)count * sizeof *order);
    if (options->sampling == CAM_SAMPLING_SEQUENTIAL || count == 0)
        return CAM_OK;
    shuffle(options->seed, epoch, order, count);
    return options->sampling == CAM_SAMPLING_RANDOM ? CAM_OK : group_by_length(options, order, count);
}
