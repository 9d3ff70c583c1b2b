/* detect.h: detects the encoding, format, delimiter and columns of a file, for `init --data`, and says by what evidence.
 * It reads all bytes of the file for the encoding, and the first records for the columns. Columns are scored by their
 * cells (repetition, length, fill, letters or numbers) and by their names. */
#ifndef CAM_DETECT_H
#define CAM_DETECT_H

#include "cam/status.h"
#include "encoding.h"
#include "records.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

enum { CAM_DETECT_RECORDS = 20000 }; /* that are read for the columns */

/* Each note is one line without its end: a subject, a colon and the evidence, such as "label column: Catégorie, 35
 * values; also possible: Canal, 4 values". */
typedef enum cam_detect_note {
    CAM_NOTE_FORMAT,
    CAM_NOTE_ENCODING,
    CAM_NOTE_DELIMITER,
    CAM_NOTE_HEADER,
    CAM_NOTE_TEXT,
    CAM_NOTE_LABEL,
    CAM_NOTE_COUNT
} cam_detect_note;

typedef struct cam_detected {
    cam_data_format format; /* never AUTO */
    cam_encoding encoding;  /* UTF8 also where all is ASCII, and where characters are damaged */
    char delimiter;         /* 0 for JSON */
    int has_header;
    char **columns; /* header cells, trimmed; without a header: "label", "text", and "column_N" for the rest */
    size_t column_count;
    size_t text_column, label_column; /* indices */
    int damaged;                      /* some characters are damaged: their rows must be skipped */
    cam_strbuf notes[CAM_NOTE_COUNT]; /* "" where there is nothing to say */
    cam_strbuf warnings;              /* lines: what the user must look at */
} cam_detected;

/* What `given` holds (format, encoding, delimiter, columns by name) is taken as it is; the rest is found. CAM_E_DATA, with
 * what to do, where the file cannot be read, has no rows, or has no column for the text or for the label. Release in
 * both cases. */
CAM_MUST_CHECK cam_status cam_detect(const cam_read_options *given, cam_detected *found);
void cam_detected_release(cam_detected *found);

/* What the reader of rows makes of the file under the detected options. */
typedef struct cam_trial {
    int64_t rows;                        /* good ones */
    int64_t bad_rows;                    /* that on_bad_row=skip leaves out */
    char bad_cause[CAM_BAD_CAUSE_BYTES]; /* of the first of them */
    int64_t long_texts;                  /* with more than CAM_TRIAL_LONG_TEXT characters */
    size_t labels;
    int64_t fewest; /* rows of the rarest label */
    size_t rare;    /* labels with one row */
    char *rarest;   /* the first such label; NULL where there is none */
} cam_trial;
enum { CAM_TRIAL_LONG_TEXT = 800 };

/* Reads the whole file. CAM_E_DATA as cam_dataset_load. Release in both cases. */
CAM_MUST_CHECK cam_status cam_detect_try(const char *path, const cam_detected *found, cam_trial *trial);
void cam_trial_release(cam_trial *trial);

#endif
