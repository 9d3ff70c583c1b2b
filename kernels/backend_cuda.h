/* backend_cuda.h: the backend that runs on an NVIDIA GPU. A program built without the CUDA toolkit links cuda_none.c
 * instead, where opening fails with CAM_E_UNSUPPORTED.
 */
#ifndef CAM_BACKEND_CUDA_H
#define CAM_BACKEND_CUDA_H

#include "cam/backend.h"
#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_cuda_options {
    int device;               /* ordinal among the visible GPUs; a launcher may make one GPU visible to each rank */
    int shared;               /* several ranks may use one device: the ordinal wraps around */
    int tf32;                 /* f32 products are rounded to tf32 */
    int attention_library;    /* use cuDNN's attention if it supports the call; CAM_E_DEVICE if it cannot be loaded */
    const char *matmul_table; /* file written by cam_backend_cuda_tune; NULL = cublasLt's own choices */
} cam_cuda_options;

/* Needs compute capability 7.5, and 8.0 for bf16. With CAM_CUDA_CHECK=1 in the environment the host waits for every
 * launch, so that an error names its kernel, and nothing is captured. Closed by cam_backend_close.
 *   CAM_E_DEVICE       no driver or too old a driver, no device or too old a device, no code for it, no cuBLAS
 *   CAM_E_UNSUPPORTED  built without CUDA
 *   CAM_E_DATA         `matmul_table` cannot be read or is not a table
 * A table without entries for this GPU and this version of cublasLt is ignored with a warning. */
CAM_MUST_CHECK cam_status cam_backend_cuda_open(const cam_cuda_options *options, cam_backend **backend);

/* The name of a device, appended: "NVIDIA H200". Errors as cam_backend_cuda_open for the driver and the device. */
CAM_MUST_CHECK cam_status cam_backend_cuda_device_name(int device, cam_strbuf *name);

/* The result of tuning one matrix product. */
typedef struct cam_cuda_tuned {
    const char *product;     /* "[400,2304] = [400,768] x [768,2304] + bias, BF16 to BF16" */
    double first_s, tuned_s; /* one run with cublasLt's own choice; with the fastest algorithm */
    int tried;               /* algorithms measured */
} cam_cuda_tuned;

typedef struct cam_cuda_listener {
    cam_status (*on_tuned)(void *context, const cam_cuda_tuned *tuned); /* an error ends the tuning */
    void *context;
} cam_cuda_listener;

/* Measures up to `candidates` algorithms for every matrix product that this backend has run or prepared so far and
 * calls the listener for each product. The fastest algorithm whose result has the same bits in two runs is written to
 * the file `path`, for cam_cuda_options.matmul_table. The file keeps its entries for other products and machines.
 * CAM_E_MEMORY, CAM_E_DEVICE, CAM_E_STORAGE; CAM_E_UNSUPPORTED if products are not computed by cublasLt. */
CAM_MUST_CHECK cam_status cam_backend_cuda_tune(cam_backend *backend, int candidates, const char *path,
                                                const cam_cuda_listener *listener);

/* For --version: "CUDA 13.0; sm_80 sm_90a", or a text that the build has no CUDA. */
const char *cam_backend_cuda_build(void);
/* Whether this program was built with CUDA. */
int cam_backend_cuda_is_built(void);

#ifdef __cplusplus
}
#endif
#endif
