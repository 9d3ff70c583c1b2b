/* cuda_none.c: in the place of the CUDA backend where the program is built without the CUDA toolkit. */
#include "backend_cuda.h"

cam_status cam_backend_cuda_open(const cam_cuda_options *options, cam_backend **backend) {
    (void)options;
    *backend = NULL;
    return cam_fail(CAM_E_UNSUPPORTED,
                    "this cam-train was built without CUDA; use device=cpu, or build it where nvcc is installed");
}

const char *cam_backend_cuda_build(void) {
    return "none: built without CUDA";
}

int cam_backend_cuda_is_built(void) {
    return 0;
}
