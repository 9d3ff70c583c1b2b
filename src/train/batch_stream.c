/* batch_stream.c: see batch_stream.h.
 *
 * Layout of a batch with capacities T and B, in i32:
 *     source_ids[T] positions[T] token_row[T] token_index[T]
 *     cu_seqlens[B+1] row[B] list[R] list_index[R] list_cu[B+1] labels[R]
 * and with masks
 *     ids[T] list_row[R]
 * Without masks ids are source_ids, list_row is row, and R = B.
 */
#include "batch_stream.h"
#include <stdlib.h>
#include <string.h>

int64_t cam_token_size_class(const cam_backend *backend, int64_t tokens) {
    int64_t step = backend->token_step;
    CAM_ASSERT(step > 0);
    while (32 * step * 2 <= tokens)
        step *= 2;
    return (tokens + step - 1) / step * step;
}

int32_t cam_length_size_class(const cam_backend *backend, int64_t longest, int32_t max) {
    int32_t bound = backend->least_length;
    CAM_ASSERT(bound > 0);
    while (bound < longest)
        bound *= 2;
    return bound < max ? bound : max;
}

/* The offset of each part of the uploaded buffer; begin[END] is its size. */
enum { STATE, CORRECTIONS, PLAN, ORDER, END };
static void layout(const cam_batch_stream_limits *limits, size_t begin[END + 1]) {
    const size_t bytes[END] = {[STATE] = sizeof(cam_step_state),
                               [CORRECTIONS] = (size_t)(limits->updates + 1) * sizeof(cam_bias_corrections),
                               [PLAN] = (size_t)limits->micro_steps * sizeof(cam_micro_step),
                               [ORDER] = (size_t)limits->order * sizeof(int32_t)};
    begin[0] = 0;
    for (int part = 0; part < END; part++)
        begin[part + 1] = (begin[part] + bytes[part] + CAM_ARENA_ALIGN - 1) / CAM_ARENA_ALIGN * CAM_ARENA_ALIGN;
}

static char *part_of(const cam_batch_stream *stream, char *base, int part) {
    size_t begin[END + 1];
    layout(&stream->limits, begin);
    return base + begin[part];
}

static size_t batch_bytes(const cam_batch_stream_limits *limits) {
    int64_t always = 4 * limits->tokens + 3 * limits->rows + 2;
    return (size_t)(always + (limits->queries ? limits->tokens + 4 * limits->queries : 3 * limits->rows)) *
           sizeof(int32_t);
}

size_t cam_batch_stream_bytes(const cam_batch_stream_limits *limits) {
    size_t begin[END + 1];
    layout(limits, begin);
    return begin[END] + batch_bytes(limits);
}

cam_status cam_batch_stream_open(cam_batch_stream *stream, cam_backend *backend, const cam_device_data *data,
                                 const cam_batch_stream_limits *limits) {
    cam_status st = CAM_OK;
    void *memory = NULL;
    size_t begin[END + 1];
    *stream = (cam_batch_stream){.backend = backend, .data = data, .limits = *limits};
    layout(limits, begin);
    stream->bytes = begin[END];
    CAM_TRY(cam_backend_allocate_staging(backend, stream->bytes, &memory));
    stream->host = memory;
    memset(stream->host, 0, stream->bytes);
    CAM_TRY(cam_backend_allocate(backend, stream->bytes, &memory));
    stream->device = memory;
    CAM_TRY(cam_backend_allocate(backend, batch_bytes(limits), &memory));
    stream->batch = memory;
    CAM_TRY(cam_backend_zero(backend, stream->batch, batch_bytes(limits)));
out:
    if (st != CAM_OK)
        cam_batch_stream_close(stream);
    return st;
}

void cam_batch_stream_close(cam_batch_stream *stream) {
    if (stream->backend) {
        cam_backend_release(stream->backend, stream->batch);
        cam_backend_release(stream->backend, stream->device);
        cam_backend_release_staging(stream->backend, stream->host);
    }
    *stream = (cam_batch_stream){0};
}

cam_step_state *cam_batch_stream_host_state(const cam_batch_stream *stream) {
    return (cam_step_state *)(void *)part_of(stream, stream->host, STATE);
}
cam_bias_corrections *cam_batch_stream_host_corrections(const cam_batch_stream *stream) {
    return (cam_bias_corrections *)(void *)part_of(stream, stream->host, CORRECTIONS);
}
cam_micro_step *cam_batch_stream_host_plan(const cam_batch_stream *stream) {
    return (cam_micro_step *)(void *)part_of(stream, stream->host, PLAN);
}
int32_t *cam_batch_stream_host_order(const cam_batch_stream *stream) {
    return (int32_t *)(void *)part_of(stream, stream->host, ORDER);
}
cam_step_state *cam_batch_stream_state(const cam_batch_stream *stream) {
    return stream->device ? (cam_step_state *)(void *)part_of(stream, stream->device, STATE) : NULL;
}

