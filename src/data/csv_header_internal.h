/* csv_header_internal.h: finds the columns of a delimited file. */
#ifndef CAM_CSV_HEADER_INTERNAL_H
#define CAM_CSV_HEADER_INTERNAL_H

#include "cam/status.h"
#include "csv_cells.h"
#include "read_options.h"
#include <stddef.h>

enum { CAM_NO_COLUMN = -1 };

typedef struct cam_columns {
    size_t count;
    int text;  /* index */
    int label; /* index, or CAM_NO_COLUMN */
} cam_columns;

/* Finds the columns in a header row. CAM_E_DATA, with the names in the file. */
CAM_MUST_CHECK cam_status cam_header_match(const cam_read_options *options, const char *file, long line,
                                           const cam_cells *header, cam_columns *columns);
/* The same in options->columns; `first` is the first record of the file. CAM_E_USAGE where a name is missing there,
 * CAM_E_DATA where the first record repeats the names. */
CAM_MUST_CHECK cam_status cam_header_given(const cam_read_options *options, const char *file, long line,
                                           const cam_cells *first, cam_columns *columns);
/* Whether every cell is a word that names columns, so that the record is a header. */
int cam_header_is_known(const cam_cells *record);

#endif
