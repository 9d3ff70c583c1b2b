/* operands_internal.h: what a contract says of an operator's tensors, as rows of a table, checked the same way for all.
 *
 * An operand row states name, role, dtype and shape; cam_operands_check refuses, in this order, an absent operand, a
 * wrong dtype, a wrong shape or stride, bf16 on a backend without it, and an output that overlaps anything else.
 * Messages name operator and operand.
 */
#ifndef CAM_OPERANDS_INTERNAL_H
#define CAM_OPERANDS_INTERNAL_H

#include "cam/ops.h"

enum {
    CAM_IN = 0,
    CAM_OUT = 1,
    CAM_MAYBE = 2,   /* may be absent */
    CAM_STRIDED = 4, /* the row stride is free */
    CAM_HALF = 8,    /* any of f32, f16, bf16, f64 (cast) */
    CAM_ACT = 16     /* f32 or bf16: the operand whose dtype is the call's `act`, or one that may differ from it */
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

/* A checker an operator: cam_check_<op>(backend, args). */
#define CAM_OP_CHECKS(op, word)                                                                                        \
    CAM_MUST_CHECK cam_status cam_check_##op(const cam_backend *backend, const cam_##op##_args *args);
CAM_OPS(CAM_OP_CHECKS)
#undef CAM_OP_CHECKS

#endif
