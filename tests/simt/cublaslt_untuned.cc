/* cublaslt_untuned.cc: in place of kernels/vendor/matmul_tune.cu, which needs a clock on the device. */
#include "matmul_tune.h"

cam_status cam_matmul_tune(cam_matmul *, int, const char *, const cam_cuda_listener *) {
    return cam_fail(CAM_E_UNSUPPORTED, "the simulated GPU has no clock to tune products by");
}
