/* csv_cells.h: splits a record of delimited text (CSV, TSV, a plain line) into cells. The rules of quoting are
 * in records.h. */
#ifndef CAM_CSV_CELLS_H
#define CAM_CSV_CELLS_H

#include "cam/status.h"
#include "read_options.h"
#include <stddef.h>

typedef struct cam_cells {
    cam_cell *list;
    size_t count, capacity;
    size_t used; /* bytes of the record, its line end included */
    long lines;  /* line ends among them */
    long before; /* those of them before the record starts; 0 but for JSON (json_objects_internal.h) */
    int stray;   /* text after a closing quote */
} cam_cells;

typedef enum cam_quoting {
    CAM_QUOTING_CSV, /* quoted cells may hold delimiters and line ends */
    CAM_QUOTING_TSV, /* a quoted cell ends on its line; otherwise its quotes are plain characters */
    CAM_QUOTING_NONE
} cam_quoting;

typedef struct cam_dialect {
    char delimiter; /* '\0': one cell a record */
    cam_quoting quoting;
    int backslash;  /* CSV: inside quotes \" is a quote and \\ a backslash */
    int skip_space; /* CSV: spaces before an opening quote are no part of the cell */
} cam_dialect;

typedef enum cam_cells_result {
    CAM_CELLS_DONE,
    CAM_CELLS_MORE, /* the record does not end in this text, which was not changed: call again with more text */
    CAM_CELLS_OPEN, /* a quote is still open at the end of the file */
    CAM_CELLS_END,  /* JSON: there is no other object; the text is white space, or is ignored */
    CAM_CELLS_STRAY /* JSON: something else than an object, after `before` line ends */
} cam_cells_result;

/* Splits the record that starts at text[0]; length > 0. `at_end`: text[length - 1] is the last byte of the file. Cells
 * point into `text`, where quoted cells are unquoted in place. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_cells_split(cam_cells *cells, char *text, size_t length, int at_end,
                                          const cam_dialect *dialect, cam_cells_result *result);
/* Appends a cell. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_cells_add(cam_cells *cells, char *text, size_t length, int quoted);
/* The number of line ends, where the text does not end between CR and LF. */
long cam_cells_count_lines(const char *text, size_t length);
/* True where all cells hold Unicode space only. */
int cam_cells_blank(const cam_cell *cells, size_t count);
/* True for a line that programs draw under a header: all its cells are made of - = + and space. */
int cam_cells_are_rule(const cam_cells *cells);
void cam_cells_release(cam_cells *cells);

#endif
