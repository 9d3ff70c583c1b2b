/* dataset.h: a data file as an array of rows. The data set owns a copy of the texts and labels; other columns are not
 * kept. */
#ifndef CAM_DATASET_H
#define CAM_DATASET_H

#include "cam/status.h"
#include "name_set.h"
#include "records.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_row {
    const char *text; /* UTF-8, NUL-terminated, holds no other NUL */
    size_t text_length;
    const char *label; /* likewise, trimmed; equal labels share one pointer; NULL where the file has no labels */
    size_t label_length;
    int32_t label_number; /* in the data set's `labels`; -1 where there is none */
    long line;            /* where the record starts in the file, from 1 */
    long sheet_row;       /* its row in a spreadsheet, from 1; 0 where the file is no table (records.h) */
    int64_t row;          /* number of the record in the file, from 0 (split.tsv) */
} cam_row;

/* The number by which files of a run name a row, from 1: that of a spreadsheet, or of the object in a file of JSON. */
static inline long cam_row_number(const cam_row *row) {
    return row->sheet_row > 0 ? row->sheet_row : (long)row->row + 1;
}

typedef struct cam_dataset {
    char *path;
    cam_row *rows;
    size_t count;
    cam_read_counts counts;
    cam_name_set labels;           /* distinct labels, by first appearance; owns the rows' labels */
    cam_name_set columns;          /* of the header row; none without one */
    cam_encoding encoding;         /* as read, never AUTO once the file was opened */
    char delimiter;                /* as read; 0 for JSON and lines */
    struct cam_text_block *blocks; /* owns the rows' texts */
} cam_dataset;

/* Reads a whole file. CAM_E_DATA with the list of problems, also where the file has no rows; CAM_E_MEMORY. After a
 * failure `dataset` keeps the good rows that were read (after bad rows all good ones of the file), and its counts: the
 * caller releases it in both cases. */
CAM_MUST_CHECK cam_status cam_dataset_load(const cam_read_options *options, cam_dataset *dataset);
/* Removes the rows i with remove[i] != 0; the others keep their order. */
void cam_dataset_remove(cam_dataset *dataset, const unsigned char *remove);
void cam_dataset_release(cam_dataset *dataset);

#endif
