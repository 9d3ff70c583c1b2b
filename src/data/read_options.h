/* read_options.h: how a data file is read. */
#ifndef CAM_READ_OPTIONS_H
#define CAM_READ_OPTIONS_H

#include "choices.h"
#include "encoding.h"
#include "remedy.h"
#include <stddef.h>
#include <stdint.h>

enum { CAM_RECORD_MAX_BYTES = 64 << 20 };

/* AUTO: by the ending (.csv, .tsv; .jsonl, .ndjson and .json are JSONL) and by the first bytes where they leave no doubt;
 * with any other ending CSV where a label is required, and otherwise lines, unless a regular file is a table with the
 * text column and others in its header, or JSON with that name. JSONL is JSON of every shape (records.h). Lines have no
 * word in the configuration, so their enumerator is the one after the last word's. */
typedef enum cam_choice_format cam_data_format;
#define CAM_FORMAT_LINES CAM_CHOICE_COUNT_format

typedef enum cam_choice_on_bad_row cam_on_bad_row;

typedef struct cam_read_options {
    const char *path; /* "-" = standard input */
    cam_data_format format;
    cam_encoding encoding;
    char delimiter;             /* 0 = auto: the one of ; , tab | that splits the first records most evenly */
    const char *const *columns; /* NULL = the file has a header row */
    size_t column_count;
    const char *text_column;  /* NULL = "text" */
    const char *label_column; /* NULL = "label" */
    cam_on_bad_row on_bad_row;
    int64_t max_rows;   /* stop after so many rows; 0 or below = all */
    int label_required; /* otherwise the label column may be absent, and labels may be blank */
    cam_syntax syntax;  /* of the settings in messages */
    int keep_blank;     /* return blank records too, and bad ones that are skipped: every record of the file is a row */
    int columns_are_hint; /* `columns` are those of another file: a first record that names the text column is a header */
    /* How another file was written; ignored where the options above say it, or this file does. AUTO and 0: not known.
     * `encoding_hint` is taken where a regular file is not UTF-8 and its text then reads well. `delimiter_hint` is taken
     * where several delimiters do equally well. `is_known_file` says that this is that other file, a table or JSON: the
     * encoding is taken also where the text does not show it. */
    cam_encoding encoding_hint;
    char delimiter_hint;
    int is_known_file;
    cam_input_pause pause; /* while a pipe has no more records for now */
} cam_read_options;

/* One cell of a table. */
typedef struct cam_cell {
    char *text; /* not NUL-terminated */
    size_t length;
    int quoted; /* was between quotes */
} cam_cell;

/* The format by the ending of the path; CAM_FORMAT_AUTO where the ending is none of these. */
cam_data_format cam_format_of_path(const char *path);

/* The column names, or their defaults: never NULL. */
const char *cam_text_column(const cam_read_options *options);
const char *cam_label_column(const cam_read_options *options);

#endif
