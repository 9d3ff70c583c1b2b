/* log_table_internal.h: log.jsonl as columns of numbers. */
#ifndef CAM_LOG_TABLE_INTERNAL_H
#define CAM_LOG_TABLE_INTERNAL_H

#include "cam/status.h"
#include <jansson.h>
#include <stddef.h>

/* X(member): the members of the events "step" and "eval" that are kept. */
#define CAM_LOG_STEP_MEMBERS(X) X(step) X(epoch) X(loss) X(lr) X(grad_norm) X(tokens) X(step_s)
#define CAM_LOG_EVAL_MEMBERS(X)                                                                                        \
    X(step) X(loss) X(accuracy) X(f1_macro) X(f1_micro) X(f1_weighted) X(perplexity) X(masked_accuracy)

enum {
#define CAM_LOG_STEP_COLUMN(member) CAM_LOG_STEP_##member,
    CAM_LOG_STEP_MEMBERS(CAM_LOG_STEP_COLUMN)
#undef CAM_LOG_STEP_COLUMN
        CAM_LOG_STEP_COLUMNS
};
enum {
#define CAM_LOG_EVAL_COLUMN(member) CAM_LOG_EVAL_##member,
    CAM_LOG_EVAL_MEMBERS(CAM_LOG_EVAL_COLUMN)
#undef CAM_LOG_EVAL_COLUMN
        CAM_LOG_EVAL_COLUMNS
};

/* column[c][row]; NAN where an event lacks the member, or it is null. */
typedef struct cam_log_rows {
    size_t count, capacity;
    double *column[CAM_LOG_EVAL_COLUMNS];
} cam_log_rows;

/* A zeroed struct is empty. */
typedef struct cam_log_table {
    cam_log_rows steps, evals;
    json_t *run, *end; /* the events "run" and "end"; NULL: none */
} cam_log_table;

extern const char *const cam_log_eval_members[CAM_LOG_EVAL_COLUMNS];

/* Reads folder/log.jsonl. Where there is none the table is empty. A line that is no event is left out, as the last one
 * of a run that was killed may be. CAM_E_DATA where it cannot be read, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_log_table_read(const char *folder, cam_log_table *table);
/* The epoch at a step; NAN where the log does not say it. */
double cam_log_table_epoch(const cam_log_table *table, double step);
/* True where one of the values is a number. */
int cam_log_rows_have(const cam_log_rows *rows, int column);
void cam_log_table_release(cam_log_table *table);

#endif
