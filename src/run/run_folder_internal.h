/* run_folder_internal.h: the files of a run's output folder. Each file is written whole or not at all.
 */
#ifndef CAM_RUN_FOLDER_INTERNAL_H
#define CAM_RUN_FOLDER_INTERNAL_H

#include "config.h"
#include "corpus.h"
#include "metrics.h"
#include "model_config.h"

/* Checks the output folder before any work is done: CAM_E_USAGE if it holds another run (unless overwrite_output_dir)
 * or is the model's own folder; CAM_E_STORAGE if it cannot be made or written. Leaves no file or folder behind. */
CAM_MUST_CHECK cam_status cam_run_folder_check(const cam_config *config, const char *model_folder);
/* Makes the folder and locks it until *lock is closed (-1: nothing to close), removes an earlier run's figures, and
 * writes run.yaml and split.tsv. CAM_E_USAGE if another process holds the lock; then nothing is changed. */
CAM_MUST_CHECK cam_status cam_run_folder_begin(const cam_config *config, const cam_corpus *corpus, int *lock);
/* Writes config.json and the tokenizer's files, which transformers needs beside model.safetensors. */
CAM_MUST_CHECK cam_status cam_run_folder_put_model_files(const cam_config *config, const cam_model_config *model,
                                                         const cam_tokenizer *tokenizer);

/* The figures of the final model, for metrics.json. */
typedef struct cam_final_figures {
    const cam_metrics *validation, *test; /* NULL: no such rows */
    const char *const *labels;
    const cam_strbuf *warnings; /* one line each */
} cam_final_figures;
CAM_MUST_CHECK cam_status cam_run_folder_put_metrics(const cam_config *config, const cam_final_figures *figures);

/* output_dir/name; the caller frees it. */
char *cam_run_folder_path(const cam_config *config, const char *name);

#endif
