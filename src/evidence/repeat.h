/* repeat.h: many trainings of one run: of other rows, with other seeds, each scored on rows that it did not see.
 *
 * The run is prepared once, and one trainer makes all trainings (cam_trainer_repeat). The last epoch counts: to choose the
 * best one by the held-out rows would flatter their score.
 *
 * Each finished training is kept as a file in the output folder, so that a stopped command goes on with the next one. Ranks
 * take whole trainings, each with its own device: no gradients are exchanged, and the results are the same bits as those of
 * one rank.
 */
#ifndef CAM_REPEAT_H
#define CAM_REPEAT_H

#include "progress.h"
#include "run.h"
#include "run_folder.h"

/* The files are PREFIX-NUMBER.bin. */
#define CAM_REPEAT_FOLDS   "repetition"
#define CAM_REPEAT_POINTS  "point"
#define CAM_REPEAT_ENTRIES "entry"

/* A training: its rows and seed, and the rows that are scored at its end. */
typedef struct cam_repeat_job {
    cam_repetition training;
    const int32_t *held_out; /* data row ids */
    int64_t held_count;
    int64_t seed, fold;
    char name[64]; /* in messages: "seed 42, fold 1" */
} cam_repeat_job;

/* What a training gave. A zeroed struct: it is not made yet. */
typedef struct cam_repeat_result {
    float *logits;    /* [held_count, labels] */
    double wall_s;    /* of the training with its scoring */
    double predict_s; /* of the scoring; 0: by features that were computed before */
} cam_repeat_result;

typedef struct cam_repeat_task {
    const cam_run *run; /* its weights stay open */
    cam_backend *backend;
    cam_group *group;             /* ranks that share the work; NULL: one */
    const cam_run_folder *folder; /* of rank 0, for the files; NULL: nothing is kept */
    const char *prefix;           /* begins the names of the files: one of those above */
    uint64_t identity;            /* of all that the results depend on: files of other results are not taken */
    const cam_repeat_job *jobs;
    int64_t job_count;
    cam_progress_mode progress;
    int64_t done_before,
        all; /* trainings before these, and of the whole command: for the time left. 0: these are all */
} cam_repeat_task;

/* What the trainings cost beside their steps. */
typedef struct cam_repeat_cost {
    int64_t trainings;      /* made now, by this rank */
    double wall_s;          /* of these */
    double between_s;       /* of it: from the last scores of one to the first step of the next */
    int64_t taken;          /* from files */
    double taken_s;         /* what these took */
    double open_s;          /* of the trainer: loading, and the features of a frozen encoder */
    cam_memory_need memory; /* of the trainer */
    int64_t parameters, trained_parameters;
} cam_repeat_cost;

/* Fills results[job_count], which the caller has zeroed and releases, on all ranks. CAM_E_STOPPED after a signal: what is
 * finished is kept. Other errors are those of cam_trainer_open, cam_trainer_report and the folder. */
CAM_MUST_CHECK cam_status cam_repeat(const cam_repeat_task *task, cam_repeat_result *results, cam_repeat_cost *cost);
void cam_repeat_release(cam_repeat_result *results, int64_t count);
/* Removes the files of all trainings. */
CAM_MUST_CHECK cam_status cam_repeat_remove_files(const cam_run_folder *folder);

#endif
