/* device_batch.h: rows of the data set on their way to the device, as one packed batch.
 *
 * Ids become rows of the kept vocabulary here. One host buffer and one device buffer, of the largest batch's size,
 * serve all batches; one copy fills them. Token capacities are multiples of CAM_TOKEN_BUCKET, so that few shapes occur.
 */
#ifndef CAM_DEVICE_BATCH_H
#define CAM_DEVICE_BATCH_H

#include "camembert.h"
#include "packing.h"

enum { CAM_TOKEN_BUCKET = 16 };

typedef struct cam_device_batch {
    cam_backend *backend;
    int64_t max_tokens, max_rows;
    int32_t *host, *device; /* the arrays of cam_batch, one after another */
} cam_device_batch;

int64_t cam_token_bucket(int64_t tokens); /* rounded up */

CAM_MUST_CHECK cam_status cam_device_batch_open(cam_device_batch *buffer, cam_backend *backend, int64_t max_tokens,
                                                int64_t max_rows);
void cam_device_batch_close(cam_device_batch *buffer);

/* Views of a batch with these capacities, as upload makes them; the contents are undefined. For planning. */
cam_batch cam_device_batch_views(const cam_device_batch *buffer, int64_t tokens, int64_t rows, int32_t longest);

/* Packs rows list[count] and copies them over. `labels` (by data row id) may be NULL. `word_row` (file id to kept row)
 * may be NULL: all are kept. *tokens is the true T. The host buffer is free again after the backend's next synchronize.
 */
CAM_MUST_CHECK cam_status cam_device_batch_upload(cam_device_batch *buffer, const cam_token_rows *rows,
                                                  const int32_t *list, int64_t count, const int32_t *labels,
                                                  const int32_t *word_row, int32_t pad_id, cam_batch *batch,
                                                  int64_t *tokens);

/* The part of a batch that a head on kept features needs: row, list (= data row ids), list_index, labels. */
CAM_MUST_CHECK cam_status cam_device_batch_upload_rows(cam_device_batch *buffer, const int32_t *list, int64_t count,
                                                       const int32_t *labels, cam_batch *batch);

#endif
