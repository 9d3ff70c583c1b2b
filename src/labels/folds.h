/* folds.h: rows into folds for cross-validation, row for row as scikit-learn's StratifiedKFold and StratifiedGroupKFold
 * with shuffle=True.
 *
 * fold[row] is the fold whose held-out rows contain this row: fold f of
 *     StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed).split(x, ids)
 * holds out the rows with fold[row] == f, in ascending order.
 *
 * Source: scikit-learn 1.9 model_selection/_split.py; sums in the order of numpy's pairwise summation, since the folds of
 * groups depend on the last bits of standard deviations. */
#ifndef CAM_FOLDS_H
#define CAM_FOLDS_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

enum { CAM_FOLDS_MAX = 1000 };

/* What scikit-learn warns of: labels that are too small to have a row in every fold. */
typedef struct cam_folds_notes {
    int64_t small_labels;  /* labels with rows, but fewer than folds */
    int64_t smallest;      /* rows of the smallest label that has any */
    int32_t smallest_id;   /* its id; the first of equal ones */
    int64_t largest_group; /* rows of the largest group; 1 without groups */
} cam_folds_notes;

/* Sets fold[count], 0 <= fold[row] < folds. 0 <= ids[row] < class_count; labels without rows take no part. `notes` may be
 * NULL. CAM_E_USAGE: folds below 2 or above CAM_FOLDS_MAX. CAM_E_DATA: fewer rows than folds, or every label has fewer
 * rows than folds. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_folds_stratified(int32_t *fold, size_t count, int32_t folds, uint32_t seed,
                                               const int32_t *ids, size_t class_count, cam_folds_notes *notes);
/* The same, and the rows of one group are in one fold. 0 <= group[row] < group_count, numbered in the sorted order of the
 * groups' values, as numpy.unique numbers them; every group has a row. CAM_E_DATA also: fewer groups than folds. */
CAM_MUST_CHECK cam_status cam_folds_stratified_group(int32_t *fold, size_t count, int32_t folds, uint32_t seed,
                                                     const int32_t *ids, size_t class_count, const int32_t *group,
                                                     size_t group_count, cam_folds_notes *notes);

#endif
