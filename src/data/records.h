/* records.h: reads rows of text and label from CSV, TSV, JSONL or plain lines, one after another.
 *
 * CSV is RFC 4180 with what spreadsheets write: LF, CRLF or lone CR; a first line "sep=;"; records of empty cells only
 * (skipped and counted, or returned under keep_blank); line ends inside quotes. A quote inside an unquoted cell is a
 * plain character. After a closing quote only spaces may follow up to the delimiter.
 *
 * TSV: one record a line, always. Quotes are plain characters, unless a cell begins with a quote and the matching
 * closing quote (doubled ones do not close) is directly before the next tab or the line's end: such a cell is read as
 * in CSV.
 *
 * JSONL: one object a line; strings; a number, true or false becomes its literal text, null an empty cell. Blank lines
 * are blank records. Lines: one text a line, every line a record.
 *
 * Columns are found by name in the first record (names are compared trimmed, in NFC), or by `columns` where the file
 * has no header row. Cells are returned as they are, except that labels are trimmed of Unicode space.
 *
 * A bad row (wrong number of cells, text after a closing quote, blank label where one is required, no JSON object, ...)
 * is a problem with its line, or is skipped and counted under CAM_BAD_ROW_SKIP. An error of the file itself (encoding,
 * header, open quote) always fails. Reading needs memory for one record, of at most CAM_RECORD_MAX_BYTES. */
#ifndef CAM_RECORDS_H
#define CAM_RECORDS_H

#include "cam/status.h"
#include "read_options.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_record {
    const char *text; /* not NUL-terminated; valid until the next call */
    size_t text_length;
    const char *label; /* trimmed; NULL where the record has no label column */
    size_t label_length;
    long line; /* where the record starts, from 1 */
    long
        sheet_row; /* its row in a spreadsheet, from 1: header and blank records count, line ends inside cells do not */
    int64_t row;   /* its number in the file, from 0: header and skipped blank records do not count, bad rows do */
    int blank;     /* all cells empty; only under keep_blank (in CAM_FORMAT_LINES: an empty line) */
    int bad;       /* a skipped row; only under keep_blank. Its text is empty, its cells are as they were read */
    int trimmed;   /* the label had outer space */
    const cam_cell *cells; /* CSV and TSV: all cells; valid until the next call. Otherwise NULL */
    size_t cell_count;
} cam_record;

typedef struct cam_read_counts {
    int64_t rows;           /* returned */
    int64_t blank_skipped;  /* records of empty cells only */
    int64_t bad_skipped;    /* bad rows under CAM_BAD_ROW_SKIP */
    long first_bad_line;    /* 0 = none */
    int64_t labels_trimmed; /* labels that had outer space */
} cam_read_counts;

typedef struct cam_record_reader cam_record_reader;

/* Opens the file and reads its header. `options`, with all it points to, must outlive the reader. CAM_E_DATA, or
 * CAM_E_USAGE where the options contradict each other. *reader is NULL after a failure. */
CAM_MUST_CHECK cam_status cam_record_reader_open(const cam_read_options *options, cam_record_reader **reader);

/* Gives the next record, or *got == 0 at the end. Under CAM_BAD_ROW_ERROR bad rows are skipped, and the call that
 * reaches the end fails with the list of all. Under keep_blank, where the caller counts records, the first bad row
 * fails at once. */
CAM_MUST_CHECK cam_status cam_record_reader_next(cam_record_reader *reader, cam_record *record, int *got);
const cam_read_counts *cam_record_reader_counts(const cam_record_reader *reader);
cam_data_format cam_record_reader_format(const cam_record_reader *reader); /* never AUTO */
char cam_record_reader_delimiter(const cam_record_reader *reader);         /* 0 for JSONL and lines */

/* How the file is written: what makes a table that is written back like it. */
typedef struct cam_file_form {
    char delimiter;        /* 0 for JSONL and lines */
    size_t columns;        /* of a table */
    cam_encoding encoding; /* never AUTO */
    int has_mark;          /* begins with a byte-order mark */
    int big_endian;        /* UTF-16 */
    const char *line_end;  /* "\n", "\r\n" or "\r": that of the record that was read last; "\n" before the first */
} cam_file_form;
cam_file_form cam_record_reader_form(const cam_record_reader *reader);
/* The header's cells as written, *count of them; NULL where the file has no header row. */
const char *const *cam_record_reader_header(const cam_record_reader *reader, size_t *count);
int cam_record_reader_has_label(const cam_record_reader *reader); /* JSONL: always 1 */
void cam_record_reader_close(cam_record_reader *reader);

#endif
