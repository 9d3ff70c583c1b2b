/* run.h: a training run: from a configuration to a folder with a model and its metrics.
 *
 * cam_run_prepare reads and checks everything that needs no device; cam_run_train trains. The caller opens the backend
 * between the two, so bad input is reported before the backend is opened.
 */
#ifndef CAM_RUN_H
#define CAM_RUN_H

#include "command.h"
#include "config.h"
#include "corpus.h"
#include "facts.h"
#include "fit.h"
#include "model_config.h"
#include "model_origin.h"
#include "progress.h"
#include "trainer.h"

enum {
    CAM_RUN_ID_BYTES = 17,    /* 16 hexadecimal digits */
    CAM_BASELINE_ROWS = 20000 /* with more training rows the TF-IDF baseline would take too long at the end of a run */
};

/* What becomes of the run that lies in output_dir. */
typedef enum cam_resume_kind {
    CAM_RUN_STARTS,     /* there is none, or it is overwritten */
    CAM_RUN_GOES_ON,    /* it was stopped */
    CAM_RUN_IS_FINISHED /* nothing is left to do */
} cam_resume_kind;

typedef struct cam_resume {
    cam_resume_kind kind;
    char run_id[CAM_RUN_ID_BYTES];
    int64_t step; /* of the checkpoint; 0: none yet, the run begins again */
    int is_named; /* the user has named the checkpoint: no other one will do */
} cam_resume;

/* What the saved classifier is given at the end instead of what its own validation rows would tell: it may have none. */
typedef struct cam_given_scores {
    double temperature; /* its logits are divided by it; 0: none is given */
    int has_threshold;
    double threshold, target; /* score_threshold and target_accuracy of config.json */
} cam_given_scores;

typedef struct cam_run {
    const cam_config *config;
    char *model_folder;      /* NULL: not found */
    cam_model_config model;  /* hidden_size is 0 where it could not be read */
    cam_model_origin origin; /* of the model, for the card */
    int folder_has_weights;  /* model.safetensors, also where they are not used */
    cam_tokenizer *tokenizer;
    cam_weights *weights;         /* until they are loaded; NULL under init: random */
    char *teacher_folder;         /* of distill_teacher; NULL: none, or not found */
    cam_model_config teacher;     /* hidden_size is 0 where there is none, or it could not be read */
    cam_weights *teacher_weights; /* until they are loaded */
    int32_t *student_layers;      /* [num_hidden_layers] the teacher's layers that the model begins as; NULL: its own */
    cam_corpus corpus;
    cam_text_files text_files; /* pretraining: of train_file and validation_file */
    unsigned char *piece_kind; /* pretraining: [vocab_size] CAM_PIECE_ bits (cam/masking.h); NULL: no tokenizer */
    int keep_head;             /* the folder's classifier has exactly the data's labels and is kept */
    int32_t max_length;        /* longer texts are cut to this many tokens */
    float *class_weights;      /* [K]; NULL: all 1 */
    int is_sound;              /* model, tokens, labels and split are there: the run can be planned */
    cam_strbuf comparison;     /* a line: the scores do not compare with those of an earlier run; else "" */
    int failures;              /* stages that failed */
    int is_occupied;           /* output_dir holds an earlier run, which must not be replaced */
    cam_resume resume;         /* of the run in output_dir */
    cam_facts facts;           /* once they are found; else empty */
    cam_cancel cancel;
    cam_group *group;           /* the ranks of the run; NULL: one rank */
    cam_comm *comm;             /* their collectives, set by the caller once the backend is open; NULL: one rank */
    const cam_command *command; /* set by the caller, for messages; NULL: not known */
    cam_strbuf measured;        /* set by the caller: Markdown for the model card, how the model was scored; else "" */
    cam_given_scores given;     /* set by the caller; else zero */
} cam_run;

/* Every rank reads the configuration, the model and the data, and all ranks must read the same. `config` and `group`
 * must outlive the run; `cancel` (copied; may be NULL) is checked during long work. The caller closes the run in every
 * case.
 *
 * A stage that fails does not keep the others from being tried: the model's folder, the output folder, the model, the
 * data, the weights, the plan. The status is that of the first failure, the message that of all, one a line, and the
 * run has what the other stages made: cam_run_describe tells of it. CAM_E_USAGE, CAM_E_DATA, CAM_E_MODEL, CAM_E_NETWORK,
 * CAM_E_STORAGE (the output folder cannot be written). CAM_E_STOPPED and CAM_E_MEMORY end the preparation at once. */
CAM_MUST_CHECK cam_status cam_run_prepare(cam_run *run, const cam_config *config, const cam_cancel *cancel,
                                          cam_group *group);
void cam_run_close(cam_run *run);

/* Sets weights[K] as class_weights says, for training rows with rows[K] of each label. Nothing without class weights.
 * CAM_E_DATA: balanced, and a label has no row. CAM_E_USAGE: a weight for a label that the data does not have. */
CAM_MUST_CHECK cam_status cam_run_weigh_classes(const cam_run *run, const int64_t *rows, float *weights);

/* The epochs and the rate that fit the run's rows and model, for the whole encoder or for the head alone. */
cam_fit cam_run_fit(const cam_run *run, int frozen);

/* The trainer's options for this run; they point into it. `backend` decides bf16: auto and shard_optimizer: auto; NULL
 * if nothing will be computed. */
cam_trainer_options cam_run_trainer_options(const cam_run *run, const cam_backend *backend);

/* Trains, evaluates, keeps the best model, scores the test file, writes the output folder. CAM_E_STOPPED after a
 * signal; the folder then has a model if at least one step was made. CAM_E_DIVERGED, CAM_E_MEMORY, CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_run_train(cam_run *run, cam_backend *backend, cam_progress_mode progress);

#endif
