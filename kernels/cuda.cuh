/* cuda.cuh: host-side definitions of the CUDA backend: its state, errors, launches.
 *
 * An operator is `cam_status cam_cuda_<op>(cam_backend *, const cam_<op>_args *)`, in the file of its family. src/ops
 * has checked its arguments. It launches on the backend's current stream, and neither allocates nor waits. A launch depends
 * on the argument struct's shapes and addresses only, so a captured launch stays valid as long as these do not change.
 */
#ifndef CAM_CUDA_CUH
#define CAM_CUDA_CUH

#include "attention_cudnn.h"
#include "cam/ops.h"
#include "device.cuh"
#include "matmul.h"
#include "operators.h"
#include <cuda_runtime_api.h>

typedef struct cam_cuda_backend {
    cam_backend base;       /* first: a cam_backend * is one of these */
    cudaStream_t stream;    /* for what is submitted now: the main queue's, or in a section the side queue's */
    cudaStream_t queues[2]; /* main and side; no side queue (NULL) with CAM_CUDA_CHECK */
    cudaEvent_t fork;       /* where the main queue was when the last section began */
    cudaEvent_t marks[CAM_SIDE_MARKS];
    int unjoined; /* 1 + the mark that the main queue has to wait for before all work is in it; 0: none */
    int device;
    int multiprocessors;
    int capability;                       /* 10 * major + minor: 80, 90 */
    size_t shared_limit;                  /* largest dynamic shared memory of a block, bytes */
    cam_attention_cudnn *attention_cudnn; /* NULL: our own attention only */
    int check;                            /* CAM_CUDA_CHECK: wait for every launch */
    cam_matmul *matmul;
    char description[256];
} cam_cuda_backend;

static inline cam_cuda_backend *cam_cuda(cam_backend *backend) {
    return reinterpret_cast<cam_cuda_backend *>(backend);
}
static inline const cam_cuda_backend *cam_cuda(const cam_backend *backend) {
    return reinterpret_cast<const cam_cuda_backend *>(backend);
}

#ifdef __cplusplus
extern "C" {
#endif
/* A CUDA error as a status whose message has expression, file and line; CAM_E_MEMORY if memory is exhausted. */
CAM_MUST_CHECK cam_status cam_cuda_failed(cudaError_t error, const char *what, const char *file, int line);
#ifdef __cplusplus
}
#endif

/* For functions with CAM_TRY's frame. */
#define CAM_CUDA_TRY(call)                                                                                             \
    do {                                                                                                               \
        cudaError_t cuda_error_ = (call);                                                                              \
        if (cuda_error_ != cudaSuccess) {                                                                              \
            st = cam_cuda_failed(cuda_error_, #call, __FILE__, __LINE__);                                              \
            goto out;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* CAM_LAUNCH(backend, (kernel<T>), grid, threads, shared_bytes, arguments...) is a cam_status. A grid of 0 blocks
 * launches nothing. */
template <typename... Parameters, typename... Arguments>
static cam_status cam_cuda_launch(cam_backend *backend, const char *name, const char *file, int line,
                                  void (*kernel)(Parameters...), int64_t grid, int threads, size_t shared_bytes,
                                  Arguments... arguments) {
    if (grid == 0)
        return CAM_OK;
    cudaError_t error =
        cam_launch(cam_cuda(backend)->stream, kernel, (unsigned)grid, (unsigned)threads, shared_bytes, arguments...);
    if (error == cudaSuccess && cam_cuda(backend)->check)
        error = cudaStreamSynchronize(cam_cuda(backend)->stream);
    return error == cudaSuccess ? CAM_OK : cam_cuda_failed(error, name, file, line);
}
#define CAM_LAUNCH(backend, kernel, ...) cam_cuda_launch(backend, #kernel, __FILE__, __LINE__, kernel, __VA_ARGS__)

/* The number of blocks of `size` that cover n. */
static inline int64_t cam_blocks(int64_t n, int64_t size) {
    return (n + size - 1) / size;
}

#endif
