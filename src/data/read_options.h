/* read_options.h: how the rows of a data file are read.
 */
#ifndef CAM_READ_OPTIONS_H
#define CAM_READ_OPTIONS_H

#include "choices.h"
#include "encoding.h"
#include <stddef.h>
#include <stdint.h>

enum { CAM_RECORD_MAX_BYTES = 64 << 20 };

/* AUTO: by the ending .csv, .tsv, .jsonl; any other: lines, or an error where a label is required. No word asks for
 * lines, so their enumerator is the one behind the last word's. */
typedef enum cam_choice_format cam_data_format;
#define CAM_FORMAT_LINES CAM_CHOICE_COUNT_format

typedef enum cam_choice_on_bad_row cam_on_bad_row;

typedef struct cam_read_options {
    const char *path; /* "-" = standard input */
    cam_data_format format;
    cam_encoding encoding;
    char delimiter;             /* 0 = auto: the one of ; , tab that stands unquoted in the first record */
    const char *const *columns; /* NULL = the file has a header row */
    size_t column_count;
    const char *text_column;  /* NULL = "text" */
    const char *label_column; /* NULL = "label" */
    cam_on_bad_row on_bad_row;
    int64_t max_rows;   /* stop after so many rows; 0 or below = all */
    int label_required; /* otherwise the label column may be absent, and labels may be blank */
    int keep_blank;     /* give blank records out too, so that every record of the file gives one row */
} cam_read_options;

/* By the path's ending; CAM_FORMAT_AUTO where the ending says nothing. */
cam_data_format cam_format_of_path(const char *path);

/* The column names that apply: never NULL. */
const char *cam_text_column(const cam_read_options *options);
const char *cam_label_column(const cam_read_options *options);

#endif
