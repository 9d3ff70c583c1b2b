/* calibrated_head.h: folds a temperature into a saved classifier, so that every program computes calibrated scores.
 */
#ifndef CAM_CALIBRATED_HEAD_H
#define CAM_CALIBRATED_HEAD_H

#include "cam/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Divides classifier.out_proj.weight and classifier.out_proj.bias of a model.safetensors in float32 by `temperature` > 0:
 * all logits are divided by it, to rounding. The new file replaces the old one, whole; an old one that has another name,
 * or is open, stays as it is. CAM_E_MODEL where the file has no such tensors, CAM_E_STORAGE, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_head_divide(const char *path, double temperature);

#ifdef __cplusplus
}
#endif
#endif
