/* fold_plan.h: the rows of train_file in folds: what is trained, and on which rows it is scored.
 *
 * Folds are those of folds.h at data.split_seed. All seeds share them, so that the spread over seeds is that of the
 * training alone. With group_column, rows with the same value of that column are in one fold.
 */
#ifndef CAM_FOLD_PLAN_H
#define CAM_FOLD_PLAN_H

#include "groups.h"
#include "repeat.h"
#include "run.h"

typedef struct cam_fold_plan {
    int64_t rows, labels; /* of train_file; row r has data row id r */
    int64_t folds;
    int32_t *fold; /* [rows] */
    cam_groups groups;
    int32_t *held_out;    /* [rows] fold after fold, ascending in each */
    int64_t *begin;       /* [folds + 1] fold f has held_out[begin[f] .. begin[f + 1]) */
    int32_t *train;       /* the training rows of fold f are train[f * rows ..], ascending */
    int64_t *train_count; /* [folds] */
    float *class_weights; /* [folds,labels]; NULL: none */
    cam_repeat_job *jobs; /* [job_count] seed after seed, each with all folds */
    int64_t job_count;
    int64_t duplicates; /* rows whose text also stands in another fold */
} cam_fold_plan;

/* Of a prepared run without validation rows. Messages name the labels that are too small. CAM_E_DATA: a label with fewer
 * rows than folds; with groups also one that all belongs to one group, fewer groups than folds, a fold with rows of one
 * label only, a row without a group. CAM_E_USAGE: no such column. CAM_E_MEMORY. Release in every case. */
CAM_MUST_CHECK cam_status cam_fold_plan_make(cam_fold_plan *plan, const cam_run *run);
/* Counts the rows whose text differs in little from that of a row of another fold (near_texts.h). CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_fold_plan_count_near(const cam_fold_plan *plan, const cam_run *run, int64_t *rows);
void cam_fold_plan_release(cam_fold_plan *plan);

static inline int64_t cam_fold_plan_held_out(const cam_fold_plan *plan, int64_t fold) {
    return plan->begin[fold + 1] - plan->begin[fold];
}

#endif
