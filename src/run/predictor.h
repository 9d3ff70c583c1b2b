/* classifier.h: a trained model folder, opened to be asked: what eval and predict stand on.
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
    int32_t max_length; /* tokens a text is cut to */
    cam_group *group;
} cam_predictor;

/* Any Hugging Face classifier folder of this family. The ranks of `group` (NULL: alone) answer together. `max_length` 0
 * = as long as the model reads. CAM_E_MODEL where the folder holds no classifier. After a failure there is nothing to
 * close. */
CAM_MUST_CHECK cam_status cam_predictor_open(cam_predictor *classifier, cam_backend *backend, const char *folder,
                                             int32_t max_length, cam_group *group);
void cam_predictor_close(cam_predictor *classifier);

/* logits[n * K] of n texts, the same ones on all ranks, each of which reads a run of them; *truncated, of all texts, is
 * added to. CAM_E_STOPPED, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_predictor_logits(cam_predictor *classifier, const cam_text *texts, int64_t n,
                                               const cam_cancel *stop, float *logits, long long *truncated);

#endif
