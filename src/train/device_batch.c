/* device_batch.c: see device_batch.h.
 *
 * Layout of both buffers for capacities T and B, in i32:
 *     ids[T] positions[T] token_row[T] token_index[T] cu_seqlens[B+1] row[B] list[B] list_index[B] list_cu[B+1]
 * labels[B]
 */
#include "device_batch.h"
#include <stdlib.h>
#include <string.h>

int64_t cam_token_bucket(int64_t tokens) {
    return (tokens + CAM_TOKEN_BUCKET - 1) / CAM_TOKEN_BUCKET * CAM_TOKEN_BUCKET;
}

static size_t layout_bytes(int64_t tokens, int64_t rows) {
    return (size_t)(4 * tokens + 6 * rows + 2) * sizeof(int32_t);
}

cam_status cam_device_batch_open(cam_device_batch *buffer, cam_backend *backend, int64_t max_tokens, int64_t max_rows) {
    cam_status st = CAM_OK;
    *buffer = (cam_device_batch){.backend = backend, .max_tokens = cam_token_bucket(max_tokens), .max_rows = max_rows};
    size_t bytes = layout_bytes(buffer->max_tokens, max_rows);
    void *device = NULL;
    buffer->host = malloc(bytes);
    if (!buffer->host)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a batch of %lld tokens", (long long)max_tokens);
    CAM_TRY(cam_backend_allocate(backend, bytes, &device));
    buffer->device = device;
out:
    return st;
}

void cam_device_batch_close(cam_device_batch *buffer) {
    free(buffer->host);
    if (buffer->backend)
        cam_backend_release(buffer->backend, buffer->device);
    *buffer = (cam_device_batch){0};
}

/* The next `count` values of a buffer; NULL while only sizes are counted. */
static cam_tensor carve(int32_t **at, int64_t count) {
    cam_tensor view = cam_tensor_1d(*at, CAM_I32, count);
    if (*at)
        *at += count;
    return view;
}

static cam_batch views(int32_t *at, int64_t tokens, int64_t rows, int32_t longest) {
    cam_batch batch = {.longest = longest};
    batch.ids = carve(&at, tokens);
    batch.positions = carve(&at, tokens);
    batch.token_row = carve(&at, tokens);
    batch.token_index = carve(&at, tokens);
    batch.cu_seqlens = carve(&at, rows + 1);
    batch.row = carve(&at, rows);
    batch.list = carve(&at, rows);
    batch.list_index = carve(&at, rows);
    batch.list_cu = carve(&at, rows + 1);
    batch.labels = carve(&at, rows);
    return batch;
}

cam_batch cam_device_batch_views(const cam_device_batch *buffer, int64_t tokens, int64_t rows, int32_t longest) {
    CAM_ASSERT(tokens <= buffer->max_tokens && rows <= buffer->max_rows);
    /* For counting: a fake address, as in arena.c, so that no view is taken for an absent one. */
    int32_t *base = buffer->device ? buffer->device : (int32_t *)(uintptr_t)CAM_ARENA_ALIGN;
    return views(base, tokens, rows, longest);
}

/* What is the same for both kinds of batch: labels, indices in the sequence, and the copy. */
static cam_status finish(cam_device_batch *buffer, const cam_batch *host, const int32_t *list, int64_t count,
                         const int32_t *labels, cam_batch *batch) {
    int32_t *label = host->labels.data, *list_index = host->list_index.data, *list_cu = host->list_cu.data;
    for (int64_t r = 0; r < count; r++) {
        label[r] = labels ? labels[list[r]] : 0;
        list_index[r] = 0;
        list_cu[r] = (int32_t)r;
    }
    list_cu[count] = (int32_t)count;
    int64_t tokens = host->ids.shape[0];
    *batch = views(buffer->device, tokens, count, host->longest);
    return cam_backend_copy(buffer->backend, buffer->device, buffer->host, layout_bytes(tokens, count), CAM_TO_DEVICE);
}

cam_status cam_device_batch_upload(cam_device_batch *buffer, const cam_token_rows *rows, const int32_t *list,
                                   int64_t count, const int32_t *labels, const int32_t *word_row, int32_t pad_id,
                                   cam_batch *batch, int64_t *tokens) {
    cam_status st = CAM_OK;
    int64_t longest = 0;
    *tokens = cam_packing_tokens(rows, list, count, &longest);
    int64_t capacity = cam_token_bucket(*tokens);
    CAM_ASSERT(capacity <= buffer->max_tokens && count <= buffer->max_rows);
    cam_batch host = views(buffer->host, capacity, count, (int32_t)longest);
    memset(host.ids.data, 0, (size_t)capacity * 4 * sizeof(int32_t));
    cam_packed_batch packed = {.token_capacity = capacity,
                               .sequence_capacity = count,
                               .ids = host.ids.data,
                               .positions = host.positions.data,
                               .token_row = host.token_row.data,
                               .token_index = host.token_index.data,
                               .cu_seqlens = host.cu_seqlens.data,
                               .first_token = host.list.data,
                               .row_ids = host.row.data};
    CAM_TRY(cam_packing_pack(&packed, rows, list, count, pad_id));
    for (int64_t t = 0; word_row && t < *tokens; t++) {
        packed.ids[t] = word_row[packed.ids[t]];
        CAM_ASSERT(packed.ids[t] >= 0);
    }
    CAM_TRY(finish(buffer, &host, list, count, labels, batch));
out:
    return st;
}

cam_status cam_device_batch_upload_rows(cam_device_batch *buffer, const int32_t *list, int64_t count,
                                        const int32_t *labels, cam_batch *batch) {
    CAM_ASSERT(count <= buffer->max_rows);
    cam_batch host = views(buffer->host, 0, count, 0);
    memset(host.cu_seqlens.data, 0, (size_t)(count + 1) * sizeof(int32_t));
    memcpy(host.row.data, list, (size_t)count * sizeof *list);
    memcpy(host.list.data, list, (size_t)count * sizeof *list);
    return finish(buffer, &host, list, count, labels, batch);
}
