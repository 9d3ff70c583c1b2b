/* label_joined_internal.h: labels that are several labels in one cell. */
#ifndef CAM_LABEL_JOINED_INTERNAL_H
#define CAM_LABEL_JOINED_INTERNAL_H

#include "label_use.h"
#include "strbuf.h"

/* Adds a line where labels are several labels in one cell, as "compte;livraison" beside "compte": each of their parts is
 * also in another label. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_joined_put(const cam_dataset *dataset, const cam_label_use *use, cam_strbuf *out);

#endif
