/* trainer.h: a model on its way through training: one call an optimizer step.
 *
 * The trainer knows token ids, labels and numbers; files, logs and decisions are run.c's. Everything it computes is a
 * function of its options: the same options give the same weights, bit for bit, on any number of threads.
 *
 * All memory is taken in cam_trainer_open, for the largest batch that any epoch of the run will see; a step allocates
 * nothing.
 */
#ifndef CAM_TRAINER_H
#define CAM_TRAINER_H

#include "camembert.h"
#include "device_batch.h"
#include "model_folder.h"
#include "order.h"
#include "schedule.h"
#include "scorer.h"
#include "update.h"

typedef struct cam_trainer_options {
    const cam_model_config *config;
    cam_model_source source;
    cam_train_rates rates;
    cam_adamw_options adamw;
    cam_schedule_kind schedule;
    double learning_rate, warmup_ratio;
    int64_t warmup_steps;
    cam_plan_settings plan; /* rows is filled in */
    cam_sampling sampling;
    uint64_t seed;
    const float *class_weights; /* [K], NULL = all 1; copied */
    float label_smoothing;
    int gradient_checkpointing, frozen_dropout;
    int skip_nonfinite; /* a step that is not finite changes nothing and is counted; otherwise CAM_E_DIVERGED */
    int64_t eval_batch_rows;

    const cam_token_rows *tokens; /* of every row of the data: training, validation, test */
    const int32_t *labels;        /* [tokens->rows] */
    const int32_t *train;         /* data row ids of the training rows */
    int64_t train_count;
    cam_stop stop; /* asked while features are computed and rows are scored */
} cam_trainer_options;

typedef struct cam_trainer {
    cam_trainer_options options;
    cam_backend *backend;
    cam_parameters params;
    cam_camembert model;
    cam_plan plan;
    cam_schedule schedule;
    cam_scorer scorer;
    cam_device_batch batch;
    cam_arena arena;
    cam_step_state state, *device_state; /* the host's copy, and the device's */
    void *memory;                        /* device: arena and state */
    cam_tensor class_weights;            /* device; absent where all are 1 */
    cam_tensor features;                 /* [rows,H] device; absent unless the encoder is frozen and without dropout */
    cam_order order;                     /* of the epoch that the next step belongs to */
    int64_t step;                        /* steps done */
    int64_t applied;                     /* of these, updates really applied */
    int64_t largest_tokens, largest_rows;
    int32_t largest_length;
    int fresh_head;
} cam_trainer;

/* What one step did: the figures of the log. */
typedef struct cam_step_report {
    int64_t step; /* from 1 */
    double epoch; /* done after it */
    double loss, learning_rate, grad_norm;
    int64_t tokens, rows;
    int applied; /* 0: not finite, skipped */
} cam_step_report;

/* Lays out and loads the model, plans the run, takes all memory, computes a frozen encoder's features. CAM_E_MEMORY
 * says how much is needed and which batch would fit. Errors of model_folder.h. After a failure there is nothing to
 * close. */
CAM_MUST_CHECK cam_status cam_trainer_open(cam_trainer *trainer, cam_backend *backend,
                                           const cam_trainer_options *options);
void cam_trainer_close(cam_trainer *trainer);

int cam_trainer_is_done(const cam_trainer *trainer);
/* One optimizer step. CAM_E_DIVERGED where loss or gradient norm are not finite (nothing changed then), unless
 * skip_nonfinite. */
CAM_MUST_CHECK cam_status cam_trainer_step(cam_trainer *trainer, cam_step_report *report);
/* logits[count * K] of rows list[count] with the present weights. */
CAM_MUST_CHECK cam_status cam_trainer_logits(cam_trainer *trainer, const int32_t *list, int64_t count, float *logits);

CAM_MUST_CHECK cam_status cam_trainer_save(const cam_trainer *trainer, const char *path);
/* Puts back weights that cam_trainer_save wrote into `folder`. */
CAM_MUST_CHECK cam_status cam_trainer_reload(cam_trainer *trainer, const char *folder);

/* Device bytes: weights, gradients and moments; activations of the largest batch. */
typedef struct cam_memory_need {
    size_t parameters, activations;
} cam_memory_need;
cam_memory_need cam_trainer_memory(const cam_trainer *trainer);

#endif
