/* records.h: reads rows of text and label from CSV, TSV, JSON or plain lines, one after another.
 *
 * CSV is RFC 4180 with what spreadsheets and programs write: LF, CRLF or lone CR; a first line "sep=;"; records of empty
 * cells only (skipped and counted, or returned under keep_blank); line ends inside quotes; titles and comments above the
 * header; \" for a quote, and spaces before an opening quote, where the whole file is written so. A quote inside an
 * unquoted cell is a plain character. After a closing quote only spaces may follow up to the delimiter. Cells beyond the
 * header's may follow if they are blank, and cells at the end may be missing where neither text nor label is cut.
 * A repeated header is no row, nor is a drawn line (-----) that a program puts under the header.
 *
 * TSV: one record a line. Quotes are plain characters, unless a cell begins with a quote and the matching closing quote
 * (doubled ones do not close) is directly before the next tab or the line's end: such a cell is read as in CSV. A .tsv
 * file whose quoted cells hold line ends is read as CSV with tabs.
 *
 * JSON: one object a line; or, by the first bytes, a list of objects, objects over several lines, or an object that holds
 * such a list as "data" or "records". Strings; a number, true or false becomes its literal text, null an empty cell.
 * Blank lines are blank records. Lines: one text a line, every line a record.
 *
 * Columns are found by name (names are compared trimmed, in NFC), or by `columns` where the file has no header row. Cells
 * are returned as they are, except that labels are trimmed of Unicode space, and a list of one label is that label.
 *
 * A bad row (wrong number of cells, text after a closing quote, blank label where one is required, a damaged character, no
 * JSON object, ...) is a problem with its row, or is skipped and counted under CAM_BAD_ROW_SKIP. An error of the file
 * itself (encoding, header, open quote) always fails. Reading needs memory for one record, of at most
 * CAM_RECORD_MAX_BYTES. */
#ifndef CAM_RECORDS_H
#define CAM_RECORDS_H

#include "cam/status.h"
#include "read_options.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_record {
    const char *text; /* not NUL-terminated; valid until the next call */
    size_t text_length;
    const char *label; /* trimmed; NULL where the record has no label column */
    size_t label_length;
    long line; /* where the record starts, from 1 */
    /* Its row in a spreadsheet, from 1: header and blank records count, line ends inside cells do not. 0 where the file
     * is no table (JSON, lines). */
    long sheet_row;
    int64_t row; /* its number in the file, from 0: headers and skipped blank records do not count, bad rows do */
    int blank;   /* all cells empty; only under keep_blank (in CAM_FORMAT_LINES: an empty line) */
    int trimmed; /* the label had outer space */
    int bad;     /* a skipped row; only under keep_blank. Its text is empty, its cells are as they were read */
    const cam_cell *cells; /* CSV and TSV: all cells; valid until the next call. Otherwise NULL */
    size_t cell_count;     /* may differ from the header's: cells can be missing, or blank ones be surplus */
} cam_record;

enum { CAM_BAD_CAUSE_BYTES = 160 };

/* What was read, and what was accepted or left out on the way. */
typedef struct cam_read_counts {
    int64_t rows;          /* returned */
    int64_t blank_skipped; /* records of empty cells only */
    int64_t bad_rows;      /* found so far, skipped or not */
    int64_t bad_skipped;   /* of them, under CAM_BAD_ROW_SKIP */
    long first_bad_line;   /* 0 = none */
    long first_bad_row;    /* its sheet_row */
    char first_bad_cause[CAM_BAD_CAUSE_BYTES];
    int64_t labels_trimmed;    /* labels that had outer space */
    int64_t labels_from_lists; /* a list of one label */
    int64_t labels_unquoted;   /* labels that kept quotes, since a space stood before them */
    int64_t headers_repeated;  /* rows equal to the header */
    int64_t rules;             /* drawn lines, such as ----- under the header */
    int64_t cells_surplus;     /* rows with blank cells beyond the header's */
    int64_t cells_missing;     /* rows without cells at their end */
    long records_above;        /* titles and comments above the header */
    int backslash_quotes;      /* the file writes a quote as \" */
    int spaced_quotes;         /* the file has spaces before opening quotes */
    int other_format;          /* the bytes are not what the ending says: they are */
    int is_list;               /* a JSON list, or objects over several lines */
    cam_encoding hinted;       /* the encoding, where that of another file was taken (read_options.h); else AUTO */
    long hinted_line;          /* a line that shows it, and its word; 0 = none */
    char hinted_word[CAM_BAD_CAUSE_BYTES];
    cam_data_format format; /* as read */
} cam_read_counts;

/* Appends what a user should know about the reading, a line each: "PATH: 2 rows that repeat the header were left out". */
void cam_read_counts_describe(const cam_read_counts *counts, const char *path, cam_strbuf *out);

typedef struct cam_record_reader cam_record_reader;

/* Opens the file and reads its header. `options`, with all it points to, must outlive the reader. CAM_E_DATA, or
 * CAM_E_USAGE where the options contradict each other. *reader is NULL after a failure. */
CAM_MUST_CHECK cam_status cam_record_reader_open(const cam_read_options *options, cam_record_reader **reader);

/* Gives the next record, or *got == 0 at the end. Under CAM_BAD_ROW_ERROR bad rows are skipped, and the call that
 * reaches the end fails with all of them, grouped by cause. Under keep_blank, where the caller counts records, the first bad row
 * fails at once. */
CAM_MUST_CHECK cam_status cam_record_reader_next(cam_record_reader *reader, cam_record *record, int *got);
const cam_read_counts *cam_record_reader_counts(const cam_record_reader *reader);
cam_data_format cam_record_reader_format(const cam_record_reader *reader); /* never AUTO */
char cam_record_reader_delimiter(const cam_record_reader *reader);         /* 0 for JSON and lines */

/* How the file is written: what makes a table that is written back like it. */
typedef struct cam_file_form {
    char delimiter;        /* 0 for JSON and lines */
    size_t columns;        /* of a table */
    cam_encoding encoding; /* never AUTO */
    int has_mark;          /* begins with a byte-order mark */
    int big_endian;        /* UTF-16 */
    const char *line_end;  /* "\n", "\r\n" or "\r": that of the record that was read last; "\n" before the first */
    int has_separator;     /* the first line is "sep=;" or alike */
    int is_stream;         /* a pipe or a terminal: its records come one after another */
} cam_file_form;
cam_file_form cam_record_reader_form(const cam_record_reader *reader);

/* The header's cells as written, *count of them; NULL where the file has no header row. */
const char *const *cam_record_reader_header(const cam_record_reader *reader, size_t *count);
int cam_record_reader_has_label(const cam_record_reader *reader); /* JSON: always 1 */
void cam_record_reader_close(cam_record_reader *reader);

#endif