cam_status cam_batch_stream_begin(cam_batch_stream *stream) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_backend_copy(stream->backend, stream->device, stream->host, stream->bytes, CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(stream->backend));
out:
    return st;
}

/* A view of the next `count` values at *at, which moves past them. */
static cam_tensor carve(int32_t **at, int64_t count) {
    cam_tensor view = cam_tensor_1d(*at, CAM_I32, count);
    *at += count;
    return view;
}

cam_batch cam_batch_stream_batch(const cam_batch_stream *stream, int64_t tokens, int64_t rows, int64_t queries,
                                 int32_t longest) {
    int64_t listed = queries ? queries : rows;
    CAM_ASSERT(tokens <= stream->limits.tokens && rows <= stream->limits.rows && queries <= stream->limits.queries);
    CAM_ASSERT(listed >= rows);
    /* When memory is counted there is no buffer. Any address but NULL will do: a view at NULL means an absent
     * tensor. */
    int32_t *at = stream->batch ? stream->batch : (int32_t *)(uintptr_t)CAM_ARENA_ALIGN;
    cam_batch batch = {.longest = longest};
    batch.ids = carve(&at, tokens);
    batch.positions = carve(&at, tokens);
    batch.token_row = carve(&at, tokens);
    batch.token_index = carve(&at, tokens);
    batch.cu_seqlens = carve(&at, rows + 1);
    batch.row = carve(&at, rows);
    batch.list = carve(&at, listed);
    batch.list_index = carve(&at, listed);
    batch.list_cu = carve(&at, rows + 1);
    batch.labels = carve(&at, listed);
    batch.list_row = batch.row;
    if (queries) {
        batch.source_ids = batch.ids;
        batch.ids = carve(&at, tokens);
        batch.list_row = carve(&at, listed);
    }
    return batch;
}

static cam_status mask(const cam_batch_stream *stream, const cam_batch *batch) {
    return cam_step_mask(stream->backend, &(cam_step_mask_args){.masked = batch->ids,
                                                                .list = batch->list,
                                                                .list_row = batch->list_row,
                                                                .list_index = batch->list_index,
                                                                .list_cu = batch->list_cu,
                                                                .labels = batch->labels,
                                                                .ids = batch->source_ids,
                                                                .token_row = batch->token_row,
                                                                .token_index = batch->token_index,
                                                                .piece_kind = stream->masking->piece_kind,
                                                                .map = stream->masking->map,
                                                                .state = cam_batch_stream_state(stream)});
}

cam_status cam_batch_stream_next(cam_batch_stream *stream, const cam_batch *batch) {
    cam_status st = CAM_OK;
    const cam_device_data *data = stream->data;
    int64_t rows = batch->row.shape[0];
    int masks = batch->source_ids.data != NULL;
    /* With masks the lists are as long as there are query rows, and step_mask writes them again. */
    cam_step_begin_args args = {
        .row = batch->row,
        .list = cam_tensor_rows(batch->list, 0, rows),
        .list_index = cam_tensor_rows(batch->list_index, 0, rows),
        .list_cu = batch->list_cu,
        .labels = cam_tensor_rows(batch->labels, 0, rows),
        .order = cam_tensor_1d(part_of(stream, stream->device, ORDER), CAM_I32, stream->limits.order),
        .offsets = data->offsets,
        .data_labels = data->labels,
        .pad_id = data->pad_id,
        .pad_position = data->pad_position,
        .first_position = data->first_position,
        .plan = (const cam_micro_step *)(const void *)part_of(stream, stream->device, PLAN),
        .corrections = (const cam_bias_corrections *)(const void *)part_of(stream, stream->device, CORRECTIONS),
        .state = cam_batch_stream_state(stream)};
    if (batch->ids.shape[0] > 0) {
        args.ids = masks ? batch->source_ids : batch->ids;
        args.positions = batch->positions;
        args.token_row = batch->token_row;
        args.token_index = batch->token_index;
        args.cu_seqlens = batch->cu_seqlens;
        args.data_ids = data->ids;
    }
    CAM_TRY(cam_step_begin(stream->backend, &args));
    if (masks)
        CAM_TRY(mask(stream, batch));
out:
    return st;
}
