/* attention_cudnn.h: attention by cuDNN behind our contract (cam/ops.h); inside the CUDA backend only.
 *
 * It serves a part of what the contract allows: bf16, no dropout, every token asks (CAM_ROWS_TOKENS), head sizes that
 * are multiples of 16 up to 128, rows that begin at multiples of 16 bytes, compute capability 9.x. The takes functions
 * say so; what they refuse is for our own kernels. Forward and backward may be mixed with ours: lse is the contract's.
 *
 * cuDNN plans each shape when its workspace is asked for, or at its first run. That compiles kernels, so it must have
 * happened before a stream is captured: a plan that is missing then is an error.
 */
#ifndef CAM_ATTENTION_CUDNN_H
#define CAM_ATTENTION_CUDNN_H

#include "cam/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_attention_cudnn cam_attention_cudnn;

/* `stream` is a cudaStream_t, `capability` 10 * major + minor. CAM_E_DEVICE where cuDNN cannot be loaded, is too old or
 * cannot use the device. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_open(cam_attention_cudnn **cudnn, void *stream, int capability);
/* Without a GPU, for tests: plans for the device that `properties` describes, the text of
 * CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION. It runs nothing. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_open_described(cam_attention_cudnn **cudnn, const char *properties,
                                                             int capability);
void cam_attention_cudnn_close(cam_attention_cudnn *cudnn); /* NULL does nothing */
/* "cuDNN 9.19.0" */
const char *cam_attention_cudnn_description(const cam_attention_cudnn *cudnn);

/* Whether the call can be served. Absent data counts as aligned, so that the answer may be asked for before there are
 * addresses; shapes, strides and dtypes count. */
int cam_attention_cudnn_takes_fwd(const cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args);
int cam_attention_cudnn_takes_bwd(const cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args);

/* Makes the plan. CAM_E_DEVICE where cuDNN has no engine for the shape, or where the stream is being captured. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_prepare_fwd(cam_attention_cudnn *cudnn,
                                                          const cam_attention_fwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_cudnn_prepare_bwd(cam_attention_cudnn *cudnn,
                                                          const cam_attention_bwd_args *args);

/* Bytes of a call that is taken; makes the plan where there is none. Where that fails, the run says why. */
size_t cam_attention_cudnn_fwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args);
size_t cam_attention_cudnn_bwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args);

/* The operators, for calls that are taken, on the backend's stream. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_fwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                                  const cam_attention_fwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_cudnn_bwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                                  const cam_attention_bwd_args *args);

#ifdef __cplusplus
}
#endif
#endif
