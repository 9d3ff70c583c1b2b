/* labels.h: label names and their ids. Names are compared byte for byte; rows come trimmed from the reader. "-1" or
 * "null" are names like any other.
 */
#ifndef CAM_LABELS_H
#define CAM_LABELS_H

#include "cam/status.h"
#include "choices.h"
#include "dataset.h"
#include "name_set.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

/* By code point, in the order of the training rows, or as the caller's list fixes the ids. */
typedef enum cam_choice_label_order cam_label_order;

typedef struct cam_label_options {
    cam_label_order order;
    const char *const *list; /* CAM_LABELS_LIST */
    size_t list_count;
} cam_label_options;

typedef cam_name_set cam_labels; /* names[id], count: a label's number is its id */

/* From training rows that all have a label. CAM_E_DATA where the rows hold one class only, or hold labels that are not
 * in the list (each named with its first line and how many rows have it). CAM_E_USAGE: a list with a name twice, an
 * empty name, or fewer than two names. A listed name without rows is a line in *warnings (may be NULL). */
CAM_MUST_CHECK cam_status cam_labels_build(cam_labels *labels, const cam_label_options *options,
                                           const cam_dataset *train, cam_strbuf *warnings);
/* From names alone, ids in their order: what a model folder brings. */
CAM_MUST_CHECK cam_status cam_labels_from_names(cam_labels *labels, const char *const *names, size_t count);
void cam_labels_release(cam_labels *labels);

/* The id of a name, or -1. */
int32_t cam_labels_find(const cam_labels *labels, const char *name, size_t length);

/* ids[dataset->count] of all rows. CAM_E_DATA naming each label that the map does not hold (validation and test files
 * with labels unseen in training), with its first line and how many rows have it. */
CAM_MUST_CHECK cam_status cam_labels_assign(const cam_labels *labels, const cam_dataset *dataset, int32_t *ids);

/* counts[labels->count] of ids. */
void cam_labels_count(const cam_labels *labels, const int32_t *ids, size_t count, int64_t *counts);

/* Adds one line to `warnings` for each group of names that differ only by case or accents, with their counts (NULL =
 * not told), and counts the groups. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_labels_near_duplicates(const cam_labels *labels, const int64_t *counts,
                                                     cam_strbuf *warnings, size_t *near_duplicates);

#endif
