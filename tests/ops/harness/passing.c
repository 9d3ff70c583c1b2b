/* passing.c: see passing.h. */
#include "passing.h"
#include <stdlib.h>

cam_backend *passed_to(cam_backend *backend) {
    return ((passing *)(void *)backend)->good;
}

#define PASS_ON(op, word)                                                                                              \
    static cam_status pass_##op(cam_backend *backend, const cam_##op##_args *args) {                                   \
        return PASS(op, backend, args);                                                                                \
    }                                                                                                                  \
    CAM_IF_##word(static size_t pass_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args) {       \
        const cam_backend *good = ((const passing *)(const void *)backend)->good;                                      \
        return good->ops->op##_workspace(good, args);                                                                  \
    })
CAM_OPS(PASS_ON)
#undef PASS_ON

static const struct cam_ops_table table = {
#define SLOTS(op, word) .op = pass_##op CAM_IF_##word(, .op##_workspace = pass_##op##_workspace),
    CAM_OPS(SLOTS)
#undef SLOTS
};

static cam_status allocate(cam_backend *backend, size_t bytes, void **memory) {
    return cam_backend_allocate(passed_to(backend), bytes, memory);
}

static void release(cam_backend *backend, void *memory) {
    cam_backend_release(passed_to(backend), memory);
}

static cam_status copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    return cam_backend_copy(passed_to(backend), to, from, bytes, kind);
}

static cam_status zero(cam_backend *backend, void *memory, size_t bytes) {
    return cam_backend_zero(passed_to(backend), memory, bytes);
}

static cam_status synchronize(cam_backend *backend) {
    return cam_backend_synchronize(passed_to(backend));
}

static cam_status allocate_mapped(cam_backend *backend, size_t bytes, void **host, void **device) {
    return cam_backend_allocate_mapped(passed_to(backend), bytes, host, device);
}

static void release_mapped(cam_backend *backend, void *host) {
    cam_backend_release_mapped(passed_to(backend), host);
}

static void close_passing(cam_backend *backend) {
    if (((passing *)(void *)backend)->owns)
        cam_backend_close(passed_to(backend));
    free(backend);
}

static const cam_backend_calls calls = {.allocate = allocate,
                                        .release = release,
                                        .copy = copy,
                                        .zero = zero,
                                        .synchronize = synchronize,
                                        .allocate_mapped = allocate_mapped,
                                        .release_mapped = release_mapped,
                                        .close = close_passing};

passing *passing_new(cam_backend *good) {
    passing *p = calloc(1, sizeof *p);
    if (!p)
        CAM_BUG("no memory for a backend");
    p->base = (cam_backend){.name = good->name, .description = good->description, .bf16 = good->bf16, .calls = &calls};
    p->good = good;
    p->table = table;
    p->base.ops = &p->table;
    return p;
}
