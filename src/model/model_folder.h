/* model_folder.h: loads parameters from a Hugging Face folder, and saves them to one, under their Hugging Face names.
 *
 * A load reads all that a save needs: what the device does not keep is held in host memory (held.h). So the checkpoint
 * can be closed after the load, and what becomes of its files does not matter to the run.
 */
#ifndef CAM_MODEL_FOLDER_H
#define CAM_MODEL_FOLDER_H

#include "parameters.h"
#include "weights.h"

/* Where the initial values of a run's parameters come from. */
typedef struct cam_model_source {
    cam_weights *weights; /* an opened checkpoint; NULL: all values are initialised (init: random) */
    int keep_head;        /* 1: load its head too, if it has one of the task */
    uint64_t seed;        /* of the initialisation */
    const int32_t
        *layers; /* [num_hidden_layers] the checkpoint's layer, from 0, that each layer begins as; NULL: its own */
    int32_t checkpoint_layers; /* with `layers`: how many the checkpoint has */
    const cam_model_config *config;
} cam_model_source;

/* Checks that the checkpoint has every tensor that cam_model_load needs, with the right shape; reads headers only. */
CAM_MUST_CHECK cam_status cam_model_check(const cam_model_source *source);

/* Fills the weight plane. Encoder tensors are loaded from the checkpoint. So is the head if keep_head is set and the
 * checkpoint has one; otherwise it is initialised, and *fresh_head is 1. Initial values are those of transformers'
 * _init_weights: matrices and embeddings normal with initializer_range, pad rows and biases 0, LayerNorm 1 and 0. Each
 * normal value is a function of seed, tensor, row and column (philox.h), so it does not depend on which rows are kept.
 * The map of hidden states begins as the identity.
 * Errors: those of weights.h, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_model_load(cam_parameters *params, const cam_model_source *source, int *fresh_head);

/* The same for the trained parameters alone; a frozen one keeps its value. */
CAM_MUST_CHECK cam_status cam_model_load_trained(cam_parameters *params, const cam_model_source *source,
                                                 int *fresh_head);

/* The whole model of a folder, to score with it or to write it again: lays out, allocates and loads f32 weights. The caller
 * releases `params` in every case. Errors: those of cam_model_load. */
CAM_MUST_CHECK cam_status cam_model_load_folder(cam_parameters *params, const char *folder,
                                                const cam_model_config *config, cam_backend *backend, int *fresh_head);

/* Writes model.safetensors with every tensor of the model and the whole vocabulary. The parameters come from
 * cam_model_load; left-out rows catch up with the recorded updates first. `dtype` is CAM_F32, or with a backend whose
 * memory is the host's CAM_F16 or CAM_BF16, rounded to nearest even. CAM_E_STORAGE, CAM_E_MEMORY; CAM_E_MODEL for a
 * value that is too large for f16. */
CAM_MUST_CHECK cam_status cam_model_save(cam_parameters *params, cam_dtype dtype, const char *path);

#endif
