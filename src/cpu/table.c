/* table.c: the operator table of one instruction set; backend_cpu.c chooses one of them.
 */
#include "cpu_internal.h"

extern const cam_ops_table CAM_CPU_NAME(cam_cpu_table);

const cam_ops_table CAM_CPU_NAME(cam_cpu_table) = {
#define SLOT(op, word)                                                                                                 \
    .op = CAM_CPU_NAME(cam_cpu_##op) CAM_IF_##word(, .op##_workspace = CAM_CPU_NAME(cam_cpu_##op##_workspace)),
    CAM_OPS(SLOT)
#undef SLOT
};
