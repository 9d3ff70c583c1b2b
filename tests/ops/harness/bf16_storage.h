/* bf16_storage.h: a bf16 backend made from an f32 backend. Each call widens the bf16 operands to f32, calls the f32
 * backend's operator, and rounds the outputs to nearest even. It shows that the bf16 cases can be passed, and the
 * broken bf16 backends are made from it. It is slow and works on host memory only.
 */
#ifndef CAM_TESTS_OPS_BF16_STORAGE_H
#define CAM_TESTS_OPS_BF16_STORAGE_H

#include "cam/backend.h"
#include <stdint.h>

cam_backend *bf16_storage_open(cam_backend *wide); /* takes ownership of `wide` */

/* The float of a bf16 value. The tests have their own conversion, apart from cam/bf16.h. */
float bf16_widened(uint16_t stored);

#endif
