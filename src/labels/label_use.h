/* label_use.h: the rows of each distinct label of a data set. */
#ifndef CAM_LABEL_USE_H
#define CAM_LABEL_USE_H

#include "cam/status.h"
#include "dataset.h"
#include <stdint.h>

enum { CAM_LABELS_NAMED = 20 }; /* labels that one message names at most */

/* Every row of the data set has a label. */
typedef struct cam_label_use {
    int64_t rows;
    const cam_row *first; /* NULL where no row has the label */
} cam_label_use;

/* Allocates use[dataset->labels.count], by label number. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_use_count(const cam_dataset *dataset, cam_label_use **use);

#endif
