/* model_folder.h: parameters out of a Hugging Face folder and into one.
 *
 * The tensors of the store are moved under their Hugging Face names. Left-out vocabulary rows (see parameters.h) are
 * not held in memory: at save they come from where they came from at first, the checkpoint or the random map, with the
 * run's decay replayed.
 */
#ifndef CAM_MODEL_FOLDER_H
#define CAM_MODEL_FOLDER_H

#include "parameters.h"
#include "weights.h"

/* Where the initial values of a run's parameters come from. */
typedef struct cam_model_source {
    cam_weights *weights; /* an opened checkpoint; NULL = everything fresh (init: random) */
    int keep_head;        /* take its classifier too, where it has one */
    uint64_t seed;        /* of fresh values */
    const cam_model_config *config;
} cam_model_source;

/* Whether cam_model_load would find every tensor it needs, as it needs it; nothing is read but headers. */
CAM_MUST_CHECK cam_status cam_model_check(const cam_model_source *source);

/* Fills the weight plane. Encoder tensors come from the checkpoint; the head does where keep_head and the checkpoint
 * has it, and is fresh otherwise (`fresh_head` says which). Fresh values as transformers' _init_weights: matrices and
 * embeddings normal with initializer_range, pad rows and biases 0, LayerNorm 1 and 0; drawn on the host by the random
 * map, so that a row's values do not depend on which rows are kept. Errors: those of weights.h, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_model_load(cam_parameters *params, const cam_model_source *source, int *fresh_head);

/* Writes model.safetensors with every tensor in f32 and the whole vocabulary. `source` is what cam_model_load was
 * given. */
CAM_MUST_CHECK cam_status cam_model_save(const cam_parameters *params, const cam_model_source *source,
                                         const char *path);

#endif
