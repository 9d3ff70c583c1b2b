/* prediction_rows.h: predictions as rows of tsv or jsonl, or as new columns of the table that was read. All text is
 * UTF-8. */
#ifndef CAM_PREDICTION_ROWS_H
#define CAM_PREDICTION_ROWS_H

#include "arguments.h"
#include "decimal.h"
#include "records.h"
#include "strbuf.h"

typedef struct cam_prediction_rows {
    enum cam_choice_predict_format format;
    long top_k; /* 0 = not requested */
    int digits; /* after the point; -1 = the shortest number that reads back equal */
    char mark;  /* the decimal mark; csv: 0 = the table will tell */
    cam_decimal_evidence decimals;
    double threshold;   /* below it there is no label */
    int is_given;       /* the threshold is that of the command line */
    cam_file_form form; /* csv: what the table is like */
    const char *const *labels;
    int32_t label_count;
    double *scores; /* [label_count] */
    int32_t *order; /* [label_count] */
    int64_t count;  /* of the rows that were put */
    int64_t empty;  /* of them, those of texts of nothing but space */
    int64_t below;  /* of them, those without a label because of the threshold */
} cam_prediction_rows;

/* Takes the options of the command line. CAM_E_USAGE. close in both cases. */
CAM_MUST_CHECK cam_status cam_prediction_rows_open(cam_prediction_rows *rows, const cam_arguments *arguments);
/* Sets the format where neither an option nor the output's ending does (csv for a table, else tsv), and what it takes from the reader. CAM_E_USAGE
 * where an option needs another format. `delimiter` is for csv of texts that are in no table; 0 is a comma. */
CAM_MUST_CHECK cam_status cam_prediction_rows_set_input(cam_prediction_rows *rows, const cam_record_reader *reader,
                                                        char delimiter);
/* CAM_E_DATA where a label cannot be written in the table's encoding. The labels must outlive the rows. */
CAM_MUST_CHECK cam_status cam_prediction_rows_set_labels(cam_prediction_rows *rows, const char *const *labels,
                                                         int32_t count);
/* The threshold of the model, where the command line gives none. */
void cam_prediction_rows_set_threshold(cam_prediction_rows *rows, double threshold);
void cam_prediction_rows_close(cam_prediction_rows *rows);

/* csv: appends the header row, if the table has one (texts that are in no table get one, with `text_column`). Where the
 * table has columns of these names, all new ones get the same number ("prediction_2", "score_2"), and a message says so.
 */
CAM_MUST_CHECK cam_status cam_prediction_rows_put_header(const cam_prediction_rows *rows,
                                                         const cam_record_reader *reader, const char *text_column,
                                                         cam_strbuf *out);
/* csv: appends the cells of a record, as they were; each record has as many as the header. */
void cam_prediction_rows_put_cells(cam_prediction_rows *rows, const cam_record *record, cam_strbuf *out);
/* Ends a row: appends label and score by the logits [label_count]. A text of nothing but space has neither.
 * csv: after the cells of put_cells; otherwise the whole row. */
void cam_prediction_rows_put(cam_prediction_rows *rows, const char *text, size_t length, const float *logits,
                             cam_strbuf *out);

#endif
