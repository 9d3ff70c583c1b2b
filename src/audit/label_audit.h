/* label_audit.h: labels that are probably a mistake: look-alikes, words for missing values, a header inside the file,
 * numbers or identifiers in place of classes. What a map of old and new labels can cure is collected as such. */
#ifndef CAM_LABEL_AUDIT_H
#define CAM_LABEL_AUDIT_H

#include "cam/status.h"
#include "dataset.h"
#include "labels.h"
#include "pair.h"
#include "strbuf.h"

/* Old and new labels, each old one once. A zeroed struct is empty. */
typedef struct cam_label_cure {
    cam_name_set from;
    char **to; /* by number in `from`; NULL = its rows are left out */
    size_t capacity;
} cam_label_cure;

/* Adds a pair; an old label that is there already keeps its new one. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_cure_add(cam_label_cure *cure, const char *from, const char *to);
/* The pair with a number; its texts live as long as the cure. */
cam_pair cam_label_cure_pair(const cam_label_cure *cure, size_t number);
void cam_label_cure_release(cam_label_cure *cure);

/* Examines the labels of a data set, of which every row has one. Adds one line for each finding to `warnings`, and what
 * cures it to `cure`; for look-alikes that is the most frequent spelling. The columns are those of the configuration.
 * CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_audit(const cam_dataset *dataset, const char *text_column, const char *label_column,
                                          cam_strbuf *warnings, cam_label_cure *cure);

/* Adds to `cure` the labels of the data set that are not in `labels` but have the normal form of one that is.
 * CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_cure_unknown(const cam_labels *labels, const cam_dataset *dataset,
                                                 cam_label_cure *cure);

#endif
