/* device_data.c: see device_data.h. One buffer holds offsets[rows + 1] ids[tokens] positions[tokens] labels[rows]. */
#include "device_data.h"
#include <stdlib.h>
#include <string.h>

/* Packs the whole data set as one batch: its cu_seqlens are the offsets. */
static cam_status pack_all(const cam_token_rows *tokens, int32_t *host, const cam_model_config *config) {
    cam_status st = CAM_OK;
    int64_t rows = tokens->rows, count = tokens->offsets[rows];
    int32_t *list = malloc((size_t)(rows + 1) * sizeof *list);
    if (!list)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)rows);
    for (int64_t r = 0; r < rows; r++)
        list[r] = (int32_t)r;
    cam_packed_batch whole = {.token_capacity = count,
                              .sequence_capacity = rows,
                              .cu_seqlens = host,
                              .ids = host + rows + 1,
                              .positions = host + rows + 1 + count};
    CAM_TRY(
        cam_packing_pack(&whole, tokens, list, rows, config->pad_token_id, cam_model_config_first_position(config)));
out:
    free(list);
    return st;
}

static void set_views(cam_device_data *data, int64_t rows, int64_t tokens, int has_labels) {
    int32_t *at = data->memory;
    data->offsets = cam_tensor_1d(at, CAM_I32, rows + 1);
    data->ids = cam_tensor_1d(at += rows + 1, CAM_I32, tokens);
    data->positions = cam_tensor_1d(at += tokens, CAM_I32, tokens);
    data->labels = has_labels ? cam_tensor_1d(at + tokens, CAM_I32, rows) : CAM_NONE;
}

cam_status cam_device_data_open(cam_device_data *data, cam_backend *backend, const cam_token_rows *tokens,
                                const int32_t *labels, const int32_t *word_row, const cam_model_config *config) {
    cam_status st = CAM_OK;
    int64_t rows = tokens->rows, count = tokens->offsets[rows];
    size_t bytes = (size_t)(2 * rows + 1 + 2 * count) * sizeof(int32_t);
    *data = (cam_device_data){.backend = backend};
    int32_t *host = NULL;
    if (count > INT32_MAX)
        CAM_FAIL(CAM_E_DATA, "the data has %lld tokens; a run takes at most %d", (long long)count, INT32_MAX);
    host = malloc(bytes);
    if (!host)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld tokens", (long long)count);
    CAM_TRY(pack_all(tokens, host, config));
    int32_t *ids = host + rows + 1;
    for (int64_t t = 0; word_row && t < count; t++) {
        ids[t] = word_row[ids[t]];
        CAM_ASSERT(ids[t] >= 0);
    }
    if (labels)
        memcpy(ids + 2 * count, labels, (size_t)rows * sizeof *labels);
    else
        memset(ids + 2 * count, 0, (size_t)rows * sizeof *ids);
    CAM_TRY(cam_backend_allocate(backend, bytes, &data->memory));
    CAM_TRY(cam_backend_copy(backend, data->memory, host, bytes, CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(backend));
    set_views(data, rows, count, labels != NULL);
out:
    free(host);
    if (st != CAM_OK)
        cam_device_data_close(data);
    return st;
}

void cam_device_data_close(cam_device_data *data) {
    if (data->backend)
        cam_backend_release(data->backend, data->memory);
    *data = (cam_device_data){0};
}
