/* earlier_run_internal.h: whether the scores of a run compare with those of an earlier one over the same file. */
#ifndef CAM_EARLIER_RUN_INTERNAL_H
#define CAM_EARLIER_RUN_INTERNAL_H

#include "config.h"
#include "corpus.h"
#include "strbuf.h"

/* Appends a line where an earlier run, in output_dir or in the folder that it was named after, split the same train_file by
 * the same settings and held out other rows: the file has changed since, and was shuffled anew. Appends nothing
 * otherwise, or where the earlier run cannot be read. */
void cam_earlier_run_compare(const cam_config *config, const cam_corpus *corpus, cam_strbuf *out);

#endif
