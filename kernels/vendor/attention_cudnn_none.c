/* attention_cudnn_none.c: replaces attention_cudnn.cu in a build without cuDNN's headers; opening it fails. */
#include "attention_cudnn.h"

cam_status cam_attention_cudnn_open(cam_attention_cudnn **cudnn, void *stream, int capability) {
    (void)stream, (void)capability;
    *cudnn = NULL;
    return cam_fail(CAM_E_UNSUPPORTED, "this cam-train was built without cuDNN; use attention=native");
}

void cam_attention_cudnn_close(cam_attention_cudnn *cudnn) {
    (void)cudnn;
}

const char *cam_attention_cudnn_description(const cam_attention_cudnn *cudnn) {
    (void)cudnn;
    return "no cuDNN";
}

int cam_attention_cudnn_supports_fwd(const cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args) {
    (void)cudnn, (void)args;
    return 0;
}

int cam_attention_cudnn_supports_bwd(const cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args) {
    (void)cudnn, (void)args;
    return 0;
}

size_t cam_attention_cudnn_fwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args) {
    (void)cudnn, (void)args;
    return 0;
}

size_t cam_attention_cudnn_bwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args) {
    (void)cudnn, (void)args;
    return 0;
}

cam_status cam_attention_cudnn_fwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                   const cam_attention_fwd_args *args) {
    (void)cudnn, (void)args;
    return cam_fail(CAM_E_UNSUPPORTED, "\"%s\" was built without cuDNN", backend->name);
}

cam_status cam_attention_cudnn_bwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                   const cam_attention_bwd_args *args) {
    (void)cudnn, (void)args;
    return cam_fail(CAM_E_UNSUPPORTED, "\"%s\" was built without cuDNN", backend->name);
}
