/* trainer.h: a model on its way through training: one call an optimizer step.
 *
 * The trainer knows token ids, labels and numbers; files, logs and decisions are run.c's. Everything it computes is a
 * function of its options: the same options give the same weights, bit for bit, on any number of threads.
 *
 * Steps are asked for ahead of the device: cam_trainer_step returns when a step is queued, and what came of it is heard
 * through a ring that the device writes (cam_trainer_report). An epoch's order, rates and denominators are uploaded
 * when it begins; within it the host waits for nothing but a ring that is full.
 *
 * Several ranks train one model: each has the whole data set and works out the same plan, and of every micro-batch it
 * takes the run of rows that the cut (cut.h) gives it. All ranks open, step, score, save and close together. What a
 * step's report says is the same on all of them.
 *
 * All memory is taken in cam_trainer_open, for the largest batch that any epoch of the run will see; a step allocates
 * nothing.
 */
#ifndef CAM_TRAINER_H
#define CAM_TRAINER_H

#include "batch_stream.h"
#include "cam/comm.h"
#include "camembert.h"
#include "device_data.h"
#include "graph_cache.h"
#include "group.h"
#include "model_folder.h"
#include "optimizer_step.h"
#include "order.h"
#include "schedule.h"
#include "scorer.h"
#include "watchdog.h"

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
    int bf16; /* mixed precision (cam_precision); the backend must have it */

    const cam_token_rows *tokens; /* of every row of the data: training, validation, test */
    const int32_t *labels;        /* [tokens->rows] */
    const int32_t *train;         /* data row ids of the training rows */
    int64_t train_count;
    cam_cancel stop; /* asked while features are computed and rows are scored */

    cam_group *group;       /* NULL: alone */
    cam_comm *comm;         /* the ranks' collectives; NULL: there is one */
    int shard;              /* each rank keeps the moments of its share only: ZeRO-1 */
    cam_watchdog *watchdog; /* NULL: none is needed */
} cam_trainer_options;

/* A micro-batch as all ranks see it: what bounds every rank's share of it. */
typedef struct cam_micro_shape {
    int64_t tokens;  /* of all ranks together */
    int64_t most;    /* tokens of the largest share */
    int32_t longest; /* tokens of the longest row */
} cam_micro_shape;

typedef struct cam_trainer {
    cam_trainer_options options;
    cam_backend *backend;
    cam_parameters params;
    cam_camembert model;
    cam_plan plan;
    cam_schedule schedule;
    cam_scorer scorer;
    cam_device_data data;
    cam_batch_stream stream; /* of the epoch that the next step belongs to */
    cam_graph_cache graphs;  /* of micro-steps and updates */
    cam_arena arena;
    void *memory;             /* device: the arena's */
    cam_tensor class_weights; /* device; absent where all are 1 */
    cam_tensor features;      /* [rows,H] device; absent unless the encoder is frozen and without dropout */
    cam_order order;
    struct cam_step_record *ring, *device_ring; /* [CAM_REPORTS], as host and device see it */
    int64_t steps_submitted;                    /* steps asked for */
    int64_t reports_read;                       /* of these, reports taken from the ring */
    int64_t reports_delivered;                  /* of these, handed on */
    int64_t updates_applied;                    /* of those heard, updates really applied */
    int64_t micro_steps_submitted;              /* micro-steps of the epoch asked for */
    cam_micro_shape *shapes;                    /* [batches of an epoch] of the stream's plan */
    int64_t *partition;                         /* [ranks + 1] */
    uint32_t *request, *device_request;         /* what this rank's host asks of all, as host and device see it */
    struct cam_step_report *reports;            /* [CAM_REPORTS] heard, perhaps not yet handed on */
    int64_t largest_tokens, largest_rows;
    int32_t largest_length;
    int fresh_head;
} cam_trainer;

/* Steps that may be ahead of their reports. */
enum { CAM_REPORTS = 64 };

/* What one step did: the figures of the log. */
typedef struct cam_step_report {
    int64_t step; /* from 1 */
    double epoch; /* done after it */
    double loss, learning_rate, grad_norm;
    int64_t tokens, rows;
    int applied; /* 0: not finite, skipped */
    uint32_t
        requests;  /* cam_step_request bits of all ranks' hosts, as they stood at that step; of several ranks only */
    double time_s; /* the device's clock at its end */
} cam_step_report;

/* Lays out and loads the model, plans the run, takes all memory, computes a frozen encoder's features. CAM_E_MEMORY
 * says how much is needed and which batch would fit. Errors of model_folder.h. After a failure there is nothing to
 * close. */
CAM_MUST_CHECK cam_status cam_trainer_open(cam_trainer *trainer, cam_backend *backend,
                                           const cam_trainer_options *options);
void cam_trainer_close(cam_trainer *trainer);

/* The ranks; 1 of 0 where this one is alone. */
int cam_trainer_ranks(const cam_trainer *trainer);
int cam_trainer_rank(const cam_trainer *trainer);
/* Asks something of all ranks: the reports of a later step, the same one on every rank, say so. */
void cam_trainer_request(cam_trainer *trainer, cam_step_request request);

/* For a watchdog over a cam_trainer: steps asked for and reported. */
cam_step_progress cam_trainer_progress(void *context);

int cam_trainer_is_done(const cam_trainer *trainer);
/* Asks for one optimizer step. At most CAM_REPORTS steps may be ahead of the reports taken. */
CAM_MUST_CHECK cam_status cam_trainer_step(cam_trainer *trainer);
/* How many steps were asked for whose reports were not taken. */
int64_t cam_trainer_steps_in_flight(const cam_trainer *trainer);
/* The next report, in the order of the steps: `present` is 0 where it is not there yet, unless `wait`. CAM_E_DIVERGED
 * where loss or gradient norm were not finite (that step and those after it changed nothing), unless skip_nonfinite;
 * CAM_E_DEVICE where the device has failed. */
CAM_MUST_CHECK cam_status cam_trainer_report(cam_trainer *trainer, int wait, cam_step_report *report, int *present);
/* Asks for one step and waits for its report. */
CAM_MUST_CHECK cam_status cam_trainer_step_now(cam_trainer *trainer, cam_step_report *report);
/* logits[count * K] of rows list[count] with the present weights; each rank scores a run of them and gets all. */
CAM_MUST_CHECK cam_status cam_trainer_logits(cam_trainer *trainer, const int32_t *list, int64_t count, float *logits);

/* Rank 0 writes; what comes of it is the same on all ranks. */
CAM_MUST_CHECK cam_status cam_trainer_save(const cam_trainer *trainer, const char *path);
/* Puts back weights that cam_trainer_save wrote into `folder`, which rank 0 must see. */
CAM_MUST_CHECK cam_status cam_trainer_reload(cam_trainer *trainer, const char *folder);

/* Device bytes: weights, gradients and moments; activations of the largest batch. */
typedef struct cam_memory_need {
    size_t parameters, activations;
} cam_memory_need;
cam_memory_need cam_trainer_memory(const cam_trainer *trainer);

#endif
