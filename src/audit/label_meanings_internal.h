/* label_meanings_internal.h: labels with different normal forms that probably stand for one class. */
#ifndef CAM_LABEL_MEANINGS_INTERNAL_H
#define CAM_LABEL_MEANINGS_INTERNAL_H

#include "label_cure.h"
#include "label_use.h"

/* Adds a line for labels that mean the same (Oui and O, VRAI and TRUE), and for each rare label that is one letter off a frequent
 * one, with what cures them. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_meanings_put(const cam_dataset *dataset, const cam_label_use *use, cam_strbuf *out,
                                                 cam_label_cure *cure);

#endif
