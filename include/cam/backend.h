/* backend.h: the interface of a device: memory, copies, graphs, and the table of operators.
 *
 * A backend is one ordered queue. Work runs in the order of submission, possibly after the call has returned;
 * cam_backend_synchronize waits for it. Operators never allocate and never synchronise. On the CPU all work is done
 * when a call returns.
 *
 * Only src/device/backends.c lists the backends.
 */
#ifndef CAM_BACKEND_H
#define CAM_BACKEND_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_backend cam_backend;
typedef struct cam_ops_table cam_ops_table; /* cam/ops.h */

typedef enum cam_copy_kind { CAM_TO_DEVICE, CAM_FROM_DEVICE, CAM_ON_DEVICE } cam_copy_kind;

typedef struct cam_backend_calls {
    /* Memory of the device, aligned to CAM_ARENA_ALIGN, contents undefined. CAM_E_MEMORY where there is not enough; the
     * message has the number of bytes. release(NULL) does nothing. */
    cam_status (*allocate)(cam_backend *backend, size_t bytes, void **memory);
    void (*release)(cam_backend *backend, void *memory);
    /* Bytes that can still be allocated and used; SIZE_MAX where that is not known. */
    size_t (*available)(cam_backend *backend);

    /* Ordered with the operators. Host memory must stay valid until the next synchronize. */
    cam_status (*copy)(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind);
    cam_status (*zero)(cam_backend *backend, void *memory, size_t bytes);
    cam_status (*synchronize)(cam_backend *backend);
    /* Reports an asynchronous error without waiting. NULL where there are no such errors. */
    cam_status (*poll)(cam_backend *backend);

    /* Mapped memory: the device writes it and the host reads it while the device runs. Zeros at first. `device` is its
     * address on the device; release_mapped takes its host address. */
    cam_status (*allocate_mapped)(cam_backend *backend, size_t bytes, void **host, void **device);
    void (*release_mapped)(cam_backend *backend, void *host);
    /* Pinned host memory, which the device copies from and to directly; plain memory where pinning makes no difference.
     */
    cam_status (*allocate_staging)(cam_backend *backend, size_t bytes, void **host);
    void (*release_staging)(cam_backend *backend, void *host);

    /* Capture the work between begin and end as a graph, and launch it. All NULL where the device has no graphs; the
     * caller then runs eagerly. */
    cam_status (*capture_begin)(cam_backend *backend);
    cam_status (*capture_end)(cam_backend *backend, void **graph);
    cam_status (*graph_launch)(cam_backend *backend, void *graph);
    void (*graph_release)(cam_backend *backend, void *graph);

    void (*close)(cam_backend *backend);
} cam_backend_calls;

struct cam_backend {
    const char *name;        /* "cpu" */
    const char *description; /* for logs and --version: library, core type, threads */
    const char *arithmetic;  /* all that the bits of its results depend on: instruction set, device, libraries */
    int bf16;                /* its operators take bf16 activations and weights */
    int32_t max_keys;        /* its attention takes sequences up to this length */
    int dropout_masks;       /* 1: forward stores dropout decisions in the mask that it is given, and backward reads
                                them; 0: both draw, and no mask is accessed */
    int host_memory;         /* the host can access its memory directly, and calls complete before they return */
    int host_threads;        /* threads for work on the host beside it; 0 means 1 */
    const cam_backend_calls *calls;
    const cam_ops_table *ops;
    double *op_seconds; /* by operator (enum cam_op), summed by the wrappers; NULL: no timing */
};

static inline CAM_MUST_CHECK cam_status cam_backend_allocate(cam_backend *backend, size_t bytes, void **memory) {
    return backend->calls->allocate(backend, bytes, memory);
}
static inline void cam_backend_release(cam_backend *backend, void *memory) {
    backend->calls->release(backend, memory);
}
static inline size_t cam_backend_available(cam_backend *backend) {
    return backend->calls->available ? backend->calls->available(backend) : SIZE_MAX;
}
static inline CAM_MUST_CHECK cam_status cam_backend_copy(cam_backend *backend, void *to, const void *from, size_t bytes,
                                                         cam_copy_kind kind) {
    return backend->calls->copy(backend, to, from, bytes, kind);
}
static inline CAM_MUST_CHECK cam_status cam_backend_zero(cam_backend *backend, void *memory, size_t bytes) {
    return backend->calls->zero(backend, memory, bytes);
}
static inline CAM_MUST_CHECK cam_status cam_backend_synchronize(cam_backend *backend) {
    return backend->calls->synchronize(backend);
}
static inline CAM_MUST_CHECK cam_status cam_backend_poll(cam_backend *backend) {
    return backend->calls->poll ? backend->calls->poll(backend) : CAM_OK;
}
static inline CAM_MUST_CHECK cam_status cam_backend_allocate_mapped(cam_backend *backend, size_t bytes, void **host,
                                                                    void **device) {
    return backend->calls->allocate_mapped(backend, bytes, host, device);
}
static inline void cam_backend_release_mapped(cam_backend *backend, void *host) {
    backend->calls->release_mapped(backend, host);
}
static inline CAM_MUST_CHECK cam_status cam_backend_allocate_staging(cam_backend *backend, size_t bytes, void **host) {
    return backend->calls->allocate_staging(backend, bytes, host);
}
static inline void cam_backend_release_staging(cam_backend *backend, void *host) {
    backend->calls->release_staging(backend, host);
}
/* Whether the backend has graphs. */
static inline int cam_backend_captures(const cam_backend *backend) {
    return backend->calls->capture_begin != NULL;
}
static inline void cam_backend_close(cam_backend *backend) {
    if (backend)
        backend->calls->close(backend);
}

#ifdef __cplusplus
}
#endif
#endif
