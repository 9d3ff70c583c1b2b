/* run.h: a training run as the user knows it: from a configuration to a folder with a model and its figures.
 *
 * prepare reads and checks everything that can be checked without a device; train does the work. Between the two the
 * caller opens the backend, so that bad input never waits for one.
 */
#ifndef CAM_RUN_H
#define CAM_RUN_H

#include "config.h"
#include "corpus.h"
#include "model_config.h"
#include "progress.h"
#include "trainer.h"

typedef struct cam_run {
    const cam_config *config;
    const char *model_folder;
    cam_model_config model;
    cam_tokenizer *tokenizer;
    cam_weights *weights; /* NULL under init: random */
    cam_corpus corpus;
    int keep_head;        /* the folder's classifier is over exactly the data's labels */
    int32_t max_length;   /* tokens a text is cut to */
    float *class_weights; /* [K], NULL = all 1 */
    cam_cancel stop;
    cam_group *group; /* the ranks that run together, one or more */
    cam_comm *comm;   /* their collectives, once there is a backend; NULL: there is one rank */
} cam_run;

/* Every rank reads everything, and what they read must be the same. `config`, `model_folder` and `group` must outlive
 * the run; `stop` is asked wherever work takes long. CAM_E_USAGE, CAM_E_DATA,
 * CAM_E_MODEL, CAM_E_STORAGE (the output folder cannot be written), CAM_E_STOPPED. After a failure there is nothing to
 * close. */
CAM_MUST_CHECK cam_status cam_run_prepare(cam_run *run, const cam_config *config, const char *model_folder,
                                          const cam_cancel *stop, cam_group *group);
void cam_run_close(cam_run *run);

/* The trainer's options for this run; they point into it. The backend decides what bf16: auto is; NULL where nothing
 * will be computed. */
cam_trainer_options cam_run_trainer_options(const cam_run *run, const cam_backend *backend);

/* What the run will do, for people: model, rows, labels, lengths, steps. */
void cam_run_describe(const cam_run *run, cam_strbuf *out);

/* Trains, evaluates, keeps the best model, scores the test file, writes the output folder. CAM_E_STOPPED after a
 * signal, with what could be saved saved; CAM_E_DIVERGED; CAM_E_MEMORY; CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_run_train(cam_run *run, cam_backend *backend, cam_progress_mode progress);

#endif
