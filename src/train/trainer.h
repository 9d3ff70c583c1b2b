/* trainer.h: trains one model, one optimizer step a call.
 *
 * config->task says what is trained: a classifier of rows; or a masked language model, whose masks are drawn anew in each
 * epoch (cam/masking.h); or an encoder without a head, which learns the hidden states of a teacher at all tokens. The
 * first two may learn from a teacher, too (teacher.h, live_teacher.h).
 *
 * The trainer works on token ids, labels and numbers; files, logs and decisions belong to src/run. Its results are a
 * function of its options: the same options give the same weights, bit for bit, on any number of threads.
 *
 * Steps are queued ahead of the device: cam_trainer_step returns when a step is queued. The device writes a record of
 * each finished step into a ring in host-visible memory, and cam_trainer_report reads it from there. An epoch's order,
 * learning rates and loss denominators are uploaded when it begins; within an epoch the host waits only if the ring is
 * full.
 *
 * Several ranks train one model with data parallelism. Each has the whole data set and computes the same plan; of every
 * micro-batch it takes its own block of rows (partition_internal.h). All ranks call open, step, logits, save, reload
 * and close together, and the report of a step is the same on all of them.
 *
 * All memory is allocated by cam_trainer_open, for the largest batch of any epoch of the run; a step allocates nothing.
 */
#ifndef CAM_TRAINER_H
#define CAM_TRAINER_H

#include "batch_stream.h"
#include "beginning.h"
#include "cam/comm.h"
#include "camembert.h"
#include "device_data.h"
#include "device_masking.h"
#include "graph_cache.h"
#include "group.h"
#include "live_teacher.h"
#include "model_folder.h"
#include "optimizer_step.h"
#include "order.h"
#include "schedule.h"
#include "scorer.h"
#include "teacher.h"
#include "watchdog.h"

/* One training of several that one trainer makes, each from the same beginning (trainer_repeat.c). */
typedef struct cam_repetition {
    const int32_t *train; /* data row ids of its training rows */
    int64_t train_count;
    uint64_t seed;              /* for fresh weights, the order of the rows and dropout */
    const float *class_weights; /* [K]; NULL: all 1, in all repetitions */
} cam_repetition;

typedef struct cam_trainer_options {
    const cam_model_config *config;
    cam_model_source
        source; /* read by open only: its checkpoint may be closed afterwards, unless there are repetitions */
    cam_train_rates rates;
    cam_adamw_options adamw;
    cam_schedule_kind schedule;
    double learning_rate, warmup_ratio;
    int64_t warmup_steps;
    cam_plan_settings plan; /* open fills in `rows` */
    cam_sampling sampling;
    uint64_t seed;
    const float *class_weights; /* [K]; NULL: all 1 */
    float label_smoothing;
    int gradient_checkpointing, frozen_dropout;
    int skip_nonfinite; /* 1: a step that is not finite is skipped; 0: it fails with CAM_E_DIVERGED */
    int64_t eval_batch_rows;
    int bf16;            /* mixed precision (cam_precision); the backend must support it */
    cam_masking masking; /* in pretraining; for an encoder, probability 0: all tokens */
    cam_teacher teacher; /* read by open only; in pretraining it gives hidden states. Zeroed: none */

    const cam_token_rows *tokens; /* of all rows: training, validation, test */
    const int32_t *labels;        /* [tokens->rows], -1: the row has none, which needs a teacher; NULL in
                                   * pretraining */
    const int32_t *train;         /* data row ids of the training rows */
    int64_t train_count;
    /* Several trainings of a classifier by one rank, without a teacher. Open allocates for the largest; `train`, `seed` and
     * `class_weights` above are then ignored. The array must outlive the trainer. NULL: one training. */
    const cam_repetition *repetitions;
    int64_t repetition_count;
    cam_cancel cancel; /* checked while features are computed and while rows are scored */

    cam_group *group;       /* NULL: one rank */
    cam_comm *comm;         /* the ranks' collectives; NULL: one rank */
    int shard;              /* each rank keeps the moments of its shard only: ZeRO-1 */
    cam_watchdog *watchdog; /* may be NULL */
} cam_trainer_options;

/* The sizes of a micro-batch, the same on all ranks. */
typedef struct cam_micro_shape {
    int64_t tokens;      /* of all ranks together */
    int64_t rank_tokens; /* of the rank that has most */
    int64_t chosen;      /* pretraining: tokens chosen, of all ranks together */
    int64_t rank_chosen; /* of the rank that has most */
    int32_t longest;     /* tokens of the longest row */
} cam_micro_shape;

