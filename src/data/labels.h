/* labels.h: label names and their ids. Names are compared byte for byte; the reader of rows trims them. "-1" and "null"
 * are names like any other. */
#ifndef CAM_LABELS_H
#define CAM_LABELS_H

#include "cam/status.h"
#include "choices.h"
#include "dataset.h"
#include "name_set.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

/* Ids by code point, by first appearance in the training rows, or in the order of the caller's list. */
typedef enum cam_choice_label_order cam_label_order;

typedef struct cam_label_options {
    cam_label_order order;
    const char *const *list; /* CAM_LABELS_LIST */
    size_t list_count;
} cam_label_options;

typedef cam_name_set cam_labels; /* a name's number is the label's id */

/* Makes the ids from training rows, which all have a label. CAM_E_DATA where the rows have one class only, or labels
 * that are not in the list (each is named with its first line and number of rows). CAM_E_USAGE for a list with a name
 * twice, an empty name, or fewer than two names. A listed name without rows is a line in *warnings (may be NULL). */
CAM_MUST_CHECK cam_status cam_labels_build(cam_labels *labels, const cam_label_options *options,
                                           const cam_dataset *train, cam_strbuf *warnings);
/* Makes the ids from names alone, in their order: those of a model folder. */
CAM_MUST_CHECK cam_status cam_labels_from_names(cam_labels *labels, const char *const *names, size_t count);
void cam_labels_release(cam_labels *labels);

/* The id of a name, or -1. */
int32_t cam_labels_find(const cam_labels *labels, const char *name, size_t length);

/* Sets ids[dataset->count]. CAM_E_DATA naming each label without an id (validation and test files with labels that
 * training rows do not have), with its first line and number of rows. */
CAM_MUST_CHECK cam_status cam_labels_assign(const cam_labels *labels, const cam_dataset *dataset, int32_t *ids);

/* Sets counts[labels->count], the number of rows with each id. */
void cam_labels_count(const cam_labels *labels, const int32_t *ids, size_t count, int64_t *counts);

/* Adds a line to `warnings` for each group of names that differ only by case or accents, with their counts unless
 * `counts` is NULL; *near_duplicates is the number of groups. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_labels_near_duplicates(const cam_labels *labels, const int64_t *counts,
                                                     cam_strbuf *warnings, size_t *near_duplicates);

#endif
