/* operators.h: the CUDA backend's operators by name: cam_cuda_<op> for every row of CAM_OPS, and
 * cam_cuda_<op>_workspace for those that need one.
 */
#ifndef CAM_CUDA_OPERATORS_H
#define CAM_CUDA_OPERATORS_H

#include "cam/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* CAM_CUDA_PARTIAL: a program with some of the operators only links, and the table says NULL for the others. */
#ifdef CAM_CUDA_PARTIAL
#define CAM_CUDA_LINKAGE __attribute__((weak))
#else
#define CAM_CUDA_LINKAGE
#endif

#define CAM_CUDA_DECLARE(op)                                                                                           \
    CAM_CUDA_LINKAGE CAM_MUST_CHECK cam_status cam_cuda_##op(cam_backend *backend, const cam_##op##_args *args);
CAM_OPS(CAM_CUDA_DECLARE)
#undef CAM_CUDA_DECLARE

/* The operators that need a workspace. */
#define CAM_CUDA_WORKSPACE_OPS(X)                                                                                      \
    X(embedding_bwd)                                                                                                   \
    X(attention_fwd)                                                                                                   \
    X(attention_bwd)                                                                                                   \
    X(residual_bwd)                                                                                                    \
    X(gelu_bwd)
#define CAM_CUDA_DECLARE(op)                                                                                           \
    CAM_CUDA_LINKAGE size_t cam_cuda_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args);
CAM_CUDA_WORKSPACE_OPS(CAM_CUDA_DECLARE)
#undef CAM_CUDA_DECLARE

extern const cam_ops_table cam_cuda_table;

#ifdef __cplusplus
}
#endif
#endif
