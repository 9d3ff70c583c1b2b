/* trainer_internal.h: what opening a trainer (trainer_open.c) and stepping it (trainer.c) share. */
#ifndef CAM_TRAINER_INTERNAL_H
#define CAM_TRAINER_INTERNAL_H

#include "parameter_exchange.h"
#include "partition_internal.h"
#include "trainer.h"

/* A frozen encoder that drops nothing out says the same of a row in every epoch. */
static inline int cam_trainer_keeps_features(const cam_trainer *trainer) {
    const cam_trainer_options *o = &trainer->options;
    return o->rates.frozen_depth > (int)o->config->num_hidden_layers && !o->frozen_dropout;
}

/* Rows of the micro-batch that starts `done` rows into a span. */
static inline int64_t cam_trainer_micro_rows(const cam_trainer *trainer, const cam_update_span *span, int64_t done) {
    int64_t left = span->rows - done;
    return left < trainer->plan.batch_rows ? left : trainer->plan.batch_rows;
}

/* Cuts the micro-batch of `rows` rows that begins at place `first` of the order: rank r's run is order.rows[first +
 * cuts[r]] to [first + cuts[r + 1]]. */
cam_micro_shape cam_trainer_partition(cam_trainer *trainer, int64_t first, int64_t rows);
/* cam_model_load; of several ranks the first loads, and the others receive. */
CAM_MUST_CHECK cam_status cam_trainer_load(cam_trainer *trainer, const cam_model_source *source, int *fresh_head);
cam_optimizer_comm cam_trainer_optimizer_comm(const cam_trainer *trainer);

/* Forward, loss and backward of a batch that `stream` has packed, from the trainer's arena; only counted where the arena
 * counts. With `exchange`, gradients are summed over the ranks as they become ready. */
CAM_MUST_CHECK cam_status cam_trainer_pass(cam_trainer *trainer, const cam_batch_stream *stream, const cam_batch *batch,
                                           int accumulate, int exchange);

#endif
