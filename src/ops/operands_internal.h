/* operands_internal.h: the operands of a call as a table, and one function that checks it.
 *
 * A row of the table states name, role, dtype and shape of an operand. cam_operands_check refuses, in this order:
 *   1. an absent operand;
 *   2. a wrong dtype;
 *   3. a wrong shape or stride;
 *   4. bf16 on a backend without it;
 *   5. an output that overlaps another operand.
 * Messages name operator and operand.
 */
#ifndef CAM_OPERANDS_INTERNAL_H
#define CAM_OPERANDS_INTERNAL_H

#include "cam/ops.h"

enum {
    CAM_IN = 0,
    CAM_OUT = 1,
    CAM_OPTIONAL = 2,  /* may be absent */
    CAM_STRIDED = 4,   /* the row stride is free */
    CAM_ANY_FLOAT = 8, /* any floating-point dtype (cast) */
    CAM_ACT = 16       /* f32 or bf16: the operand whose dtype is the call's `act`, or one that may differ from it */
};

typedef struct cam_operand {
    const char *name;
    cam_tensor tensor;
    int flags;
    cam_dtype dtype;
    int ndim;
    int64_t shape[2];
    const char *may_alias; /* the operand that this output may be itself (same data); NULL = none */
} cam_operand;

CAM_MUST_CHECK cam_status cam_operands_check(const cam_backend *backend, const char *op, const cam_operand *operands,
                                             int count);

/* One check function for each operator: cam_check_<op>(backend, args). */
#define CAM_OP_CHECKS(op, word)                                                                                        \
    CAM_MUST_CHECK cam_status cam_check_##op(const cam_backend *backend, const cam_##op##_args *args);
CAM_OPS(CAM_OP_CHECKS)
#undef CAM_OP_CHECKS

#endif
