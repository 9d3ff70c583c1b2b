/* proxy.h: a backend that forwards every call to another one. A test's backend has a `proxy` as its first member and
 * replaces single functions in `table` and `base`.
 */
#ifndef CAM_TESTS_OPS_PROXY_H
#define CAM_TESTS_OPS_PROXY_H

#include "cam/ops.h"

typedef struct proxy {
    cam_backend base; /* first: a cam_backend * is one of these */
    cam_backend *good;
    int owns; /* closing the proxy closes `good` */
    struct cam_ops_table table;
} proxy;

/* A proxy of `good`, with its name, description and bf16. */
proxy *proxy_new(cam_backend *good);
cam_backend *proxy_target(cam_backend *backend);

/* Calls an operator of the backend behind the proxy. */
#define CALL_TARGET(op, backend, args) proxy_target(backend)->ops->op(proxy_target(backend), args)

#endif