/* The sizes of a training that are known before its first step; of several trainings, the largest. */
typedef struct cam_trainer_sizes {
    int64_t tokens, rows; /* of one rank's part of a micro-batch */
    int64_t chosen;       /* likewise; 0 without masks */
    int32_t length;       /* tokens of the longest training row */
    int64_t order;        /* training rows */
    int64_t micro_steps;  /* of an epoch */
    int64_t epoch_updates, updates;
} cam_trainer_sizes;

typedef struct cam_trainer {
    cam_trainer_options options; /* in a repetition: with its rows, seed and class weights */
    cam_backend *backend;
    cam_parameters params;
    cam_camembert model;
    cam_plan plan;
    cam_schedule schedule;
    cam_scorer scorer;
    cam_device_data data;
    cam_device_masking masking; /* of pretraining */
    cam_batch_stream stream;    /* of the current epoch, or of its rest after a resumption */
    cam_graph_cache graphs;     /* of micro-steps and updates */
    cam_arena arena;
    void *memory;             /* device memory: the arena's */
    cam_tensor squares;       /* [chunks] f64, of the gradients, by backward; absent: end_step computes them */
    cam_step_state *deferred; /* device memory: the state of the step whose update is to come; NULL: none is deferred */
    int has_deferred;         /* steps were submitted since the last flush */
    cam_tensor class_weights; /* device memory; absent if all are 1 */
    cam_teacher_answers answers; /* with a teacher; those of pretraining are not kept */
    cam_live_teacher live;       /* the teacher of pretraining */
    cam_tensor features;         /* [rows,H] device memory; only if the encoder is frozen and without dropout */
    cam_order order;
    int32_t *chosen; /* [order.count] tokens chosen of each row in the order's epoch; NULL without masks */
    struct cam_step_record *ring, *device_ring; /* [CAM_REPORTS] host-visible: its host and its device address */
    struct cam_step_report *reports;            /* [CAM_REPORTS] steps submitted and not yet delivered */
    int64_t steps_submitted;                    /* steps queued on the device */
    int64_t reports_read;                       /* of these, records read from the ring into `reports` */
    int64_t reports_delivered;                  /* of these, returned by cam_trainer_report */
    int64_t updates_applied;                    /* of the reports read, those whose update was applied */
    int64_t planned_epoch;                      /* the epoch whose plan the stream has; -1: none */
    int64_t micro_steps_submitted;              /* of that plan */
    cam_micro_shape *shapes;                    /* [batches of an epoch] of the stream's plan */
    int64_t *partition;                         /* [ranks + 1] the last result of cam_trainer_partition */
    uint32_t *request, *device_request;         /* cam_step_request bits of this rank, host-visible: both addresses */
    cam_trainer_sizes sizes;                    /* of the training at hand */
    cam_trainer_sizes largest;                  /* of all repetitions; with one training, the same */
    cam_beginning beginning;                    /* of the repetitions with the seed at hand, where memory allows */
    int fresh_head;                             /* the head was initialised, not loaded */
} cam_trainer;

/* The largest number of steps in flight. */
enum { CAM_REPORTS = 64 };

/* The result of one step: the figures of the log. */
typedef struct cam_step_report {
    int64_t step; /* from 1 */
    double epoch; /* epochs completed after it, as a fraction */
    double loss, learning_rate, grad_norm;
    int64_t tokens, rows;
    int applied;       /* 0: loss or gradient norm were not finite, and the update was skipped */
    uint32_t requests; /* cam_step_request bits of all ranks at that step; 0 with one rank */
    double time_s;     /* the device's clock at its end */
} cam_step_report;

/* Plans the run, loads the model, allocates all memory, and computes the features of a frozen encoder. The message of
 * CAM_E_MEMORY says how much is needed and which batch would fit. Other errors: those of model_folder.h. After a
 * failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_trainer_open(cam_trainer *trainer, cam_backend *backend,
                                           const cam_trainer_options *options);
void cam_trainer_close(cam_trainer *trainer);
/* With options.repetitions: goes back to the beginning for one of them, before its first step. Weights and moments are
 * those of a trainer that was opened for this training alone, and so are the bits of its steps. Memory, data, captured
 * graphs and the features of a loaded frozen encoder stay. No step may be in flight. Errors: those of model_folder.h. */
CAM_MUST_CHECK cam_status cam_trainer_repeat(cam_trainer *trainer, int64_t repetition);

