/* weights.h: the tensors of a checkpoint folder, by the names that a model has for them.
 *
 * A folder holds model.safetensors, or model.safetensors.index.json and the files that it names. Pickles
 * (pytorch_model.bin) are never opened: the message says how to convert them. Names are Hugging Face's, with the prefix
 * that the family writes (family.h); the file may have another prefix of the table or none, and LayerNorm.gamma and
 * .beta for LayerNorm.weight and .bias; all its names may begin with "module.", "_orig_mod." or "model.", which are
 * wrappers of PyTorch and Lightning.
 *
 * Errors: CAM_E_MODEL, CAM_E_MEMORY. */
#ifndef CAM_WEIGHTS_H
#define CAM_WEIGHTS_H

#include "cam/status.h"
#include "safetensors.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_weights cam_weights;

typedef enum cam_weight_need {
    CAM_WEIGHT_REQUIRED, /* the encoder */
    CAM_WEIGHT_OPTIONAL, /* a head that the folder may have: all optional tensors or none */
    CAM_WEIGHT_FRESH,    /* never taken from the folder: a head over other labels */
} cam_weight_need;

typedef struct cam_weight_wanted {
    const char *name; /* "roberta.embeddings.LayerNorm.weight" */
    int32_t ndim;
    int64_t shape[3];
    cam_weight_need need;
} cam_weight_wanted;

/* The file of a folder without model.safetensors that holds its weights in another form (an adapter, a pickle, ONNX),
 * and a description of it that ends with what to do; NULL = none. */
const char *cam_weights_instead(const char *folder, const char **description);

CAM_MUST_CHECK cam_status cam_weights_open(const char *folder, cam_weights **weights);
void cam_weights_close(cam_weights *weights); /* NULL does nothing */

/* The stored tensor for a model's name; NULL where there is none. */
const cam_safetensors_tensor *cam_weights_find(const cam_weights *weights, const char *name);

/* Finds every wanted tensor and checks its dtype (F32, F16, BF16, F64) and shape. Fails with all tensors that are
 * missing, misshapen or surplus. Tensors that a language model or another task's model has and this model does not use
 * (lm_head, pooler, position_ids, token_type_ids, classifier.weight, qa_outputs; for a masked language model also a
 * classifier's head) are not surplus; one log line names them, once. A decoder that is tied to the word embeddings
 * (lm_head.decoder) is in the file a second time, and not named. `wanted` is not kept. */
CAM_MUST_CHECK cam_status cam_weights_match(cam_weights *weights, const cam_weight_wanted *wanted, size_t count);
/* After match: nonzero where wanted tensor `index` comes from the folder; the caller initialises the others. */
int cam_weights_has(const cam_weights *weights, size_t index);
/* After match: writes its values as f32 into dst[product of its shape]. CAM_E_MODEL naming the tensor where a value is
 * NaN or infinite (as f32), or the file where it has become shorter. */
CAM_MUST_CHECK cam_status cam_weights_copy(const cam_weights *weights, size_t index, float *dst);
/* The same for rows [row, row + count) of its first dimension. */
CAM_MUST_CHECK cam_status cam_weights_copy_rows(const cam_weights *weights, size_t index, int64_t row, int64_t count,
                                                float *dst);

/* CAM_E_MODEL where a file has been written to since it was opened: values copied before and after belong to different
 * models. */
CAM_MUST_CHECK cam_status cam_weights_check_unchanged(const cam_weights *weights);

/* A hash of the open files, by which a later run knows that it has the same weights: 64 hexadecimal digits and a zero
 * byte. It reads the files that were opened, even if others have their names now. CAM_E_MODEL where one has been written
 * to since. */
enum { CAM_WEIGHTS_IDENTITY_BYTES = 65 };
CAM_MUST_CHECK cam_status cam_weights_identity(const cam_weights *weights, char hex[CAM_WEIGHTS_IDENTITY_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
