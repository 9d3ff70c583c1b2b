/* detect_internal.h: what detect.c found, in words: notes, warnings and refusals. */
#ifndef CAM_DETECT_INTERNAL_H
#define CAM_DETECT_INTERNAL_H

#include "detect.h"
#include "encoding_evidence.h"
#include "survey_internal.h"

enum { CAM_LAYOUT_LEADING = 20, CAM_LAYOUT_MOST_CELLS = 256 };

/* How many cells the first records have. */
typedef struct cam_layout {
    int64_t records, with_cells[CAM_LAYOUT_MOST_CELLS];
    size_t leading[CAM_LAYOUT_LEADING]; /* cells of each of the first, without empty ones at its end; 1 for a comment */
} cam_layout;
/* The number of cells that most records have, of those that have several; 1 where none has. */
size_t cam_layout_usual_cells(const cam_layout *layout);

/* Writes the note, or fails where init cannot go on: CAM_E_DATA. */
CAM_MUST_CHECK cam_status cam_detect_note_encoding(const char *path, const cam_encoding_evidence *evidence,
                                                   cam_detected *found);
void cam_detect_note_format(cam_detected *found);
/* `leading`: records above the header. */
void cam_detect_note_delimiter(const cam_layout *layout, int64_t leading, cam_detected *found);
/* `score` and `because` are those of cam_survey_header_score. */
void cam_detect_note_header(const cam_survey *survey, double score, const char *because, cam_detected *found);
void cam_detect_note_columns(const cam_survey *survey, cam_detected *found);

/* Refuse a file with too few rows or columns, and one without a text or a label, or with columns that contradict their
 * names: CAM_E_DATA. */
CAM_MUST_CHECK cam_status cam_detect_check_size(const char *path, const cam_survey *survey, const cam_detected *found);
CAM_MUST_CHECK cam_status cam_detect_check_choice(const char *path, const cam_survey *survey, const cam_detected *found,
                                                  const cam_column_choice *choice);

#endif
