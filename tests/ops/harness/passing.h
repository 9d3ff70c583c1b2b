/* passing.h: a backend that stands in front of another one and passes everything on, for those that change one thing:
 * a test's backend begins with a `passing`, and puts its own functions into `table` and `base`.
 */
#ifndef CAM_TESTS_OPS_PASSING_H
#define CAM_TESTS_OPS_PASSING_H

#include "cam/ops.h"

typedef struct passing {
    cam_backend base; /* first: a cam_backend * is one of these */
    cam_backend *good;
    int owns; /* closing it closes `good` */
    struct cam_ops_table table;
} passing;

/* A copy of `good`'s name, description and bf16; everything is passed on. */
passing *passing_new(cam_backend *good);
cam_backend *passed_to(cam_backend *backend);

/* What the backend behind answers. */
#define PASS(op, backend, args) passed_to(backend)->ops->op(passed_to(backend), args)

#endif
