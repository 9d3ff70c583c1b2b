/* run_folder_internal.h: what a run leaves in its output folder. Every file appears whole or not at all.
 */
#ifndef CAM_RUN_FOLDER_INTERNAL_H
#define CAM_RUN_FOLDER_INTERNAL_H

#include "config.h"
#include "corpus.h"
#include "metrics.h"
#include "model_config.h"

/* Whether the run may write where it wants to, before any work is done: CAM_E_USAGE for a folder that holds another run
 * (unless overwrite_output_dir) or is the model's own; CAM_E_STORAGE for one that cannot be made or written. Leaves
 * nothing behind. */
CAM_MUST_CHECK cam_status cam_run_folder_check(const cam_config *config, const char *model_folder);
/* Makes the folder and locks it until *lock is closed (-1: nothing to close), takes an earlier run's figures away,
 * writes run.yaml and split.tsv. CAM_E_USAGE while another process holds the lock: nothing was touched then. */
CAM_MUST_CHECK cam_status cam_run_folder_begin(const cam_config *config, const cam_corpus *corpus, int *lock);
/* config.json and the tokenizer's files: what stands beside model.safetensors so that the folder loads everywhere. */
CAM_MUST_CHECK cam_status cam_run_folder_put_model_files(const cam_config *config, const cam_model_config *model,
                                                         const cam_tokenizer *tokenizer);

/* metrics.json: the figures of the final model; `test` may be NULL. `warnings` is one line each. */
typedef struct cam_final_figures {
    const cam_metrics *validation, *test; /* NULL = no such rows */
    const char *const *labels;
    const cam_strbuf *warnings;
} cam_final_figures;
CAM_MUST_CHECK cam_status cam_run_folder_put_metrics(const cam_config *config, const cam_final_figures *figures);

/* output_dir/name, to be freed. */
char *cam_run_folder_path(const cam_config *config, const char *name);

#endif
