/* records_internal.h: the reader of records.h, which has three parts: records.c goes from record to record, records_open.c
 * finds format, dialect and columns, record_rows.c makes a row of a record. */
#ifndef CAM_RECORDS_INTERNAL_H
#define CAM_RECORDS_INTERNAL_H

#include "csv_cells.h"
#include "csv_header_internal.h"
#include "json_objects_internal.h"
#include "jsonl.h"
#include "records.h"
#include "row_problems_internal.h"
#include "text_window.h"

/* Invariant: `line` is the line of the window's first unconsumed byte. */
struct cam_record_reader {
    const cam_read_options *options;
    cam_data_format format;
    cam_dialect dialect;
    cam_json_shape shape; /* JSON */
    int ended;            /* of its list */
    cam_text_window window;
    cam_cells cells;
    long line, start_line; /* of the next record, of the current one */
    int pending;           /* the current record was split but not returned yet */
    cam_columns columns;
    cam_jsonl_value json_text, json_label;
    cam_row_problems bad;
    cam_read_counts counts;
    int64_t row;
    long sheet_row;       /* of the current record */
    const char *line_end; /* of the record that was split last */
    int has_separator;    /* a first line "sep=;" */
    int has_header;       /* the table has a record with one of the wanted names, which stands at its beginning */
    char **header;        /* the names of the columns as written */
    size_t header_count;
    size_t header_text_bytes; /* of the name of the text column */
    int quotes_hold_lines;    /* TSV: see csv_layout_internal.h */
};

static inline int cam_reader_is_table(const cam_record_reader *r) {
    return r->format == CAM_FORMAT_CSV || r->format == CAM_FORMAT_TSV;
}

/* Splits the next record into r->cells; *got is 0 at the end of the file. */
CAM_MUST_CHECK cam_status cam_reader_next_cells(cam_record_reader *r, int *got);
/* Opens the file and finds format and dialect; counts.records_above is the number of records above the header. */
CAM_MUST_CHECK cam_status cam_reader_open_cells(cam_record_reader *r);
/* The same, and reads the header. */
CAM_MUST_CHECK cam_status cam_reader_open_file(cam_record_reader *r);
/* As cam_record_reader_open, with either of these. */
typedef cam_status (*cam_reader_open)(cam_record_reader *r);
CAM_MUST_CHECK cam_status cam_reader_make(const cam_read_options *options, cam_reader_open open_it,
                                          cam_record_reader **reader);
/* Makes a row of r->cells. *good is 0 where the record is skipped: blank, a repeated header, or a bad row. */
CAM_MUST_CHECK cam_status cam_reader_take_row(cam_record_reader *r, cam_record *record, int *good);
/* True where a byte of the record was damaged (encoding.h). */
int cam_reader_is_damaged(const cam_record_reader *r);
/* Fails with the bad rows, then with the message `then` unless it is NULL; CAM_OK where there is neither. */
CAM_MUST_CHECK cam_status cam_reader_bad_rows(cam_record_reader *r, const char *then);

#endif
