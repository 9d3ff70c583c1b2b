/* detect_internal.h: what detect.c found, in words: notes, warnings and refusals. */
#ifndef CAM_DETECT_INTERNAL_H
#define CAM_DETECT_INTERNAL_H

#include "detect.h"
#include "encoding_evidence.h"
#include "survey_internal.h"

/* Writes the note, or fails where init cannot go on: CAM_E_DATA. */
CAM_MUST_CHECK cam_status cam_detect_note_encoding(const cam_read_options *options,
                                                   const cam_encoding_evidence *evidence, cam_detected *found);
/* `shape` is that of cam_record_cells_shape. Says nothing where the ending says the format. */
void cam_detect_note_format(const char *path, const char *shape, cam_detected *found);
/* `even` records of all have as many cells as the first; `above` stand above it. */
void cam_detect_note_delimiter(const cam_survey *survey, int64_t even, long above, cam_detected *found);
/* `score` and `because` are those of cam_survey_header_score. */
void cam_detect_note_header(const cam_survey *survey, double score, const char *because, cam_detected *found);
/* `requested`: columns that the caller named. */
void cam_detect_note_columns(const cam_survey *survey, const cam_column_choice *requested, cam_detected *found);

/* Refuse a file with too few rows or columns, and one without a text or a label, or with columns that contradict their
 * names: CAM_E_DATA. */
CAM_MUST_CHECK cam_status cam_detect_check_size(const char *path, const cam_survey *survey, const cam_detected *found);
CAM_MUST_CHECK cam_status cam_detect_check_choice(const char *path, const cam_survey *survey, const cam_detected *found,
                                                  const cam_column_choice *requested, const cam_column_choice *choice);
/* CAM_E_DATA: no column has this name. */
CAM_MUST_CHECK cam_status cam_detect_refuse_name(const char *path, const cam_survey *survey, const char *name);

#endif
