/* cost_launches.cc: see cost_launches.h. Compiled and linked with kernels/ against the headers of tests/simt, but not
 * with its simulated GPU: a launch is only counted, and no kernel runs.
 */
#include "cost_launches.h"
#include "cuda.cuh"
#include <cstdlib>

static int64_t launched;

/* An H200. */
static cam_cuda_backend backend(void) {
    cam_cuda_backend b = {};
    b.base.name = "cuda";
    b.base.bf16 = 1;
    b.base.ops = &cam_cuda_table;
    b.multiprocessors = 132;
    b.capability = 90;
    b.shared_limit = 227 << 10;
    return b;
}

#define COST(op, word)                                                                                                 \
    cam_status cost_launches_##op(const cam_##op##_args *args, int64_t *launches) {                                    \
        cam_cuda_backend b = backend();                                                                                \
        launched = 0;                                                                                                  \
        if (!cam_cuda_table.op)                                                                                        \
            return cam_fail(CAM_E_UNSUPPORTED, "the CUDA backend has no operator \"%s\"", #op);                        \
        cam_status st = cam_cuda_table.op(&b.base, args);                                                              \
        *launches = launched;                                                                                          \
        return st;                                                                                                     \
    }                                                                                                                  \
    CAM_IF_##word(size_t cost_workspace_##op(const cam_##op##_args *args) {                                            \
        cam_cuda_backend b = backend();                                                                                \
        return cam_cuda_table.op##_workspace(&b.base, args);                                                           \
    })
extern "C" {
CAM_OPS(COST)
#undef COST

/* A product is one launch, with its bias in the epilogue. A split along k would need one more, which is not counted. */
cam_status cam_matmul_run(cam_matmul *, const cam_matmul_call *) {
    launched++;
    return CAM_OK;
}

cam_status cam_cuda_failed(cudaError_t, const char *what, const char *file, int line) {
    return cam_fail(CAM_E_DEVICE, "%s failed, %s:%d", what, file, line);
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *, int, size_t, cudaStream_t) {
    launched++;
    return cudaSuccess;
}
}

cudaError_t simt_enqueue(cudaStream_t, const simt_launch &) {
    launched++;
    return cudaSuccess;
}

/* The device functions. No kernel runs, so none of them is called. */
simt_dim3 threadIdx, blockIdx, blockDim, gridDim;
unsigned char *simt_shared_memory;
void simt_sync_block(SIMT_PARAMS) {
    (void)file, (void)line;
    abort();
}
void simt_sync_warp(SIMT_PARAMS) {
    (void)file, (void)line;
    abort();
}
uint64_t simt_shuffle(simt_op, uint64_t, int, SIMT_PARAMS) {
    (void)file, (void)line;
    abort();
}
void simt_ldmatrix(simt_op, uint32_t *, const void *, SIMT_PARAMS) {
    (void)file, (void)line;
    abort();
}
void simt_mma_bf16(float *, const uint32_t *, const uint32_t *, SIMT_PARAMS) {
    (void)file, (void)line;
    abort();
}
void simt_copy_async(void *, const void *, SIMT_PARAMS) {
    (void)file, (void)line;
    abort();
}
void simt_copy_commit(void) {
    abort();
}
void simt_copy_wait(int) {
    abort();
}
void simt_misaligned(const void *, size_t, const char *, SIMT_PARAMS) {
    (void)file, (void)line;
    abort();
}
uint64_t simt_clock_ns(void) {
    abort();
}
