/* labels.h: label names and their ids. Names are compared byte for byte; the reader of rows trims them. "-1" and "null"
 * are names like any other. */
#ifndef CAM_LABELS_H
#define CAM_LABELS_H

#include "cam/status.h"
#include "choices.h"
#include "dataset.h"
#include "name_set.h"
#include "pair.h"
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
 * twice, an empty name, or fewer than two names. A listed name without rows is a line in *warnings (may be NULL). After
 * CAM_E_DATA, `labels` holds the names of the rows or of the list; it is released in every case. */
CAM_MUST_CHECK cam_status cam_labels_build(cam_labels *labels, const cam_label_options *options,
                                           const cam_dataset *train, cam_strbuf *warnings);
/* Makes the ids from names alone, in their order: those of a model folder. */
CAM_MUST_CHECK cam_status cam_labels_from_names(cam_labels *labels, const char *const *names, size_t count);
void cam_labels_release(cam_labels *labels);

/* The id of a name, or -1. */
int32_t cam_labels_find(const cam_labels *labels, const char *name, size_t length);

/* Sets ids[dataset->count]. CAM_E_DATA naming each label without an id (validation and test files with labels that
 * training rows do not have), with its first line, its number of rows and the nearest known label; the ids of its rows
 * are -1. */
CAM_MUST_CHECK cam_status cam_labels_assign(const cam_labels *labels, const cam_dataset *dataset, int32_t *ids);

/* Sets counts[labels->count], the number of rows with each id. */
void cam_labels_count(const cam_labels *labels, const int32_t *ids, size_t count, int64_t *counts);

/* --- rules that change labels before they get ids (label_rules.c) ------------------------------------------------- */

#define CAM_LABEL_OTHER "other"

/* Applied in this order. A zeroed struct changes nothing. */
typedef struct cam_label_rules {
    const cam_pair *map; /* once for each label as read: the new names are not looked up again */
    size_t map_count;
    enum cam_choice_label_case label_case; /* FOLD: labels equal but for case (after NFC) become one */
    const char *const *spellings;          /* FOLD: the names of the configuration's list, which it then prefers */
    size_t spelling_count;
    int64_t min_rows; /* a label with fewer rows in the training file is rare; at most 1 = none is */
    enum cam_choice_on_rare_label on_rare;
} cam_label_rules;

/* Applies map and case. `known` NULL: `dataset` is the training file, and a fold chooses the most frequent spelling (the
 * first of equally frequent ones). Otherwise `known` are the labels of the training, whose spelling a fold chooses.
 * Rows that are left out are a line in `notes`. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_labels_rename(const cam_label_rules *rules, const cam_labels *known, cam_dataset *dataset,
                                            cam_strbuf *notes);
/* Applies min_rows and on_rare: in the training file (`known` NULL) to labels with fewer rows, in another file to labels
 * that are not known, since training has none of their rows. OTHER keeps the label "other" itself. The labels concerned
 * are a line in `notes`, or under ERROR, in the training file only, CAM_E_DATA. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_labels_treat_rare(const cam_label_rules *rules, const cam_labels *known,
                                                cam_dataset *dataset, cam_strbuf *notes);
/* Both: what `eval` applies to its file, with the labels of the model. */
CAM_MUST_CHECK cam_status cam_label_rules_apply(const cam_label_rules *rules, const cam_labels *known,
                                                cam_dataset *dataset, cam_strbuf *notes);

#endif
