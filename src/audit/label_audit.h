/* label_audit.h: labels that are probably a mistake: look-alikes, words for missing values, a header inside the file,
 * numbers or identifiers in place of classes. What a map of old and new labels can cure is collected as such. */
#ifndef CAM_LABEL_AUDIT_H
#define CAM_LABEL_AUDIT_H

#include "cam/status.h"
#include "dataset.h"
#include "label_cure.h"
#include "labels.h"
#include "strbuf.h"

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
