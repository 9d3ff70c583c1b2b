/* attention_cudnn.h: attention with cuDNN behind our contract (cam/ops.h); inside the CUDA backend only.
 *
 * It supports a part of the contract:
 *   - bf16, no dropout, every token is a query (CAM_ROWS_TOKENS);
 *   - head sizes that are multiples of 16, up to 128;
 *   - rows that begin at multiples of 16 bytes;
 *   - compute capability 9.x.
 * The functions ..._supports_... check this; our own kernels run all other calls. Forward by cuDNN and backward by our
 * kernels, or the reverse, work together, because lse follows the contract.
 *
 * The plan of a shape is made when its workspace is queried, or in its first run. This compiles kernels, so it must
 * happen before a stream is captured: a missing plan during capture is an error.
 */
#ifndef CAM_ATTENTION_CUDNN_H
#define CAM_ATTENTION_CUDNN_H

#include "cam/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_attention_cudnn cam_attention_cudnn;

/* `stream` is a cudaStream_t, `capability` 10 * major + minor. CAM_E_DEVICE if cuDNN cannot be loaded, is too old or
 * cannot use the device. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_open(cam_attention_cudnn **cudnn, void *stream, int capability);
/* For tests without a GPU: makes plans for the device that `properties` describes (the text of
 * CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION). It cannot run them. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_open_described(cam_attention_cudnn **cudnn, const char *properties,
                                                             int capability);
void cam_attention_cudnn_close(cam_attention_cudnn *cudnn); /* NULL does nothing */
/* "cuDNN 9.19.0" */
const char *cam_attention_cudnn_description(const cam_attention_cudnn *cudnn);

/* Whether cuDNN can run the call. Data pointers may be unset, which counts as aligned; shapes, strides and dtypes must
 * be set. */
int cam_attention_cudnn_supports_fwd(const cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args);
int cam_attention_cudnn_supports_bwd(const cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args);

/* Makes the plan. CAM_E_DEVICE if cuDNN has no engine for the shape, or if the stream is being captured. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_prepare_fwd(cam_attention_cudnn *cudnn,
                                                          const cam_attention_fwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_cudnn_prepare_bwd(cam_attention_cudnn *cudnn,
                                                          const cam_attention_bwd_args *args);

/* Workspace bytes of a supported call; makes the plan if there is none. If that fails, the run reports the error. */
size_t cam_attention_cudnn_fwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args);
size_t cam_attention_cudnn_bwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args);

/* The operators, for supported calls, on the backend's stream. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_fwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                                  const cam_attention_fwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_cudnn_bwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                                  const cam_attention_bwd_args *args);

#ifdef __cplusplus
}
#endif
#endif
