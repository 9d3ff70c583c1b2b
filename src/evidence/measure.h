/* measure.h: the verb `measure`: k folds x seeds, and then the model on all rows.
 *
 * Into output_dir go measure.json, oof.jsonl and confusion.csv; into output_dir/model the final model, whose model card
 * states the measured score.
 */
#ifndef CAM_MEASURE_H
#define CAM_MEASURE_H

#include "figures.h"
#include "measurement_folder.h"

#define CAM_MEASURE_FILE   "measure.json"
#define CAM_CONFUSION_FILE "confusion.csv"

typedef struct cam_measure_task {
    const cam_config *config; /* as the user wrote it; its output_dir is the folder */
    cam_run *run;             /* prepared with cam_measure_configure */
    cam_backend *backend;
    cam_group *group; /* ranks that share the work; NULL: one. The run itself has no group */
    cam_progress_mode progress;
} cam_measure_task;

/* Copies *from to *to, as the run of all rows wants it: no row is held out, output_dir is output_dir/model. *to borrows all
 * from *from but the name of the folder, which is to be freed after the last use. Warns of keys without effect.
 * CAM_E_USAGE where a key does not fit; CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_measure_configure(const cam_config *from, cam_config *to, char **folder);

/* CAM_E_STOPPED after a signal: the same command goes on. Errors: those of cam_fold_plan_make, cam_repeat, cam_run_train. */
CAM_MUST_CHECK cam_status cam_measure(const cam_measure_task *task);

#endif
