/* detect.h: detects the encoding, format, delimiter and columns of a file, for `init --data`. It reads all bytes of the
 * file for the encoding, and the first records for the columns. Columns are chosen by their cells, not by their names:
 * the text is the column with the longest cells, the label another column whose cells repeat. */
#ifndef CAM_DETECT_H
#define CAM_DETECT_H

#include "cam/status.h"
#include "encoding.h"
#include "records.h"
#include <stddef.h>
#include <stdint.h>

enum { CAM_DETECT_RECORDS = 20000 }; /* that are read for the columns */

typedef struct cam_detected {
    cam_data_format format;
    cam_encoding encoding; /* UTF8 or UTF16; WINDOWS_1252 where the file is valid there and not in UTF-8 */
    char delimiter;        /* CSV and TSV: the one of ; , tab that splits the records most evenly */
    int has_header;        /* 1 for JSONL */
    char **columns;        /* header cells, trimmed; without a header: "label", "text", and "column_N" for the rest */
    size_t column_count;
    size_t text_column, label_column; /* indices; label_column == column_count where no cells repeat */
    int64_t rows;                     /* records read, without the header */
    size_t labels;                    /* distinct cells of the label column among them */
    size_t longest_text;              /* bytes */
} cam_detected;

/* CAM_E_DATA where the file cannot be read, or has fewer than two columns, or no rows. */
CAM_MUST_CHECK cam_status cam_detect(const char *path, cam_detected *found);
void cam_detected_release(cam_detected *found);

#endif
