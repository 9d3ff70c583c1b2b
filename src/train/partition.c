/* partition.c: see partition_internal.h. Binary search for the smallest limit with which `ranks` blocks suffice. */
#include "partition_internal.h"
#include <stddef.h>

static int64_t weight(const int64_t *offsets, int32_t row) {
    return offsets ? offsets[row + 1] - offsets[row] : 1;
}

int64_t cam_rows_weight(const int64_t *offsets, const int32_t *list, int64_t count) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += weight(offsets, list[i]);
    return sum;
}

/* Fills blocks one after another, each up to `limit` tokens, and returns their number. begin NULL: only counts. */
static int64_t fill(const int64_t *offsets, const int32_t *list, int64_t count, int64_t limit, int64_t *begin) {
    int64_t blocks = 0, sum = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t w = weight(offsets, list[i]);
        if (blocks == 0 || sum + w > limit) {
            if (begin)
                begin[blocks] = i;
            blocks++;
            sum = 0;
        }
        sum += w;
    }
    return blocks;
}

void cam_rows_partition(const int64_t *offsets, const int32_t *list, int64_t count, int ranks, int64_t *begin) {
    int64_t total = cam_rows_weight(offsets, list, count), low = (total + ranks - 1) / ranks, high = total;
    for (int64_t i = 0; i < count; i++)
        if (weight(offsets, list[i]) > low)
            low = weight(offsets, list[i]);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (fill(offsets, list, count, middle, NULL) <= ranks)
            high = middle;
        else
            low = middle + 1;
    }
    for (int64_t r = fill(offsets, list, count, low, begin); r <= ranks; r++)
        begin[r] = count;
}