/* The number of ranks (1 without a comm), and the number of this one (0 without a comm). */
int cam_trainer_ranks(const cam_trainer *trainer);
int cam_trainer_rank(const cam_trainer *trainer);
/* Sends a request to all ranks. It is delivered in the report of a later step, the same step on every rank. */
void cam_trainer_request(cam_trainer *trainer, cam_step_request request);

/* For cam_watchdog_watch, with a cam_trainer as context: steps submitted and finished. */
cam_step_progress cam_trainer_progress(void *context);

int cam_trainer_is_done(const cam_trainer *trainer);
/* Queues one optimizer step. Fewer than CAM_REPORTS steps may be in flight before the call. Where the backend has a side
 * queue and there is one rank, the step's AdamW runs at the head of the next step, beside the forward pass; logits, save,
 * reload and cam_trainer_state_take apply it first. */
CAM_MUST_CHECK cam_status cam_trainer_step(cam_trainer *trainer);
/* Steps submitted whose reports have not been delivered. */
int64_t cam_trainer_steps_in_flight(const cam_trainer *trainer);
/* Delivers the next report, in the order of the steps. With `wait` it waits for the step to finish; without, *present
 * is 0 if the step is not finished yet. CAM_E_DIVERGED, unless skip_nonfinite, if loss or gradient norm were not
 * finite: that step and the later ones changed nothing. CAM_E_DEVICE after a failure of the device. */
CAM_MUST_CHECK cam_status cam_trainer_report(cam_trainer *trainer, int wait, cam_step_report *report, int *present);
/* Queues the update that the last step has left to the next one, if there is one. For whoever reads trainer->params. */
CAM_MUST_CHECK cam_status cam_trainer_flush(cam_trainer *trainer);
/* Queues one step and waits for its report. */
CAM_MUST_CHECK cam_status cam_trainer_step_now(cam_trainer *trainer, cam_step_report *report);
/* logits[count * K] of rows list[count] with the current weights. Each rank scores a block of the rows; all ranks get
 * all logits. */
CAM_MUST_CHECK cam_status cam_trainer_logits(cam_trainer *trainer, const int32_t *list, int64_t count, float *logits);

/* How well a masked language model fills masked places; or the distance of an encoder from its teacher, without
 * `correct`. */
typedef struct cam_masked_scores {
    double loss_sum;   /* of the natural logarithms: exp(loss_sum / positions) is the perplexity */
    int64_t positions; /* tokens chosen */
    int64_t correct;   /* of these, tokens that the model puts first */
} cam_masked_scores;
/* Masks rows list[count] as in epoch CAM_EVAL_EPOCH, the same way at each call, and scores them with the current
 * weights. Each rank scores a block of the rows; all ranks get the same sums, for any number of ranks. */
CAM_MUST_CHECK cam_status cam_trainer_masked_scores(cam_trainer *trainer, const int32_t *list, int64_t count,
                                                    cam_masked_scores *scores);

/* Rank 0 writes the file; the status is the same on all ranks. */
CAM_MUST_CHECK cam_status cam_trainer_save(cam_trainer *trainer, const char *path);
/* Loads weights that cam_trainer_save wrote into `folder`; rank 0 reads them. */
CAM_MUST_CHECK cam_status cam_trainer_reload(cam_trainer *trainer, const char *folder);

/* Bytes of device memory: `parameters` with gradients and moments, `activations` of the largest batch with the answers of
 * a teacher. Bytes of host memory: what rank 0 has `held` for its saves (held.h), and what this rank needs for a
 * `snapshot` of the training state (trainer_state.h), which cam_trainer_open does not allocate. */
typedef struct cam_memory_need {
    size_t parameters, activations, held, snapshot;
} cam_memory_need;
cam_memory_need cam_trainer_memory(const cam_trainer *trainer);
/* What cam_trainer_open would need, found without loading weights and without allocating any of it. CAM_E_USAGE,
 * CAM_E_MEMORY, CAM_E_UNSUPPORTED. */
CAM_MUST_CHECK cam_status cam_trainer_plan_memory(const cam_trainer_options *options, cam_backend *backend,
                                                  cam_memory_need *need);

/* Bytes of what a run of these options writes: the model in f32, and the pieces of its state (trainer_state.h) of all
 * ranks together. Needs no backend. CAM_E_MEMORY. */
typedef struct cam_saved_bytes {
    size_t model, state;
} cam_saved_bytes;
CAM_MUST_CHECK cam_status cam_trainer_count_saved(const cam_trainer_options *options, cam_saved_bytes *bytes);

#endif
