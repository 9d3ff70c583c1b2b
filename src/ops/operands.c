/* operands.c: see operands_internal.h. */
#include "operands_internal.h"
#include <string.h>

static cam_status check_dtype(const cam_backend *backend, const char *op, const cam_operand *o) {
    cam_dtype dtype = o->tensor.dtype;
    int act = dtype == CAM_F32 || dtype == CAM_BF16, number = act || dtype == CAM_F16 || dtype == CAM_F64;
    int fits = o->flags & CAM_ANY_FLOAT ? number : o->flags & CAM_ACT ? act : dtype == o->dtype;
    if (!fits)
        return cam_fail(CAM_E_DTYPE, "%s: operand \"%s\" is %s, not %s", op, o->name, cam_dtype_name(dtype),
                        o->flags & CAM_ACT ? "F32 or BF16" : cam_dtype_name(o->dtype));
    if (dtype == CAM_BF16 && !(o->flags & CAM_ANY_FLOAT) && !backend->bf16)
        return cam_fail(CAM_E_UNSUPPORTED, "%s: operand \"%s\" is BF16, which the \"%s\" backend does not compute with",
                        op, o->name, backend->name);
    return CAM_OK;
}

static cam_status check_one(const cam_backend *backend, const char *op, const cam_operand *o) {
    cam_status st = CAM_OK;
    cam_tensor t = o->tensor;
    if (!t.data)
        return o->flags & CAM_OPTIONAL ? CAM_OK : cam_fail(CAM_E_SHAPE, "%s: operand \"%s\" is absent", op, o->name);
    CAM_TRY(check_dtype(backend, op, o));
    if (t.ndim != o->ndim)
        return cam_fail(CAM_E_SHAPE, "%s: operand \"%s\" has %d dimensions, not %d", op, o->name, t.ndim, o->ndim);
    for (int i = 0; i < o->ndim; i++)
        if (t.shape[i] != o->shape[i])
            return cam_fail(CAM_E_SHAPE, "%s: dimension %d of operand \"%s\" is %lld, not %lld", op, i, o->name,
                            (long long)t.shape[i], (long long)o->shape[i]);
    if (o->flags & CAM_STRIDED ? t.row_stride < t.shape[1] : !cam_tensor_is_contiguous(t))
        return cam_fail(CAM_E_SHAPE, "%s: operand \"%s\" has row stride %lld", op, o->name, (long long)t.row_stride);
out:
    return st;
}

static int is_allowed_alias(const cam_operand *a, const cam_operand *b) {
    return a->tensor.data == b->tensor.data && ((a->may_alias && strcmp(a->may_alias, b->name) == 0) ||
                                                (b->may_alias && strcmp(b->may_alias, a->name) == 0));
}

cam_status cam_operands_check(const cam_backend *backend, const char *op, const cam_operand *operands, int count) {
    for (int i = 0; i < count; i++) {
        cam_status st = check_one(backend, op, &operands[i]);
        if (st != CAM_OK)
            return st;
    }
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            const cam_operand *out = &operands[i], *other = &operands[j];
            if (i == j || !(out->flags & CAM_OUT) || is_allowed_alias(out, other))
                continue;
            if (cam_tensor_overlaps(out->tensor, other->tensor))
                return cam_fail(CAM_E_ALIAS, "%s: output \"%s\" overlaps operand \"%s\"", op, out->name, other->name);
        }
    return CAM_OK;
}
