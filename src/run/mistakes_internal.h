/* mistakes_internal.h: what the final model predicts for the rows outside training, and mistakes.csv.
 *
 * mistakes.csv has a row for each text whose predicted label is not its own, the highest score of a wrong label first:
 * row and line of the text in its file (train_file or validation_file, test_file), the text, its label, the predicted
 * one and its score, and the part. It is UTF-8 with a byte-order mark, by which Excel knows the encoding; cells are
 * quoted as in RFC 4180, and also where a spreadsheet could take them for a formula. Lines end in LF. The delimiter is
 * that of the training file, ; or else a comma; with ; scores have a decimal comma. */
#ifndef CAM_MISTAKES_INTERNAL_H
#define CAM_MISTAKES_INTERNAL_H

#include "corpus.h"
#include <stdint.h>

typedef struct cam_guess {
    int32_t label;
    float score; /* the label's probability */
} cam_guess;

/* From logits[rows * labels]. */
void cam_guess_rows(const float *logits, int64_t rows, int64_t labels, cam_guess *guesses);

/* Writes the file; *count is the number of mistakes. guesses[part] are in the order of corpus->part[part]; NULL for a
 * part that is left out. CAM_E_MEMORY, CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_mistakes_write(const char *path, const cam_corpus *corpus,
                                             const cam_guess *const guesses[CAM_PARTS], int64_t *count);

#endif
