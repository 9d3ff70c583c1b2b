/* cells.h: one record of delimited text (CSV, TSV, a plain line) cut into cells. The rules of quoting are in
 * records.h.
 */
#ifndef CAM_CSV_CELLS_INTERNAL_H
#define CAM_CSV_CELLS_INTERNAL_H

#include "cam/status.h"
#include <stddef.h>

typedef struct cam_cell {
    char *text;
    size_t length;
    int quoted; /* began with a quote that counted as one */
} cam_cell;

typedef struct cam_cells {
    cam_cell *list;
    size_t count, capacity;
    size_t used; /* bytes of the record, its line end included */
    long lines;  /* line ends among them */
    int stray;   /* text after a closing quote */
} cam_cells;

typedef enum cam_quoting {
    CAM_QUOTING_CSV, /* quoted cells may hold delimiters and line ends */
    CAM_QUOTING_TSV, /* quoted cells end before the line does, or are no quoted cells */
    CAM_QUOTING_NONE
} cam_quoting;

typedef enum cam_cells_result {
    CAM_CELLS_DONE,
    CAM_CELLS_MORE, /* the record does not end in this text: call again with more of it. Nothing was changed */
    CAM_CELLS_OPEN  /* a quote is open where the file ends */
} cam_cells_result;

/* Cuts the record that starts at text[0]; length > 0. `at_end`: nothing follows text[length - 1]. delimiter '\0': one
 * cell a record. Cells point into `text`, whose quoted cells are unquoted in place. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_cells_split(cam_cells *cells, char *text, size_t length, int at_end, char delimiter,
                                          cam_quoting quoting, cam_cells_result *result);
void cam_cells_release(cam_cells *cells);

#endif
