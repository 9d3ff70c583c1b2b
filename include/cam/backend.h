/* backend.h: the interface of a device: memory, copies, graphs, and the table of operators.
 *
 * A backend is one ordered queue. Work runs in the order of submission, possibly after the call has returned;
 * cam_backend_synchronize waits for it. Operators never allocate and never synchronise. On the CPU all work is done
 * when a call returns.
 *
 * A backend may have a second ordered queue, the side queue, for work that runs beside the chain of the main one. A
 * section of it begins with cam_backend_side_begin and ends with cam_backend_side_end. Its work runs after all that the
 * main queue had when the section began, and after the earlier sections. The main queue does not wait for it before
 * cam_backend_side_wait. So from the section's begin to that wait, the main queue must not write what the section reads,
 * nor read or write what it writes; operators of the two queues need workspaces of their own. Where the device has one
 * queue the same calls do nothing, and the work runs in the order of submission.
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

    /* The side queue; all NULL where the device has one queue. Sections do not nest, and a graph is captured with all of
     * its sections waited for. side_mark: `mark`, of [0, CAM_SIDE_MARKS), names the end of what the side queue has now,
     * until it is set again. side_end does not fail, so that it can be called after a failure, too. */
    cam_status (*side_begin)(cam_backend *backend);
    cam_status (*side_mark)(cam_backend *backend, int mark);
    void (*side_end)(cam_backend *backend);
    cam_status (*side_wait)(cam_backend *backend, int mark);

    void (*close)(cam_backend *backend);
} cam_backend_calls;

enum { CAM_SIDE_MARKS = 32 };

struct cam_backend {
    const char *name;        /* "cpu" */
    const char *description; /* for logs and --version: library, core type, threads */
    const char *arithmetic;  /* all that the bits of its results depend on: instruction set, device, libraries */
    int bf16;                /* its operators take bf16 activations and weights */
    int32_t max_keys;        /* its attention takes sequences up to this length */
    int32_t token_step;      /* size classes (src/train/batch_stream.h): token capacities are multiples of it, */
    int32_t least_length;    /* and bounds of the sequence lengths at least this */
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
/* Whether the backend has a side queue. */
static inline int cam_backend_has_side(const cam_backend *backend) {
    return backend->calls->side_begin != NULL;
}
/* What is submitted from now on goes to the side queue. After a failure there is no section to end. */
static inline CAM_MUST_CHECK cam_status cam_backend_side_begin(cam_backend *backend) {
    return backend->calls->side_begin ? backend->calls->side_begin(backend) : CAM_OK;
}
/* In a section: `mark` names the end of what the section has now; see cam_backend_side_end. */
static inline CAM_MUST_CHECK cam_status cam_backend_side_mark(cam_backend *backend, int mark) {
    return backend->calls->side_mark ? backend->calls->side_mark(backend, mark % CAM_SIDE_MARKS) : CAM_OK;
}
/* Ends a section whose work was submitted with the status `st`, which is returned; the main queue is used again. If all
 * is well, `mark` names the section's end: any number from 0 on, of which the last CAM_SIDE_MARKS are told apart. */
static inline CAM_MUST_CHECK cam_status cam_backend_side_end(cam_backend *backend, int mark, cam_status st) {
    if (!backend->calls->side_begin)
        return st;
    if (st == CAM_OK)
        st = cam_backend_side_mark(backend, mark);
    backend->calls->side_end(backend);
    return st;
}
/* What the main queue gets from now on waits for all that the side queue had at this mark. */
static inline CAM_MUST_CHECK cam_status cam_backend_side_wait(cam_backend *backend, int mark) {
    return backend->calls->side_wait ? backend->calls->side_wait(backend, mark % CAM_SIDE_MARKS) : CAM_OK;
}
static inline void cam_backend_close(cam_backend *backend) {
    if (backend)
        backend->calls->close(backend);
}

#ifdef __cplusplus
}
#endif
#endif
