/* device_data.h: the tokenised data set in the device's memory, where it stays: steps pack their batches from it there.
 */
#ifndef CAM_DEVICE_DATA_H
#define CAM_DEVICE_DATA_H

#include "cam/backend.h"
#include "cam/tensor.h"
#include "model_config.h"
#include "packing.h"

typedef struct cam_device_data {
    cam_backend *backend;
    void *memory;
    cam_tensor offsets;   /* [rows + 1] i32: row r has tokens [offsets[r], offsets[r + 1]) */
    cam_tensor ids;       /* [tokens] i32, rows of the kept vocabulary */
    cam_tensor positions; /* [tokens] i32 */
    cam_tensor labels;    /* [rows] i32; absent where there are none */
} cam_device_data;

/* Copies `tokens` over. `labels` ([rows]) may be NULL; `word_row` (file id to kept row) may be NULL: all are kept.
 * `config` says the positions.
 * CAM_E_MEMORY; CAM_E_DATA where there are more than INT32_MAX tokens. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_device_data_open(cam_device_data *data, cam_backend *backend,
                                               const cam_token_rows *tokens, const int32_t *labels,
                                               const int32_t *word_row, const cam_model_config *config);
void cam_device_data_close(cam_device_data *data);

#endif
