/* fast_scores.h: out-of-fold scores without a language model, in seconds: those of the TF-IDF classifier (tfidf.h).
 *
 * Its margins m become probabilities by softmax(s m); the one scale s is the most likely one for the given labels over all
 * held-out rows. */
#ifndef CAM_FAST_SCORES_H
#define CAM_FAST_SCORES_H

#include "cancel.h"
#include "out_of_fold.h"

/* Fills `oof` for all rows of train_file, by the folds of config->folds at config->split_seed; `cancel` may be NULL. Release
 * in every case. CAM_E_DATA where there cannot be so many folds, CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_fast_scores(cam_out_of_fold *oof, const cam_corpus *corpus, const cam_config *config,
                                          const cam_cancel *cancel);

#endif
