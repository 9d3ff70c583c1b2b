/* baseline_internal.h: the TF-IDF baseline (tfidf.h) on the rows of a run.
 */
#ifndef CAM_BASELINE_INTERNAL_H
#define CAM_BASELINE_INTERNAL_H

#include "corpus.h"
#include "tfidf.h"

/* Trains the baseline once on the run's training rows and scores its validation and test rows: scores[part]; `rows` is 0
 * for the training part and for a part without rows. `cancel` may be NULL. CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_run_baseline(const cam_corpus *corpus, const cam_cancel *cancel,
                                           cam_tfidf_scores scores[CAM_PARTS]);

#endif
