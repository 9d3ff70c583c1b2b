/* export.h: a model folder again, with its weights in another dtype. */
#ifndef CAM_EXPORT_H
#define CAM_EXPORT_H

#include "cam/backend.h"
#include "cam/tensor.h"

/* Writes the classifier or the masked language model of `folder` into `output`, a folder that is made: tokenizer, weights
 * as `dtype` (f32, f16 or bf16), and as the last file config.json, which makes a model of them. It names float32 as the
 * dtype in which transformers computes. `backend` has host memory.
 * Errors: CAM_E_USAGE where `output` exists; CAM_E_MODEL, also for a folder without a head, and for a value that is too
 * large for f16; CAM_E_STORAGE; CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_model_export(cam_backend *backend, const char *folder, cam_dtype dtype,
                                           const char *output);

#endif
