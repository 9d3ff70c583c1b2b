/* table.c: the CUDA backend's operator table.
 */
#include "operators.h"

const cam_ops_table cam_cuda_table = {
#define SLOT(op, word) .op = cam_cuda_##op CAM_IF_##word(, .op##_workspace = cam_cuda_##op##_workspace),
    CAM_OPS(SLOT)
#undef SLOT
};
