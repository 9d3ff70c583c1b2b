/* survey_internal.h: statistics of the columns of a file, and the evidence in them for text, label and header. */
#ifndef CAM_SURVEY_INTERNAL_H
#define CAM_SURVEY_INTERNAL_H

#include "cam/status.h"
#include "column_names.h"
#include "name_set.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

/* One column. The cell of the first record, which may be the column's name, is kept apart and not counted. */
typedef struct cam_column {
    cam_strbuf first;   /* trimmed; JSON: the member's name */
    cam_name_set cells; /* distinct non-empty cells, trimmed */
    int32_t *uses;      /* of each */
    size_t use_capacity;
    int64_t filled;                    /* cells that are not empty; of these: */
    int64_t characters, words;         /* sums */
    int64_t letters;                   /* with a letter */
    int64_t numbers, fractions, dates; /* whole cells that are such; a fraction is a number too */
    int64_t addresses;                 /* URLs and e-mail addresses */
    int combined; /* most cells of several words are made of words that other cells have, too: tags, several for a row */
    cam_name_points points; /* of its name; zeros where the first record is a row */
} cam_column;

/* A table of texts and labels has tens of columns, a spreadsheet program makes at most 16,384. */
enum { CAM_SURVEY_COLUMNS = 4096 };

typedef struct cam_survey {
    cam_column *list;
    size_t count;
    cam_name_set members; /* JSON: the names of the columns, with their numbers */
    int64_t records;      /* without the first */
    int64_t uneven;       /* of them, with another number of cells than the first (counted, not looked at) */
} cam_survey;

/* CAM_E_DATA beyond CAM_SURVEY_COLUMNS. */
CAM_MUST_CHECK cam_status cam_survey_add_column(cam_survey *survey, const char *first, size_t length);
CAM_MUST_CHECK cam_status cam_survey_add_cell(cam_column *column, const char *text, size_t length);
/* Sets `combined` of each column, once all cells are there. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_survey_mark_combined(cam_survey *survey);
void cam_survey_release(cam_survey *survey);

/* --- columns --- */

/* The evidence for a column as the text, and as the label; -INFINITY where it cannot be that. */
double cam_column_text_score(const cam_survey *survey, size_t column);
double cam_column_label_score(const cam_survey *survey, size_t column);
/* True for a column of many different numbers: what a regression predicts. */
int cam_column_is_measure(const cam_column *column);
double cam_column_mean_characters(const cam_column *column);

typedef struct cam_column_choice {
    size_t text, label; /* survey->count where no column can be that */
} cam_column_choice;
/* The pair of different columns with the best sum of scores; on a tie the left ones. A column in `requested` is taken
 * whatever its score; survey->count there means none. */
cam_column_choice cam_survey_choose(const cam_survey *survey, const cam_column_choice *requested);

/* --- header --- */

/* Points for the first record as a header row (above 0) or as a row like the others. `because` gets the reasons of the
 * winning side, in words. */
double cam_survey_header_score(const cam_survey *survey, const cam_column_choice *choice, cam_strbuf *because);

#endif
