/* operands.c: see operands.h. */
#include "operands.h"
#include <string.h>

static cam_status check_one(const char *op, const cam_operand *o) {
    cam_tensor t = o->tensor;
    if (!t.data)
        return o->flags & CAM_MAYBE ? CAM_OK : cam_fail(CAM_E_SHAPE, "%s: operand \"%s\" is absent", op, o->name);
    int number = t.dtype == CAM_F32 || t.dtype == CAM_F16 || t.dtype == CAM_BF16 || t.dtype == CAM_F64;
    if (o->flags & CAM_HALF ? !number : t.dtype != o->dtype)
        return cam_fail(CAM_E_DTYPE, "%s: operand \"%s\" is %s, not %s", op, o->name, cam_dtype_name(t.dtype),
                        cam_dtype_name(o->dtype));
    if (t.ndim != o->ndim)
        return cam_fail(CAM_E_SHAPE, "%s: operand \"%s\" has %d dimensions, not %d", op, o->name, t.ndim, o->ndim);
    for (int i = 0; i < o->ndim; i++)
        if (t.shape[i] != o->shape[i])
            return cam_fail(CAM_E_SHAPE, "%s: dimension %d of operand \"%s\" is %lld, not %lld", op, i, o->name,
                            (long long)t.shape[i], (long long)o->shape[i]);
    if (o->flags & CAM_STRIDED ? t.row_stride < t.shape[1] : !cam_tensor_is_contiguous(t))
        return cam_fail(CAM_E_SHAPE, "%s: operand \"%s\" has row stride %lld", op, o->name, (long long)t.row_stride);
    return CAM_OK;
}

static int is_twin(const cam_operand *a, const cam_operand *b) {
    return a->tensor.data == b->tensor.data &&
           ((a->twin && strcmp(a->twin, b->name) == 0) || (b->twin && strcmp(b->twin, a->name) == 0));
}

cam_status cam_operands_check(const char *op, const cam_operand *operands, int count) {
    for (int i = 0; i < count; i++) {
        cam_status st = check_one(op, &operands[i]);
        if (st != CAM_OK)
            return st;
    }
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            const cam_operand *out = &operands[i], *other = &operands[j];
            if (i == j || !(out->flags & CAM_OUT) || is_twin(out, other))
                continue;
            if (cam_tensor_overlaps(out->tensor, other->tensor))
                return cam_fail(CAM_E_ALIAS, "%s: output \"%s\" overlaps operand \"%s\"", op, out->name, other->name);
        }
    return CAM_OK;
}
