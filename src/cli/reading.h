/* reading.h: the options by which eval, predict and tokenize read rows. The names of columns, the length of texts and
 * on_bad_row are those of the model folder's run.yaml, replaced by those of the command line. Format, encoding,
 * delimiter and whether there is a header are true of one file only: those of this file are found in it. Where it does
 * not show them, they are those of the file of the training (encoding_hint of read_options.h). A file of the run itself,
 * or a copy of one, is read as the run read it. */
#ifndef CAM_READING_H
#define CAM_READING_H

#include "arguments.h"
#include "config.h"
#include "records.h"

typedef struct cam_reading {
    cam_config config; /* of run.yaml, or the defaults */
    int has_run;       /* the folder has a run.yaml */
    const char **columns;
    size_t column_count;
    char *columns_text;
    char delimiter;      /* of the training file; 0 where it is not known, or the file is no table */
    long max_seq_length; /* 0 = the longest that the model reads */
} cam_reading;

/* CAM_E_USAGE. Release in both cases. */
CAM_MUST_CHECK cam_status cam_reading_open(cam_reading *reading, const cam_arguments *arguments, const char *folder);
void cam_reading_release(cam_reading *reading);

/* Options for a file; they point into `reading` and `arguments`. */
void cam_reading_options(const cam_reading *reading, const cam_arguments *arguments, const char *path,
                         cam_read_options *options);
/* The same for texts without labels, of which each gives a row of output. Standard input is lines, unless --input-format
 * names another format. */
void cam_reading_text_options(const cam_reading *reading, const cam_arguments *arguments, const char *path,
                              cam_read_options *options);

/* Warns where the first of the lines that are read as texts is the header of a table with the text column. */
void cam_reading_warn_of_table(const cam_reading *reading, const cam_read_options *options, const cam_record *first);

/* Warns of each line. */
void cam_reading_warn(const cam_strbuf *lines);
/* Warns of what was accepted or skipped on the way. `keep_blank` readers keep the place of a bad row. */
void cam_reading_warn_of_rows(const cam_read_options *options, const cam_read_counts *counts);
/* Returns `st`, the status of a reading; to the message about a bad row it adds the option that lets the reading go on. */
CAM_MUST_CHECK cam_status cam_reading_failed(cam_status st, const cam_read_options *options,
                                             const cam_read_counts *counts);

#endif
