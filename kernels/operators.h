/* operators.h: the CUDA backend's operators by name: cam_cuda_<op> for every row of CAM_OPS, and
 * cam_cuda_<op>_workspace for those whose row says WORKSPACE.
 */
#ifndef CAM_CUDA_OPERATORS_H
#define CAM_CUDA_OPERATORS_H

#include "cam/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With CAM_CUDA_PARTIAL a program that has only some of the operators links; the table has NULL for the others. */
#ifdef CAM_CUDA_PARTIAL
#define CAM_CUDA_LINKAGE __attribute__((weak))
#else
#define CAM_CUDA_LINKAGE
#endif

#define CAM_CUDA_DECLARE(op, word)                                                                                     \
    CAM_CUDA_LINKAGE CAM_MUST_CHECK cam_status cam_cuda_##op(cam_backend *backend, const cam_##op##_args *args);       \
    CAM_IF_##word(                                                                                                     \
        CAM_CUDA_LINKAGE size_t cam_cuda_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args);)
CAM_OPS(CAM_CUDA_DECLARE)
#undef CAM_CUDA_DECLARE

extern const cam_ops_table cam_cuda_table;

#ifdef __cplusplus
}

/* The row and the argument struct must agree. A WORKSPACE row whose struct has no member `workspace` does not compile
 * in src/ops. The opposite, a NO_WORKSPACE row whose struct has it, is refused here: C cannot test for a member. */
enum { cam_declares_NO_WORKSPACE, cam_declares_WORKSPACE };
template <typename Args> constexpr auto cam_has_workspace_member(int) -> decltype(sizeof(Args::workspace) > 0) {
    return true;
}
template <typename Args> constexpr bool cam_has_workspace_member(...) {
    return false;
}
#define CAM_CUDA_WORD_HOLDS(op, word)                                                                                  \
    static_assert(cam_has_workspace_member<cam_##op##_args>(0) == cam_declares_##word,                                 \
                  "cam_" #op "_args has a member `workspace`, its row says NO_WORKSPACE");
CAM_OPS(CAM_CUDA_WORD_HOLDS)
#undef CAM_CUDA_WORD_HOLDS
#endif
#endif
