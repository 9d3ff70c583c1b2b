/* detect.h: what `init --data` finds out about a file by looking at all of its bytes and its first records. Columns are
 * found by what they hold, never by name: the text is the column with the longest cells, the label another one whose
 * cells repeat.
 */
#ifndef CAM_DETECT_H
#define CAM_DETECT_H

#include "cam/status.h"
#include "encoding.h"
#include "records.h"
#include <stddef.h>
#include <stdint.h>

enum { CAM_DETECT_RECORDS = 20000 }; /* looked at for columns */

typedef struct cam_detected {
    cam_data_format format;
    cam_encoding encoding; /* UTF8, UTF16, or WINDOWS_1252 where the file is not UTF-8 but reads as that */
    char delimiter;        /* CSV and TSV; the one of ; , tab that cuts the records most evenly */
    int has_header;        /* 1 for JSONL */
    char **columns;        /* header cells, trimmed; without a header: "label", "text", and "column_N" for the rest */
    size_t column_count;
    size_t text_column, label_column; /* indices; label_column == column_count where no column repeats */
    int64_t rows;                     /* records looked at, without the header */
    size_t labels;                    /* distinct cells of the label column among them */
    size_t longest_text;              /* bytes */
} cam_detected;

/* CAM_E_DATA where the file cannot be read in any way, or has no two columns or no rows. */
CAM_MUST_CHECK cam_status cam_detect(const char *path, cam_detected *found);
void cam_detected_release(cam_detected *found);

#endif
