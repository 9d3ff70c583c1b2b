#include "weights_identity.h"
#include <string.h>
cam_status cam_weights_identity(const cam_weights *weights, char *hex) {
    (void)weights;
    strcpy(hex, "later");
    return CAM_OK;
}
