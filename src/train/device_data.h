/* device_data.h: the tokenised data set in device memory. It is uploaded once; steps pack their batches from it. */
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
    cam_tensor labels;    /* [rows] i32; absent if the data has no labels */
} cam_device_data;

/* Uploads `tokens` and `labels` ([rows]; NULL: no labels). `word_row` maps file ids to kept rows (NULL: all are kept).
 * The positions are computed as `config` says.
 * CAM_E_MEMORY; CAM_E_DATA for more than INT32_MAX tokens. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_device_data_open(cam_device_data *data, cam_backend *backend,
                                               const cam_token_rows *tokens, const int32_t *labels,
                                               const int32_t *word_row, const cam_model_config *config);
void cam_device_data_close(cam_device_data *data);

#endif
