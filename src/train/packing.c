/* packing.c: see packing.h. */
#include "packing.h"
#include <string.h>

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

static cam_status check(const cam_packed_batch *batch, const cam_token_rows *rows, const int32_t *list, int64_t count) {
    for (int64_t b = 0; b < count; b++)
        if (list[b] < 0 || list[b] >= rows->rows)
            return cam_fail(CAM_E_INTERNAL, "row %d of a batch is not among %lld rows", list[b], (long long)rows->rows);
    int64_t tokens = cam_packing_tokens(rows, list, count, NULL);
    if (tokens > batch->token_capacity || count > batch->sequence_capacity || tokens > INT32_MAX)
        return cam_fail(CAM_E_INTERNAL, "a batch of %lld tokens in %lld rows does not fit %lld tokens in %lld rows",
                        (long long)tokens, (long long)count, (long long)batch->token_capacity,
                        (long long)batch->sequence_capacity);
    return CAM_OK;
}

static void pack_positions(int32_t *positions, const int32_t *ids, int64_t length, int32_t pad_id,
                           int32_t first_position) {
    int32_t next = first_position;
    for (int64_t t = 0; t < length; t++)
        positions[t] = ids[t] == pad_id ? pad_id : next++;
}

cam_status cam_packing_pack(cam_packed_batch *batch, const cam_token_rows *rows, const int32_t *list, int64_t count,
                            int32_t pad_id, int32_t first_position) {
    cam_status st = CAM_OK;
    int64_t at = 0;
    CAM_TRY(check(batch, rows, list, count));
    for (int64_t b = 0; b < count; b++) {
        const int32_t *ids = rows->ids + rows->offsets[list[b]];
        int64_t length = rows->offsets[list[b] + 1] - rows->offsets[list[b]];
        CAM_ASSERT(length > 0);
        memcpy(batch->ids + at, ids, (size_t)length * sizeof *ids);
        if (batch->positions)
            pack_positions(batch->positions + at, ids, length, pad_id, first_position);
        for (int64_t t = 0; batch->token_row && t < length; t++)
            batch->token_row[at + t] = list[b];
        for (int64_t t = 0; batch->token_index && t < length; t++)
            batch->token_index[at + t] = (int32_t)t;
        if (batch->cu_seqlens)
            batch->cu_seqlens[b] = (int32_t)at;
        if (batch->first_token)
            batch->first_token[b] = (int32_t)at;
        if (batch->row_ids)
            batch->row_ids[b] = list[b];
        at += length;
    }
    if (batch->cu_seqlens)
        batch->cu_seqlens[count] = (int32_t)at;
    batch->tokens = cam_packing_tokens(rows, list, count, &batch->longest);
    batch->sequences = count;
out:
    return st;
}
