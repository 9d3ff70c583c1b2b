/* eval_rows.h: which rows of a labelled file `eval` scores. Of the file that the model was trained from, these are the
 * rows that it did not learn. */
#ifndef CAM_EVAL_ROWS_H
#define CAM_EVAL_ROWS_H

#include "dataset.h"
#include "reading.h"

/* Leaves in `data`, read from arguments->data, the rows of the part that --part names, and says so. The file is that of
 * the training if it is run.yaml's train_file or has all its texts; split.tsv in `folder` names the part of each, which
 * is known by its text where the file has changed. *part is CAM_EVAL_PART_VALIDATION, _TRAIN or _ALL. Of another file all rows stay, with a warning where the model has
 * learnt some of their texts. CAM_E_USAGE where the file has no such part; CAM_E_DATA where it has none of the
 * texts of the training any more; CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_eval_rows_choose(const cam_reading *reading, const cam_arguments *arguments,
                                               const char *folder, cam_dataset *data, enum cam_choice_eval_part *part);

#endif
