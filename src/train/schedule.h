/* schedule.h: how many updates a run makes, which rows each of them consumes, and at which learning rate.
 *
 * An update is one optimizer step. Its index u counts from 0; the log's `step` is u + 1. An epoch's batches are the
 * consecutive slices of its row order. An update consumes `accumulation` batches; the last update of an epoch consumes
 * the remaining ones. No row is dropped, and no update spans two epochs.
 */
#ifndef CAM_SCHEDULE_H
#define CAM_SCHEDULE_H

#include "cam/status.h"
#include "choices.h"
#include <stdint.h>

/* --- updates --------------------------------------------------------------------------------------------------- */

typedef struct cam_plan_settings {
    int64_t rows;         /* training rows, above 0 */
    int64_t batch_rows;   /* rows of a batch over all ranks, above 0 */
    int64_t accumulation; /* batches of an update, above 0 */
    double epochs;        /* num_train_epochs; may be fractional */
    int64_t max_updates;  /* max_steps; above 0 it replaces `epochs` */
} cam_plan_settings;

typedef struct cam_plan {
    int64_t rows, batch_rows, accumulation;
    int64_t batches_per_epoch; /* ceil(rows / batch_rows) */
    int64_t updates_per_epoch; /* ceil(batches_per_epoch / accumulation) */
    int64_t updates;           /* of the run: ceil(epochs * updates_per_epoch), or max_updates */
    int64_t epochs;            /* of the run, the last one perhaps not complete */
} cam_plan;

/* CAM_E_USAGE if the run has no update, or more than INT32_MAX of them.
 * Source: transformers 5, Trainer.set_initial_training_values. */
CAM_MUST_CHECK cam_status cam_plan_make(cam_plan *plan, const cam_plan_settings *settings);

/* The rows that one update consumes. */
typedef struct cam_update_span {
    int64_t epoch; /* from 0 */
    int64_t first; /* rows [first, first + rows) of the epoch's order */
    int64_t rows;
    int64_t batches; /* accumulation, or fewer at an epoch's end; the last batch may be short */
} cam_update_span;

/* 0 <= update < plan->updates. */
cam_update_span cam_plan_update_span(const cam_plan *plan, int64_t update);
/* Epochs completed after `updates` updates, as a fraction counted in batches (as transformers' Trainer does): the log's
 * `epoch`. */
double cam_plan_epoch(const cam_plan *plan, int64_t updates);

/* --- rate ------------------------------------------------------------------------------------------------------ */

/* lr_scheduler_type. */
typedef enum cam_choice_scheduler cam_schedule_kind;

typedef struct cam_schedule {
    cam_schedule_kind kind;
    double learning_rate; /* the peak */
    int64_t warmup;       /* updates */
    int64_t updates;      /* of the run */
} cam_schedule;

/* Warm-up updates: `steps` if above 0, else ceil(ratio * updates). */
int64_t cam_schedule_warmup(double ratio, int64_t steps, int64_t updates);

/* The learning rate of update index u (s in the formulas; W warm-up, N updates):
 *   all but constant, s < W    s / max(1, W)
 *   linear                     max(0, (N - s) / max(1, N - W))
 *   cosine                     max(0, (1 + cos(pi (s - W) / max(1, N - W))) / 2)
 *   constant, constant_with_warmup  1
 * The factor is multiplied by learning_rate, in double. With warm-up the first update's rate is 0.
 * Source: transformers optimization.py, get_scheduler. */
double cam_schedule_rate(const cam_schedule *schedule, int64_t update);

/* 1 - beta^t for update count t >= 1 (Kingma and Ba 2015), as torch.optim.AdamW computes it. */
double cam_bias_correction(double beta, int64_t t);

#endif
