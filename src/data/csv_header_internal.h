/* header.h: what the beginning of a delimited file says: its delimiter and where its columns are.
 */
#ifndef CAM_CSV_HEADER_INTERNAL_H
#define CAM_CSV_HEADER_INTERNAL_H

#include "cam/status.h"
#include "csv_cells_internal.h"
#include "read_options.h"
#include "text_window_internal.h"
#include <stddef.h>

enum { CAM_NO_COLUMN = -1 };

typedef struct cam_columns {
    size_t count;
    int text;  /* index */
    int label; /* index, or CAM_NO_COLUMN */
} cam_columns;

/* Consumes a first line "sep=X" and settles the delimiter: what `asked` says, else that line, else the one of ; , tab
 * that stands unquoted in the first record that is no empty line (a comma where none does). CAM_E_DATA where several
 * do. *line is the line where reading goes on. */
CAM_MUST_CHECK cam_status cam_header_delimiter(cam_text_window *window, char asked, char *delimiter, long *line);

/* Finds the columns among the names of a header row. CAM_E_DATA, with what the file has. */
CAM_MUST_CHECK cam_status cam_header_match(const cam_read_options *options, const char *file, long line,
                                           const cam_cells *header, cam_columns *columns);
/* The same among options->columns, where `first` is the file's first record. CAM_E_USAGE where a name is not among
 * them, CAM_E_DATA where the first record repeats them. */
CAM_MUST_CHECK cam_status cam_header_given(const cam_read_options *options, const char *file, long line,
                                           const cam_cells *first, cam_columns *columns);

#endif
