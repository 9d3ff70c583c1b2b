/* training_internal.h: the state of a running training, shared by the files that make it up: run_train.c (opening, the
 * loop), run_begin.c (the folder, going on), run_evaluate.c (evaluations, the best model), run_checkpoint.c (checkpoints),
 * run_finish.c (the end). What a classifier and a masked language model have apart is in run_classify.c and run_masked.c.
 *
 * All ranks do the same work; only the one with `writes_output` also writes files and messages. */
#ifndef CAM_TRAINING_INTERNAL_H
#define CAM_TRAINING_INTERNAL_H

#include "best_internal.h"
#include "checkpoint_writer.h"
#include "mistakes_internal.h"
#include "run.h"
#include "run_end_internal.h"
#include "run_folder.h"
#include "run_log.h"
#include "run_scores_internal.h"
#include "trainer_state.h"

enum { CAM_TRAINING_TOKEN_BYTES = 64, CAM_TRAINING_FILES = CAM_STATE_PIECES + 3 };

struct cam_training;

/* The figures of an evaluation as all tasks have them. */
typedef struct cam_evaluated {
    double value;       /* of the metric that chooses the best model */
    cam_strbuf figures; /* for the line of the evaluation */
} cam_evaluated;

/* What differs between the tasks. All ranks call these functions, but for write_end: rank 0 alone. */
typedef struct cam_training_task {
    /* The memory for figures. CAM_E_MEMORY. */
    cam_status (*open)(struct cam_training *t);
    void (*close)(struct cam_training *t);
    /* Scores the validation rows with the current weights, and logs the figures. `evaluated` is empty before. */
    cam_status (*evaluate)(struct cam_training *t, cam_evaluated *evaluated);
    /* Keeps the figures of the last evaluation as those of the model just saved. */
    cam_status (*keep)(struct cam_training *t);
    /* results.bin: the figures of the last evaluation and of the model in the folder. */
    void (*put_results)(const struct cam_training *t, cam_strbuf *out);
    cam_status (*take_results)(struct cam_training *t, const cam_strbuf *bytes);
    /* Scores what is scored once, at the end, with the model in the folder. */
    cam_status (*score_end)(struct cam_training *t);
    /* Writes the files with the figures, the model card, and the lines for people: the report, and a warning or "". */
    cam_status (*write_end)(struct cam_training *t, double wall_s, cam_strbuf *report, cam_strbuf *warning);
} cam_training_task;

extern const cam_training_task cam_training_classify, cam_training_masked;

typedef struct cam_training {
    cam_run *run;
    const cam_training_task *task;
    cam_trainer trainer;
    cam_run_log log;
    cam_progress progress;
    cam_best best;
    cam_metrics latest;                    /* of the last evaluation */
    cam_metrics kept;                      /* validation figures of the model in the output folder */
    cam_metrics test;                      /* those of the test rows */
    int64_t saved_step;                    /* the step of the model in the output folder; -1: none */
    int64_t scored_step;                   /* the step of `latest`; -1: none */
    cam_masked_scores masked, masked_kept; /* pretraining: `latest` and `kept` */
    int has_logits;                        /* those of `latest` are there: it is not that of a checkpoint */
    int64_t skipped;                       /* steps that were not finite */
    float *logits[CAM_PARTS];              /* of the rows outside training, as they were scored last */
    cam_guess *guesses[CAM_PARTS];         /* of the model in the output folder, for validation and test rows */
    cam_run_scores scores;                 /* at the end, of rank 0 */
    double begin_s;                        /* of a run that goes on: as if it had not been stopped */
    double reported_s;     /* the device's clock at the end of the last reported step; 0 after a pause (evaluation) */
    double submitted_s;    /* the host's clock when the first step after a pause was submitted */
    cam_run_folder folder; /* of rank 0 */
    cam_watchdog *watchdog;
    cam_comm_figures exchanged;  /* the comm's figures before the first step */
    int writes_output;           /* rank 0: writes the folder, the log and the progress */
    int64_t max_steps_in_flight; /* steps submitted whose reports are not read yet, at most */
    int64_t stop_step;           /* the step whose report delivered the stop request, the same on every rank; 0: none */
    int stopped_early;           /* patience ended the run */
    int drained;                 /* no step is in flight, on every rank */

    /* Checkpoints, and the one from which the run went on. */
    char run_id[CAM_RUN_ID_BYTES];
    char token[CAM_TRAINING_TOKEN_BYTES]; /* ends the names of folders in which checkpoints are being written */
    cam_facts arithmetic;                 /* of this process */
    int64_t first_step;                   /* steps that were made before this process went on with the run */
    int64_t log_bytes;                    /* of log.jsonl at that step */
    int64_t checkpoint_step;              /* the newest checkpoint that is whole; 0: none */
    int64_t pending_step;                 /* the one that is being written; 0: none */
    int holds_best;                       /* the trainer has the best model's weights, not those after the last step */
    int told_slow;                        /* the user knows that the disk is slower than the saving */
    char *model_path;                     /* of the model in the output folder */
    int model_fd;                         /* the same, as it was at the snapshot; -1: closed */
    char model_link[32];                  /* a path through model_fd */
    cam_trainer_state state;              /* the snapshot */
    cam_strbuf numbers, results;          /* training.json and results.bin of the snapshot */
    cam_checkpoint_file files[CAM_TRAINING_FILES];
    int file_count;
    cam_checkpoint job;            /* that is being written */
    cam_checkpoint_writer *writer; /* NULL: no checkpoints, or this rank writes no part of them */
} cam_training;

