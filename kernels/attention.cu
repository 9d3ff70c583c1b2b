/* attention.cu: chooses the attention kernel of a call: cuDNN's, plain, short or tiled (docs/attention.md).
 *
 * The choice depends on shapes, dtype and addresses only, so that a captured graph stays valid. The backend refuses
 * bf16 below sm_80 (backend_cuda.cu), so the tensor-core kernels need no check of the GPU.
 */
#include "attention.cuh"

enum { TENSOR_HEAD_SIZE = 64, SHORT_KEYS = 128 };

/* Rows that can be copied 16 bytes at a time. */
static bool has_aligned_rows(cam_tensor t) {
    return t.row_stride % 8 == 0 && reinterpret_cast<uintptr_t>(t.data) % 16 == 0;
}

template <typename Args> static bool suits_tensor_cores(const Args *args) {
    return args->q.dtype == CAM_BF16 && args->q.shape[1] == (int64_t)args->heads * TENSOR_HEAD_SIZE &&
           has_aligned_rows(args->q) && has_aligned_rows(args->k) && has_aligned_rows(args->v) &&
           has_aligned_rows(args->out);
}

/* cuDNN, if the backend was opened with it and it supports the call; else NULL. */
static cam_attention_cudnn *library_of(const cam_backend *backend, const cam_attention_fwd_args *args) {
    cam_attention_cudnn *cudnn = cam_cuda(backend)->attention_cudnn;
    return cudnn && cam_attention_cudnn_supports_fwd(cudnn, args) ? cudnn : nullptr;
}
static cam_attention_cudnn *library_of(const cam_backend *backend, const cam_attention_bwd_args *args) {
    cam_attention_cudnn *cudnn = cam_cuda(backend)->attention_cudnn;
    return cudnn && cam_attention_cudnn_supports_bwd(cudnn, args) ? cudnn : nullptr;
}

cam_status cam_cuda_attention_fwd(cam_backend *backend, const cam_attention_fwd_args *args) {
    if (cam_attention_cudnn *cudnn = library_of(backend, args))
        return cam_attention_cudnn_fwd(cudnn, backend, args);
    if (!suits_tensor_cores(args))
        return cam_attention_fwd_plain(backend, args);
    return args->max_keys <= SHORT_KEYS ? cam_attention_fwd_short(backend, args)
                                        : cam_attention_fwd_tiled(backend, args);
}

cam_status cam_cuda_attention_bwd(cam_backend *backend, const cam_attention_bwd_args *args) {
    if (cam_attention_cudnn *cudnn = library_of(backend, args))
        return cam_attention_cudnn_bwd(cudnn, backend, args);
    if (!suits_tensor_cores(args) || !has_aligned_rows(args->dout) || !has_aligned_rows(args->dq) ||
        !has_aligned_rows(args->dk) || !has_aligned_rows(args->dv))
        return cam_attention_bwd_plain(backend, args);
    return args->max_keys <= SHORT_KEYS ? cam_attention_bwd_short(backend, args)
                                        : cam_attention_bwd_tiled(backend, args);
}

size_t cam_cuda_attention_fwd_workspace(const cam_backend *backend, const cam_attention_fwd_args *args) {
    cam_attention_cudnn *cudnn = library_of(backend, args);
    return cudnn ? cam_attention_cudnn_fwd_workspace(cudnn, args) : 0;
}

/* Enough for every kernel that may be chosen, since addresses are not known yet. */
size_t cam_cuda_attention_bwd_workspace(const cam_backend *backend, const cam_attention_bwd_args *args) {
    cam_attention_cudnn *cudnn = library_of(backend, args);
    size_t ours = (size_t)args->q.shape[0] * (size_t)args->heads * sizeof(float);
    size_t theirs = cudnn ? cam_attention_cudnn_bwd_workspace(cudnn, args) : 0;
    return theirs > ours ? theirs : ours;
}
