/* device_data.c: see device_data.h. One buffer holds offsets[rows + 1] labels[rows], another the ids[tokens]. */
#include "device_data.h"
#include <stdlib.h>
#include <string.h>

static cam_status upload(cam_device_data *data, const void *from, size_t bytes, void **memory) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_backend_allocate(data->backend, bytes, memory));
    CAM_TRY(cam_backend_copy(data->backend, *memory, from, bytes, CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(data->backend));
out:
    return st;
}

static cam_status upload_rows(cam_device_data *data, const cam_token_rows *tokens, const int32_t *labels) {
    cam_status st = CAM_OK;
    int64_t rows = tokens->rows;
    size_t bytes = (size_t)(rows + 1 + (labels ? rows : 0)) * sizeof(int32_t);
    int32_t *host = malloc(bytes);
    if (!host)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)rows);
    for (int64_t r = 0; r <= rows; r++)
        host[r] = (int32_t)tokens->offsets[r];
    if (labels)
        memcpy(host + rows + 1, labels, (size_t)rows * sizeof *labels);
    CAM_TRY(upload(data, host, bytes, &data->memory));
    data->offsets = cam_tensor_1d(data->memory, CAM_I32, rows + 1);
    if (labels)
        data->labels = cam_tensor_1d((int32_t *)data->memory + rows + 1, CAM_I32, rows);
out:
    free(host);
    return st;
}

static cam_status upload_ids(cam_device_data *data, const cam_token_rows *tokens, const int32_t *word_row) {
    cam_status st = CAM_OK;
    int64_t count = tokens->offsets[tokens->rows];
    size_t bytes = (size_t)count * sizeof(int32_t);
    int32_t *kept = NULL;
    data->ids = cam_tensor_1d(tokens->ids, CAM_I32, count);
    if (data->backend->host_memory && !word_row)
        return CAM_OK;
    if (word_row) {
        kept = malloc(bytes ? bytes : 1);
        if (!kept)
            CAM_FAIL(CAM_E_MEMORY, "no memory for %lld tokens", (long long)count);
        for (int64_t t = 0; t < count; t++) {
            kept[t] = word_row[tokens->ids[t]];
            CAM_ASSERT(kept[t] >= 0);
        }
    }
    CAM_TRY(upload(data, kept ? kept : tokens->ids, bytes, &data->own_ids));
    data->ids.data = data->own_ids;
out:
    free(kept);
    return st;
}

cam_status cam_device_data_open(cam_device_data *data, cam_backend *backend, const cam_token_rows *tokens,
                                const int32_t *labels, const int32_t *word_row, const cam_model_config *config) {
    cam_status st = CAM_OK;
    int64_t count = tokens->offsets[tokens->rows];
    int32_t pad = config->pad_token_id;
    *data = (cam_device_data){.backend = backend,
                              .pad_id = word_row ? word_row[pad] : pad,
                              .pad_position = pad,
                              .first_position = cam_model_config_first_position(config)};
    if (count > INT32_MAX)
        CAM_FAIL(CAM_E_DATA, "the data has %lld tokens; a run takes at most %d", (long long)count, INT32_MAX);
    CAM_TRY(upload_rows(data, tokens, labels));
    CAM_TRY(upload_ids(data, tokens, word_row));
out:
    if (st != CAM_OK)
        cam_device_data_close(data);
    return st;
}

void cam_device_data_close(cam_device_data *data) {
    if (data->backend) {
        cam_backend_release(data->backend, data->memory);
        cam_backend_release(data->backend, data->own_ids);
    }
    *data = (cam_device_data){0};
}
