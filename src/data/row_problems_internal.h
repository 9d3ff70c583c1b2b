/* row_problems_internal.h: the bad rows of a file, grouped by their cause. */
#ifndef CAM_ROW_PROBLEMS_INTERNAL_H
#define CAM_ROW_PROBLEMS_INTERNAL_H

#include "cam/status.h"
#include "problems.h"
#include <stdint.h>

enum {
    CAM_ROWS_SHOWN = 8,  /* with their lines, before the cause */
    CAM_ROWS_KEPT = 1024 /* whose numbers are listed behind it, as far as a message holds them */
};

typedef struct cam_row_cause {
    char *text;      /* "cause; cure" of the first such row */
    size_t compared; /* bytes of it by which rows are grouped */
    int64_t rows;
    struct {
        long number, line;
    } first[CAM_ROWS_SHOWN];
    long *numbers; /* of the first rows, up to CAM_ROWS_KEPT; NULL for few */
} cam_row_cause;

/* A zeroed struct is empty. */
typedef struct cam_row_problems {
    cam_row_cause *list; /* in the order of their first rows */
    size_t count, capacity;
} cam_row_problems;

/* Adds a row with its number, as users count, and its cause. Rows are one group where their texts are equal up to
 * `compared` bytes. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_row_problems_add(cam_row_problems *problems, long number, long line, const char *text,
                                               size_t compared);
/* Adds one problem for each cause: "file:line: row 3: cause; cure" for one row (without "row 3" where that is the line),
 * "file: rows 2, 5 (line 7), 8 … (24 of 30): cause; cure" for several of `rows`; for many a line "hint: all 24: 2, 5-8, 11" below it. `unit` is "row", "line" or "object". */
void cam_row_problems_report(const cam_row_problems *problems, const char *file, const char *unit, int64_t rows,
                             cam_problems *report);
void cam_row_problems_release(cam_row_problems *problems);

#endif
