/* csv_cells_internal.h: splits a record of delimited text (CSV, TSV, a plain line) into cells. The rules of quoting are
 * in records.h. */
#ifndef CAM_CSV_CELLS_INTERNAL_H
#define CAM_CSV_CELLS_INTERNAL_H

#include "cam/status.h"
#include "read_options.h"
#include <stddef.h>

typedef struct cam_cells {
    cam_cell *list;
    size_t count, capacity;
    size_t used; /* bytes of the record, its line end included */
    long lines;  /* line ends among them */
    int stray;   /* text after a closing quote */
} cam_cells;

typedef enum cam_quoting {
    CAM_QUOTING_CSV, /* quoted cells may hold delimiters and line ends */
    CAM_QUOTING_TSV, /* a quoted cell ends on its line; otherwise its quotes are plain characters */
    CAM_QUOTING_NONE
} cam_quoting;

typedef enum cam_cells_result {
    CAM_CELLS_DONE,
    CAM_CELLS_MORE, /* the record does not end in this text, which was not changed: call again with more text */
    CAM_CELLS_OPEN  /* a quote is still open at the end of the file */
} cam_cells_result;

/* Splits the record that starts at text[0]; length > 0. `at_end`: text[length - 1] is the last byte of the file.
 * delimiter '\0': one cell a record. Cells point into `text`, where quoted cells are unquoted in place. CAM_E_MEMORY.
 */
CAM_MUST_CHECK cam_status cam_cells_split(cam_cells *cells, char *text, size_t length, int at_end, char delimiter,
                                          cam_quoting quoting, cam_cells_result *result);
void cam_cells_release(cam_cells *cells);

#endif
