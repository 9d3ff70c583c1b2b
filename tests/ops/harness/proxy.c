/* proxy.c: see proxy.h. */
#include "proxy.h"
#include <stdlib.h>

cam_backend *proxy_target(cam_backend *backend) {
    return ((proxy *)(void *)backend)->good;
}

#define PROXY_CALL(op, word)                                                                                           \
    static cam_status call_##op(cam_backend *backend, const cam_##op##_args *args) {                                   \
        return CALL_TARGET(op, backend, args);                                                                         \
    }                                                                                                                  \
    CAM_IF_##word(static size_t call_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args) {       \
        const cam_backend *good = ((const proxy *)(const void *)backend)->good;                                        \
        return good->ops->op##_workspace(good, args);                                                                  \
    })
CAM_OPS(PROXY_CALL)
#undef PROXY_CALL

static const struct cam_ops_table table = {
#define SLOTS(op, word) .op = call_##op CAM_IF_##word(, .op##_workspace = call_##op##_workspace),
    CAM_OPS(SLOTS)
#undef SLOTS
};

static cam_status allocate(cam_backend *backend, size_t bytes, void **memory) {
    return cam_backend_allocate(proxy_target(backend), bytes, memory);
}

static void release(cam_backend *backend, void *memory) {
    cam_backend_release(proxy_target(backend), memory);
}

static cam_status copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    return cam_backend_copy(proxy_target(backend), to, from, bytes, kind);
}

static cam_status zero(cam_backend *backend, void *memory, size_t bytes) {
    return cam_backend_zero(proxy_target(backend), memory, bytes);
}

static cam_status synchronize(cam_backend *backend) {
    return cam_backend_synchronize(proxy_target(backend));
}

static cam_status allocate_mapped(cam_backend *backend, size_t bytes, void **host, void **device) {
    return cam_backend_allocate_mapped(proxy_target(backend), bytes, host, device);
}

static void release_mapped(cam_backend *backend, void *host) {
    cam_backend_release_mapped(proxy_target(backend), host);
}

static void close_proxy(cam_backend *backend) {
    if (((proxy *)(void *)backend)->owns)
        cam_backend_close(proxy_target(backend));
    free(backend);
}

static const cam_backend_calls calls = {.allocate = allocate,
                                        .release = release,
                                        .copy = copy,
                                        .zero = zero,
                                        .synchronize = synchronize,
                                        .allocate_mapped = allocate_mapped,
                                        .release_mapped = release_mapped,
                                        .close = close_proxy};

proxy *proxy_new(cam_backend *good) {
    proxy *p = calloc(1, sizeof *p);
    if (!p)
        CAM_BUG("no memory for a backend");
    p->base = (cam_backend){.name = good->name,
                            .description = good->description,
                            .bf16 = good->bf16,
                            .max_keys = good->max_keys,
                            .token_step = good->token_step,
                            .least_length = good->least_length,
                            .calls = &calls};
    p->good = good;
    p->table = table;
    p->base.ops = &p->table;
    return p;
}
