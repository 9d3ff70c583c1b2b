/* batch_stream.h: the epoch's schedule of micro-batches, uploaded once; each batch is packed on the device.
 *
 * cam_batch_stream_begin uploads the order of the rows, the plan of the micro-steps and the step state in one copy.
 * After that, each cam_batch_stream_next packs the next batch on the device from the data set in device memory
 * (operator step_begin), without a copy from the host. All addresses stay the same for the life of a stream, so a
 * captured step can be launched again for any micro-step of its shape.
 */
#ifndef CAM_BATCH_STREAM_H
#define CAM_BATCH_STREAM_H

#include "camembert.h"
#include "device_data.h"
#include "device_masking.h"

/* The capacity for a batch of `tokens` tokens, or of as many query rows: the next multiple of 16 up to 1,024; above, the
 * next multiple of 1/32 of the power of two below it. There are few such capacities, so few graphs are captured. */
int64_t cam_token_size_class(int64_t tokens);
/* The length bound for a batch whose longest sequence has `longest` tokens: the next power of two, at least 16 and at
 * most `max`. */
int32_t cam_length_size_class(int64_t longest, int32_t max);

typedef struct cam_batch_stream_limits {
    int64_t order, micro_steps, updates; /* what one cam_batch_stream_begin uploads at most */
    int64_t tokens, rows;                /* of one batch; tokens 0: batches hold rows but no tokens */
    int64_t queries; /* of one batch, at least `rows`; 0: no masks, each row's <s> is its query row */
} cam_batch_stream_limits;

typedef struct cam_batch_stream {
    cam_backend *backend;
    const cam_device_data *data;
    const cam_device_masking *masking; /* set after open, where limits.queries is not 0 */
    cam_batch_stream_limits limits;
    char *host, *device; /* one buffer of state, corrections, plan and order, in host and in device memory */
    size_t bytes;        /* of this buffer */
    int32_t *batch;      /* device memory: the arrays of cam_batch */
} cam_batch_stream;

/* Where the data set has no labels, a batch has label 0 for every row. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_batch_stream_open(cam_batch_stream *stream, cam_backend *backend,
                                                const cam_device_data *data, const cam_batch_stream_limits *limits);
void cam_batch_stream_close(cam_batch_stream *stream);
size_t cam_batch_stream_bytes(const cam_batch_stream_limits *limits); /* device memory that open allocates */

/* The host's copies, which the caller fills in before cam_batch_stream_begin. */
cam_step_state *cam_batch_stream_host_state(const cam_batch_stream *stream);
cam_bias_corrections *cam_batch_stream_host_corrections(const cam_batch_stream *stream); /* [limits.updates + 1] */
cam_micro_step *cam_batch_stream_host_plan(const cam_batch_stream *stream);              /* [limits.micro_steps] */
int32_t *cam_batch_stream_host_order(const cam_batch_stream *stream);                    /* [limits.order] */
CAM_MUST_CHECK cam_status cam_batch_stream_begin(cam_batch_stream *stream);

cam_step_state *cam_batch_stream_state(const cam_batch_stream *stream); /* device memory; NULL before open */
/* Views of a batch with these capacities; `queries` is 0 without masks, otherwise at least `rows`. To count memory,
 * `stream` may be one with only its limits set. */
cam_batch cam_batch_stream_batch(const cam_batch_stream *stream, int64_t tokens, int64_t rows, int64_t queries,
                                 int32_t longest);
/* Packs the next micro-step's batch into those views, and masks it. */
CAM_MUST_CHECK cam_status cam_batch_stream_next(cam_batch_stream *stream, const cam_batch *batch);

#endif
