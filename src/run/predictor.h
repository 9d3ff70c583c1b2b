/* predictor.h: opens a trained model folder to compute the logits of texts, for eval and predict.
 */
#ifndef CAM_PREDICTOR_H
#define CAM_PREDICTOR_H

#include "camembert.h"
#include "group.h"
#include "model_folder.h"
#include "scorer.h"
#include "tokenizer.h"

typedef struct cam_predictor {
    cam_model_config config;
    cam_tokenizer *tokenizer;
    cam_parameters params;
    cam_camembert model;
    cam_scorer scorer;
    int32_t max_length; /* longer texts are cut to this many tokens */
    cam_group *group;
} cam_predictor;

/* Opens a Hugging Face classifier folder of a known family. The ranks of `group` (NULL: one rank) score together.
 * `max_length` 0: the limit of the model, or of its tokenizer (model_max_length) where that is lower. CAM_E_MODEL if the
 * folder has no classifier of single labels. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_predictor_open(cam_predictor *predictor, cam_backend *backend, const char *folder,
                                             int32_t max_length, cam_group *group);
void cam_predictor_close(cam_predictor *predictor);

/* logits[n * K] of n texts. All ranks pass the same texts; each rank scores a block of them, and all get all logits.
 * The number of texts that were cut is added to *truncated. CAM_E_STOPPED if `cancel` is requested (may be NULL),
 * CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_predictor_logits(cam_predictor *predictor, const cam_text *texts, int64_t n,
                                               const cam_cancel *cancel, float *logits, long long *truncated);

#endif
