/* audit.h: finds duplicates, conflicting labels, overlaps between files and uneven labels.
 *
 * Two texts are the same when they are equal after NFC, case folding, every run of Unicode space made one space, outer
 * space removed, and final punctuation removed (. , ; : ! ? … and spaces among them). Labels do not count. An empty
 * text is never a duplicate.
 *
 * Takes time linear in the data (hashing; where hashes are equal, the texts are compared), and is deterministic. */
#ifndef CAM_AUDIT_H
#define CAM_AUDIT_H

#include "cam/status.h"
#include "choices.h"
#include "dataset.h"
#include "labels.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

/* DROP: inside the training file, the first row of a text stays, later ones go. */
typedef enum cam_choice_on_duplicate cam_on_duplicate;

enum {
    CAM_AUDIT_EXAMPLES = 3, /* shown for each kind of finding */
    CAM_RARE_LABEL_ROWS = 8 /* a label with fewer training rows is called rare */
};

typedef enum cam_data_part { CAM_PART_TRAIN, CAM_PART_VALIDATION, CAM_PART_TEST, CAM_PARTS } cam_data_part;
const char *cam_data_part_name(cam_data_part part); /* "train", "validation", "test" */

typedef struct cam_audit_pair { /* two rows with the same text: the first that has it, and a later one */
    cam_data_part first_part, second_part;
    size_t first, second; /* indices in their data sets */
} cam_audit_pair;

typedef struct cam_audit_finding {
    int64_t count;
    size_t example_count;
    cam_audit_pair examples[CAM_AUDIT_EXAMPLES];
} cam_audit_finding;

typedef struct cam_audit {
    const cam_dataset *parts[CAM_PARTS];     /* as given; NULL = no such file */
    cam_audit_finding duplicates[CAM_PARTS]; /* rows that repeat the text of an earlier row of the same file */
    cam_audit_finding conflicts[CAM_PARTS];  /* the duplicates with another label than that earlier row */
    cam_audit_finding overlaps[CAM_PARTS];   /* rows with the text of a row in an earlier part: validation in train,
                                              * test in train or validation */
    int64_t empty_texts[CAM_PARTS];          /* nothing but space */
} cam_audit;

/* Any part may be NULL. The data sets must outlive the audit; it owns nothing itself. CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_audit_run(cam_audit *audit, const cam_dataset *const parts[CAM_PARTS]);

/* Appends the findings as lines, with examples and line numbers; nothing where there are none. */
void cam_audit_describe(const cam_audit *audit, cam_strbuf *out);

/* Applies `action`. WARN and DROP add the lines of cam_audit_describe to `warnings`; DROP then removes the duplicates
 * from `train` and sets *dropped to their number, after which the row numbers of the audit are no longer valid. ERROR
 * fails with the lines where there are duplicates or overlaps (CAM_E_DATA). CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_audit_apply(cam_audit *audit, cam_on_duplicate action, cam_dataset *train,
                                          cam_strbuf *warnings, size_t *dropped);

/* A hash of a row's text (64 bits, FNV-1a): equal for equal texts in the sense above. */
uint64_t cam_audit_text_hash(const cam_row *row);

/* Sets first[dataset->count]: the first row with the same text, or the row itself. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_audit_groups(const cam_dataset *dataset, int64_t *first);

/* Adds warnings about the counts of training rows per label: rare labels (fewer than CAM_RARE_LABEL_ROWS rows, at most
 * twenty named) and imbalance (largest count over smallest above 10). Returns that ratio; labels without rows are left
 * out. `weighted`: nothing is said of the imbalance. */
double cam_audit_labels(const cam_labels *labels, const int64_t *counts, int weighted, cam_strbuf *warnings);

#endif
