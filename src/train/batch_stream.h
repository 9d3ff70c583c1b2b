/* stream.h: a walk over rows of the data set in micro-steps, laid out on the device beforehand.
 *
 * cam_batch_stream_begin uploads the order of the rows, the plan of the micro-steps and the step state in one copy; from then
 * on each cam_batch_stream_next packs the next batch there, from the data set that lies there (operator step_begin), and
 * nothing comes from the host any more. All addresses stay the same for the life of a stream, so a captured step can be
 * launched for any micro-step of its shape.
 */
#ifndef CAM_BATCH_STREAM_H
#define CAM_BATCH_STREAM_H

#include "camembert.h"
#include "device_data.h"

/* Token capacities of batches are few: multiples of 16 up to 1,024, of 1/32 of the power of two below them beyond. */
int64_t cam_token_size_class(int64_t tokens);
/* Bounds of the longest sequence are powers of two from 16 on, but for the last: at most `most`. */
int32_t cam_length_size_class(int64_t longest, int32_t most);

typedef struct cam_batch_stream_limits {
    int64_t order, micro_steps, updates; /* of one begin */
    int64_t tokens, rows;                /* of one batch; tokens 0: batches of rows only */
} cam_batch_stream_limits;

typedef struct cam_batch_stream {
    cam_backend *backend;
    const cam_device_data *data;
    cam_batch_stream_limits limits;
    char *host, *device; /* state, corrections, plan, order: one buffer there, its image here */
    size_t bytes;
    int32_t *batch; /* device: the arrays of cam_batch */
} cam_batch_stream;

/* A data set without labels gives labels 0. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_batch_stream_open(cam_batch_stream *stream, cam_backend *backend,
                                                const cam_device_data *data, const cam_batch_stream_limits *limits);
void cam_batch_stream_close(cam_batch_stream *stream);
size_t cam_batch_stream_bytes(const cam_batch_stream_limits *limits); /* of device memory that open takes */

/* The host's images, to be filled in before cam_batch_stream_begin. */
cam_step_state *cam_batch_stream_host_state(const cam_batch_stream *stream);
cam_bias_corrections *cam_batch_stream_host_corrections(const cam_batch_stream *stream); /* [limits.updates + 1] */
cam_micro_step *cam_batch_stream_host_plan(const cam_batch_stream *stream);              /* [limits.micro_steps] */
int32_t *cam_batch_stream_host_order(const cam_batch_stream *stream);                    /* [limits.order] */
CAM_MUST_CHECK cam_status cam_batch_stream_begin(cam_batch_stream *stream);

cam_step_state *cam_batch_stream_state(const cam_batch_stream *stream); /* the device's; NULL before open */
/* Views of a batch with these capacities; `stream` may be unopened, with limits set: for planning. */
cam_batch cam_batch_stream_batch(const cam_batch_stream *stream, int64_t tokens, int64_t rows, int32_t longest);
/* Packs the next micro-step's batch into those views. */
CAM_MUST_CHECK cam_status cam_batch_stream_next(cam_batch_stream *stream, const cam_batch *batch);

#endif
