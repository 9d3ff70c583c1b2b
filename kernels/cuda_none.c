/* cuda_none.c: replaces the CUDA backend in a build without the CUDA toolkit; opening it is CAM_E_UNSUPPORTED. */
#include "backend_cuda.h"
#include "comm_nccl.h"

static cam_status none(void) {
    return cam_fail(CAM_E_UNSUPPORTED, "this cam-train was built without CUDA: build it where nvcc is installed; "
                                       "device=cpu trains without it");
}

cam_status cam_backend_cuda_open(const cam_cuda_options *options, cam_backend **backend) {
    (void)options;
    *backend = NULL;
    return none();
}

cam_status cam_backend_cuda_device_name(int device, cam_strbuf *name) {
    (void)device, (void)name;
    return none();
}

cam_status cam_backend_cuda_tune(cam_backend *backend, int candidates, const char *path,
                                 const cam_cuda_listener *listener) {
    (void)backend, (void)candidates, (void)path, (void)listener;
    return none();
}

const char *cam_backend_cuda_build(void) {
    return "none: built without CUDA";
}

int cam_backend_cuda_is_built(void) {
    return 0;
}

cam_status cam_comm_nccl_id(unsigned char id[CAM_NCCL_ID_BYTES]) {
    (void)id;
    return none();
}

cam_status cam_comm_nccl_open(cam_backend *cuda, const cam_comm_nccl_options *options, cam_comm **comm) {
    (void)cuda, (void)options;
    *comm = NULL;
    return none();
}
