/* compare_internal.h: a comparison at work: compare.c (the order of the work), compare_write.c (what it writes and says). */
#ifndef CAM_COMPARE_INTERNAL_H
#define CAM_COMPARE_INTERNAL_H

#include "compare.h"

/* What an entry gave; the last one is the baseline, if there is one. */
typedef struct cam_compared {
    const char *name;
    const cam_compare_entry *entry; /* NULL: the baseline */
    cam_predictions predictions;
    cam_figures figures;
    cam_figures_difference difference; /* to the best entry */
    double train_s;                    /* of one training */
    double predict_rows_s;             /* rows a second; 0: not known */
    int is_best, is_recommended;
} cam_compared;

typedef struct cam_compare_state {
    const cam_compare_task *task;
    cam_measurement_folder folder;
    cam_compared *list; /* [count] */
    int64_t count;
    int64_t rows, folds;
    char **labels; /* [label_count] of the first entry */
    int64_t label_count;
    char data[80]; /* the hash of the rows of the first entry */
    int32_t *fold; /* [rows] of the first entry */
    int64_t best, recommended;
    cam_strbuf warnings;
} cam_compare_state;

/* Writes compare.json and best.yaml. */
CAM_MUST_CHECK cam_status cam_compare_write(const cam_compare_state *c);
/* Appends the table for people: lines of at most 80 columns. */
void cam_compare_table_put(const cam_compare_state *c, cam_strbuf *out);

#endif
