/* describe.h: a run in words, as far as its preparation came. Lines fit 80 columns where names allow it.
 */
#ifndef CAM_DESCRIBE_H
#define CAM_DESCRIBE_H

#include "run.h"

/* Appends a line for each of: files, columns, model, head, rows, number of labels, repeated texts, lengths, steps. What could not be
 * made is left out; lengths are in characters where there is no tokenizer. */
void cam_run_describe(const cam_run *run, cam_strbuf *out);

/* Appends a bar for each label, largest first, with its training rows and their share; of many labels the first thirty.
 * Nothing where there are no labels. */
void cam_label_bars_put(const cam_run *run, cam_strbuf *out);

#endif
