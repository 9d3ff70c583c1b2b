/* backend_cuda.h: the backend that runs on an NVIDIA GPU. A program built without the CUDA toolkit has cuda_none.c in
 * its place, which says so.
 */
#ifndef CAM_BACKEND_CUDA_H
#define CAM_BACKEND_CUDA_H

#include "cam/backend.h"
#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_cuda_options {
    int device;               /* ordinal among those visible; where a launcher shows each rank one GPU, that one */
    int shared;               /* several may use one device: the ordinal wraps around */
    int tf32;                 /* f32 products are rounded to tf32 */
    int attention_library;    /* cuDNN's attention where it can; CAM_E_DEVICE where cuDNN cannot be loaded */
    const char *matmul_table; /* file that cam_backend_cuda_tune wrote; NULL = the library's own choices */
} cam_cuda_options;

/* Compute capability 7.5 and up; bf16 from 8.0 on. With CAM_CUDA_CHECK=1 in the environment every launch is waited for,
 * so that a fault names its kernel, and nothing is captured.
 * CAM_E_DEVICE, in plain words: no driver, one too old, no device, one too old, no code for it, no cuBLAS.
 * CAM_E_UNSUPPORTED: built without CUDA. CAM_E_DATA: `matmul_table` cannot be read or is no table; one that says
 * nothing of this GPU and this version of the library is ignored with a warning. Closed by cam_backend_close. */
CAM_MUST_CHECK cam_status cam_backend_cuda_open(const cam_cuda_options *options, cam_backend **backend);

/* The name of a device, appended: "NVIDIA H200". Errors as cam_backend_cuda_open for the driver and the device. */
CAM_MUST_CHECK cam_status cam_backend_cuda_device_name(int device, cam_strbuf *name);

/* What tuning found for one matrix product. */
typedef struct cam_cuda_tuned {
    const char *product;     /* "[400,2304] = [400,768] x [768,2304] + bias, BF16 to BF16" */
    double first_s, tuned_s; /* one run by the library's own choice; by the one that is kept */
    int tried;               /* algorithms */
} cam_cuda_tuned;

typedef struct cam_cuda_listener {
    cam_status (*hear)(void *context, const cam_cuda_tuned *tuned); /* a failure ends the tuning */
    void *context;
} cam_cuda_listener;

/* Measures up to `candidates` algorithms for every matrix product that this open CUDA backend was asked for so far,
 * says each to the listener, and writes the fastest of those whose bits repeat to the file `path`, for
 * cam_cuda_options.matmul_table. What the file says of other products or machines stays in it. CAM_E_MEMORY,
 * CAM_E_DEVICE, CAM_E_STORAGE; CAM_E_UNSUPPORTED where products are not a library's. */
CAM_MUST_CHECK cam_status cam_backend_cuda_tune(cam_backend *backend, int candidates, const char *path,
                                                const cam_cuda_listener *listener);

/* For --version: "CUDA 13.0; sm_80 sm_90a", or that there is none. */
const char *cam_backend_cuda_build(void);
/* Whether this program could use a GPU at all. */
int cam_backend_cuda_is_built(void);

#ifdef __cplusplus
}
#endif
#endif
