/* trainer_internal.h: functions that trainer_open.c (opening) and trainer.c (steps) both use. */
#ifndef CAM_TRAINER_INTERNAL_H
#define CAM_TRAINER_INTERNAL_H

#include "parameter_exchange.h"
#include "partition_internal.h"
#include "trainer.h"

/* Whether the query rows are tokens that step_mask chooses: in pretraining. */
static inline int cam_trainer_masks(const cam_trainer *trainer) {
    return trainer->options.config->task != CAM_TASK_CLASSIFY;
}

/* Whether features are computed once: a frozen encoder without dropout gives a row the same features in every epoch. */
static inline int cam_trainer_keeps_features(const cam_trainer *trainer) {
    const cam_trainer_options *o = &trainer->options;
    return o->rates.frozen_depth > (int)o->config->num_hidden_layers && !o->frozen_dropout &&
           !cam_trainer_masks(trainer);
}

/* Rows of the micro-batch that starts `done` rows into a span. */
static inline int64_t cam_trainer_micro_rows(const cam_trainer *trainer, const cam_update_span *span, int64_t done) {
    int64_t left = span->rows - done;
    return left < trainer->plan.batch_rows ? left : trainer->plan.batch_rows;
}

/* Device memory that this rank may allocate: on the CPU, the ranks of one machine divide its memory. */
size_t cam_trainer_available_bytes(const cam_trainer *trainer);

/* trainer_open.c: plans the training of the options' rows and seed, and finds its sizes. */
CAM_MUST_CHECK cam_status cam_trainer_plan_training(cam_trainer *trainer);
CAM_MUST_CHECK cam_status cam_trainer_upload_class_weights(cam_trainer *trainer);
/* Computes the features of a frozen encoder, once for the whole run. */
CAM_MUST_CHECK cam_status cam_trainer_compute_features(cam_trainer *trainer);
/* trainer_repeat.c: sets the options that belong to a repetition. */
void cam_trainer_choose(cam_trainer *trainer, int64_t repetition);

/* Loads an epoch's order, and with masks counts the chosen tokens of its rows. */
void cam_trainer_load_order(cam_trainer *trainer, int64_t epoch);
/* The capacity of query rows for as many chosen tokens in batches of `rows` rows; 0 without masks. */
int64_t cam_trainer_queries(const cam_trainer *trainer, int64_t chosen, int64_t rows);

/* Splits the micro-batch order.rows[first .. first + rows) among the ranks and fills trainer->partition: rank r has
 * order.rows[first + partition[r] .. first + partition[r + 1]). */
cam_micro_shape cam_trainer_partition(cam_trainer *trainer, int64_t first, int64_t rows);
/* cam_model_load on rank 0, and a broadcast of the weights to the other ranks. */
CAM_MUST_CHECK cam_status cam_trainer_load(cam_trainer *trainer, const cam_model_source *source, int *fresh_head);

/* Whether the update of a step runs beside the next step. Sharded state ends its step with a collective. */
static inline int cam_trainer_defers_update(const cam_trainer *trainer) {
    return cam_backend_has_side(trainer->backend) && !trainer->params.sharding.sharded;
}
/* trainer_update.c. begin_update submits a deferred update, before the first pass of a step; wait_for_weights and
 * sum_squares are the pass's weights_needed and gradients_ready; end_step is the norm, the update unless it is deferred,
 * and the record. */
CAM_MUST_CHECK cam_status cam_trainer_open_update(cam_trainer *trainer);
CAM_MUST_CHECK cam_status cam_trainer_begin_update(cam_trainer *trainer);
CAM_MUST_CHECK cam_status cam_trainer_wait_for_weights(void *context, int depth);
CAM_MUST_CHECK cam_status cam_trainer_sum_squares(void *context, int depth);
CAM_MUST_CHECK cam_status cam_trainer_end_step(cam_trainer *trainer);

/* Forward, loss and backward of a batch that `stream` has packed. Activations come from the trainer's arena; with a
 * counting arena, nothing is computed. With `exchange`, gradients are summed over the ranks as they become ready. */
CAM_MUST_CHECK cam_status cam_trainer_pass(cam_trainer *trainer, const cam_batch_stream *stream, const cam_batch *batch,
                                           int accumulate, int exchange);

#endif
