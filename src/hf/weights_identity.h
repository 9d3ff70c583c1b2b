#ifndef CAM_WEIGHTS_IDENTITY_H
#define CAM_WEIGHTS_IDENTITY_H
#include "weights.h"
enum { CAM_WEIGHTS_IDENTITY_BYTES = 65 };
CAM_MUST_CHECK cam_status cam_weights_identity(const cam_weights *weights, char *hex);
#endif
