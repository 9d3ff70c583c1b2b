/* cost_launches.h: what the CUDA backend would launch, asked of its own host code (kernels/), without a GPU.
 *
 * The .cu files are compiled by the host's compiler with a launch that only counts. cost_launches_<op> says how many
 * kernels one call launches, matrix products included; cost_workspace_<op> how many bytes of workspace it needs.
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
