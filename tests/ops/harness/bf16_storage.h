/* bf16_storage.h: a backend that only stores bf16. Before each call every bf16 operand is widened to f32, the operator
 * of the backend behind it is called, and what it gives is rounded to nearest even. It proves that the bf16 cases can
 * be passed, and is what the broken bf16 backends stand in front of; it is slow, and its memory must be the host's.
 */
#ifndef CAM_TESTS_OPS_BF16_STORAGE_H
#define CAM_TESTS_OPS_BF16_STORAGE_H

#include "cam/backend.h"

cam_backend *bf16_storage_open(cam_backend *wide); /* owns `wide` from then on */

#endif
