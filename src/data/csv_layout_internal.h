/* csv_layout_internal.h: how a delimited file is written, by the evidence of its first records: the delimiter, the way
 * of quoting, and what stands above the header. Every way is tried, and the one that splits the records best is taken. */
#ifndef CAM_CSV_LAYOUT_INTERNAL_H
#define CAM_CSV_LAYOUT_INTERNAL_H

#include "cam/status.h"
#include "csv_cells.h"
#include "read_options.h"
#include "text_window.h"

typedef struct cam_csv_layout {
    cam_dialect dialect;
    size_t separator_bytes; /* of a first line "sep=X", which the caller skips */
    long records_above;     /* records above the header: titles, comments, blank ones */
    int has_record;         /* the file has a record that is not blank */
    int has_names;          /* the header has the wanted columns: the text, and the label where it is required */
    int has_header;         /* it has one of them */
    int is_even;            /* it has several cells, and the records below it, one or more, have as many */
    int has_row_names;      /* each row has one cell more than the header, a number in front */
    int quotes_hold_lines;  /* a file that is TSV by the options would be read better as CSV */
} cam_csv_layout;

/* Chooses the layout; consumes nothing. `format` is CSV or TSV. The delimiter is options->delimiter, else X of a first
 * line "sep=X", else (CSV, or TSV under options->format == AUTO) the one of ; , tab | under which the header has the most of the
 * wanted columns, and the records have the most even number of cells. Where two delimiters do equally well,
 * options->delimiter_hint decides, or it is CAM_E_DATA. */
CAM_MUST_CHECK cam_status cam_csv_layout_find(cam_text_window *window, const cam_read_options *options,
                                              cam_data_format format, cam_csv_layout *layout);

#endif
