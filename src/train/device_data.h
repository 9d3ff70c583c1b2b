/* device_data.h: the tokenised data set in device memory. It is uploaded once; steps pack their batches from it. Where the
 * device's memory is the host's and every id keeps its row, the caller's ids are used where they are. */
#ifndef CAM_DEVICE_DATA_H
#define CAM_DEVICE_DATA_H

#include "cam/backend.h"
#include "cam/tensor.h"
#include "model_config.h"
#include "packing.h"

typedef struct cam_device_data {
    cam_backend *backend;
    void *memory;
    cam_tensor offsets; /* [rows + 1] i32: row r has tokens [offsets[r], offsets[r + 1]) */
    cam_tensor ids;     /* [tokens] i32, rows of the kept vocabulary; the caller's memory where `own_ids` is NULL */
    void *own_ids;
    cam_tensor labels;                            /* [rows] i32; absent if the data has no labels */
    int32_t pad_id, pad_position, first_position; /* as step_begin takes them */
} cam_device_data;

/* Uploads `tokens` and `labels` ([rows]; NULL: no labels). `word_row` maps file ids to kept rows (NULL: all are kept).
 * `tokens` must stay valid until close. CAM_E_MEMORY; CAM_E_DATA for more than INT32_MAX tokens. After a failure there is
 * nothing to close. */
CAM_MUST_CHECK cam_status cam_device_data_open(cam_device_data *data, cam_backend *backend,
                                               const cam_token_rows *tokens, const int32_t *labels,
                                               const int32_t *word_row, const cam_model_config *config);
void cam_device_data_close(cam_device_data *data);

#endif