static inline const cam_config *cam_training_config(const cam_training *t) {
    return t->run->config;
}
/* The page and the event file are made from log.jsonl. */
static inline int cam_training_writes_log(const cam_training *t) {
    return t->writes_output && t->run->config->report_to != 0;
}

/* --- run_evaluate.c ------------------------------------------------------------------------------------------------ */

/* Writes the current weights to the output folder; the first save makes it a model. */
CAM_MUST_CHECK cam_status cam_training_save(cam_training *t);
/* Writes the tokenizer's files and config.json, with which the weights in the folder are a model. Rank 0 only. */
CAM_MUST_CHECK cam_status cam_training_complete_model(const cam_training *t);
/* Scores the validation rows, logs the figures and saves a new best model. Sets stopped_early once patience ends. */
CAM_MUST_CHECK cam_status cam_training_evaluate(cam_training *t);
int cam_training_evaluation_is_due(const cam_training *t);

/* --- run_begin.c --------------------------------------------------------------------------------------------------- */

/* Opens the folder of a new run, or goes on with the one that lies there; the trainer is open, and no step is made.
 * CAM_E_USAGE, CAM_E_STORAGE, CAM_E_MODEL (the named checkpoint cannot be used), CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_training_begin(cam_training *t, cam_backend *backend);

/* --- run_checkpoint.c ---------------------------------------------------------------------------------------------- */

/* The memory for checkpoints, before the first step, and the thread that writes them, on the ranks that do. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_training_open_checkpoints(cam_training *t);
void cam_training_close_checkpoints(cam_training *t);
int cam_training_checkpoint_is_due(const cam_training *t);
/* Takes a snapshot, after no step is in flight, and has it written behind the training; waits for the checkpoint before.
 * With `wait` it waits for this one, too. CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_training_checkpoint(cam_training *t, int wait);
/* Waits for the checkpoint that is being written, if there is one. */
CAM_MUST_CHECK cam_status cam_training_checkpoint_wait(cam_training *t);

/* --- run_finish.c -------------------------------------------------------------------------------------------------- */

/* Saves the final model, scores the test rows, and writes the figures and the report. */
CAM_MUST_CHECK cam_status cam_training_finish(cam_training *t);
/* What the end of a run is told and written from, without the figures of its task. */
cam_run_end cam_training_run_end(const cam_training *t, double wall_s);
/* Ends a run that failed or was stopped for the reason `why`; a stopped one writes a checkpoint, and a model if there is
 * none yet. Gives the status of the run. */
CAM_MUST_CHECK cam_status cam_training_end_early(cam_training *t, cam_status why);

#endif
