/* packing.c: see packing.h. */
#include "packing.h"

int64_t cam_packing_tokens(const cam_token_rows *rows, const int32_t *list, int64_t count, int64_t *longest) {
    int64_t tokens = 0, most = 0;
    for (int64_t b = 0; b < count; b++) {
        int64_t length = rows->offsets[list[b] + 1] - rows->offsets[list[b]];
        tokens += length;
        most = length > most ? length : most;
    }
    if (longest)
        *longest = most;
    return tokens;
}
