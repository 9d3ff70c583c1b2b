/* labels_internal.h: what the sources about labels share. */
#ifndef CAM_LABELS_INTERNAL_H
#define CAM_LABELS_INTERNAL_H

#include "labels.h"
#include "strbuf.h"

enum { CAM_LABELS_NAMED = 20 }; /* labels that one message names at most */

/* The rows of each distinct label of a data set, whose rows all have one. */
typedef struct cam_label_use {
    int64_t rows;
    const cam_row *first; /* NULL where no row has the label */
} cam_label_use;

/* Allocates use[dataset->labels.count], by label number. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_use_count(const cam_dataset *dataset, cam_label_use **use);

/* Adds a line where labels are several labels in one cell, as "compte;livraison" beside "compte": each of their parts is
 * also in another label. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_joined_put(const cam_dataset *dataset, const cam_label_use *use, cam_strbuf *out);

#endif
