/* ops.c: check -> look up -> time -> call, for every operator of cam/ops.h. No arithmetic. */
#include "cam/ops.h"
#include "clock.h"
#include "operands_internal.h"

static const char *const names[] = {
#define NAME(op, word) #op,
    CAM_OPS(NAME)
#undef NAME
};

const char *cam_op_name(enum cam_op op) {
    return names[op];
}

/* The time when all queued work is done. */
static cam_status synchronized_now(cam_backend *backend, double *now) {
    cam_status st = cam_backend_synchronize(backend);
    *now = cam_now_s();
    return st;
}

static cam_status count_time(cam_backend *backend, enum cam_op op, double begin) {
    double end;
    cam_status st = synchronized_now(backend, &end);
    backend->op_seconds[op] += end - begin;
    return st;
}

static cam_status missing(const cam_backend *backend, const char *op) {
    return cam_fail(CAM_E_UNSUPPORTED, "the \"%s\" backend has no operator \"%s\"", backend->name, op);
}

static cam_status check_workspace(const char *op, cam_workspace given, size_t needed) {
    size_t bytes = given.data ? given.bytes : 0;
    return bytes < needed ? cam_fail(CAM_E_WORKSPACE, "%s: %zu bytes of workspace, %zu needed", op, bytes, needed)
                          : CAM_OK;
}

#define WRAPPER(op, word)                                                                                              \
    size_t cam_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args) {                             \
        (void)backend, (void)args;                                                                                     \
        CAM_IF_##word(if (backend->ops->op##_workspace) return backend->ops->op##_workspace(backend, args));           \
        return 0;                                                                                                      \
    }                                                                                                                  \
    cam_status cam_##op(cam_backend *backend, const cam_##op##_args *args) {                                           \
        cam_status st = CAM_OK;                                                                                        \
        if (!backend->ops->op CAM_IF_##word(|| !backend->ops->op##_workspace))                                         \
            return missing(backend, #op);                                                                              \
        CAM_TRY(cam_check_##op(backend, args));                                                                        \
        CAM_IF_##word(CAM_TRY(check_workspace(#op, args->workspace, cam_##op##_workspace(backend, args))));            \
        double begin = 0;                                                                                              \
        if (backend->op_seconds)                                                                                       \
            CAM_TRY(synchronized_now(backend, &begin));                                                                \
        CAM_TRY(backend->ops->op(backend, args));                                                                      \
        if (backend->op_seconds)                                                                                       \
            CAM_TRY(count_time(backend, CAM_OP_##op, begin));                                                          \
    out:                                                                                                               \
        return st;                                                                                                     \
    }
CAM_OPS(WRAPPER)
#undef WRAPPER
