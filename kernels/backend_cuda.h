/* backend_cuda.h: the backend that runs on an NVIDIA GPU. A program built without the CUDA toolkit has cuda_none.c in
 * its place, which says so.
 */
#ifndef CAM_BACKEND_CUDA_H
#define CAM_BACKEND_CUDA_H

#include "cam/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_cuda_options {
    int device;               /* ordinal among those visible */
    int tf32;                 /* f32 products are rounded to tf32 */
    int attention_library;    /* cuDNN's attention where it can; CAM_E_DEVICE where cuDNN cannot be loaded */
    const char *matmul_table; /* file that `tune` wrote; NULL = what the program ships */
} cam_cuda_options;

/* Compute capability 7.5 and up; bf16 from 8.0 on. With CAM_CUDA_CHECK=1 in the environment every launch is waited for,
 * so that a fault names its kernel, and nothing is captured.
 * CAM_E_DEVICE, in plain words: no driver, one too old, no device, one too old, no code for it, no cuBLAS.
 * CAM_E_UNSUPPORTED: built without CUDA. Closed by cam_backend_close. */
CAM_MUST_CHECK cam_status cam_backend_cuda_open(const cam_cuda_options *options, cam_backend **backend);

/* For --version: "CUDA 13.0; sm_80 sm_90a", or that there is none. */
const char *cam_backend_cuda_build(void);
/* Whether this program could use a GPU at all. */
int cam_backend_cuda_is_built(void);

#ifdef __cplusplus
}
#endif
#endif
