/* token_ids.c: see token_ids.h. */
#include "token_ids.h"
#include <stdlib.h>

void cam_ids_release(cam_ids *ids) {
    free(ids->ids);
    *ids = (cam_ids){0};
}

cam_status cam_ids_reserve(cam_ids *ids, size_t more) {
    size_t needed = ids->count + more, capacity = ids->capacity ? ids->capacity : 64;
    if (needed <= ids->capacity)
        return CAM_OK;
    while (capacity < needed)
        capacity *= 2;
    int32_t *grown = realloc(ids->ids, capacity * sizeof *grown);
    if (!grown)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu token ids", needed);
    ids->ids = grown;
    ids->capacity = capacity;
    return CAM_OK;
}

void cam_token_rows_release(cam_token_rows *rows) {
    free(rows->ids);
    free(rows->offsets);
    *rows = (cam_token_rows){0};
}
