/* cost_launches.h: counts the launches of the CUDA backend by running its host code (kernels/) without a GPU.
 *
 * The .cu files are compiled by the host's compiler with a launch function that only counts. cost_launches_<op> counts
 * the kernels of one call, matrix products included; cost_workspace_<op> returns its workspace in bytes.
 */
#ifndef CAM_COST_LAUNCHES_H
#define CAM_COST_LAUNCHES_H

#include "cam/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define COST_DECLARE(op, word)                                                                                         \
    CAM_MUST_CHECK cam_status cost_launches_##op(const cam_##op##_args *args, int64_t *launches);                      \
    CAM_IF_##word(size_t cost_workspace_##op(const cam_##op##_args *args);)
CAM_OPS(COST_DECLARE)
#undef COST_DECLARE

#ifdef __cplusplus
}
#endif
#endif
