/* backends.h: the table of backends that a test program can open. ops_test has the table in backends_native.c;
 * tests/simt has one for the CUDA backend on the host.
 */
#ifndef CAM_TESTS_OPS_BACKENDS_H
#define CAM_TESTS_OPS_BACKENDS_H

#include "cam/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct test_backend {
    const char *name;
    /* Opens the backend; with `again` 1 a second time beside the first, in a way that must not change any bit. */
    cam_status (*open)(int again, cam_backend **backend);
    const char *again; /* the difference of the second: "with two threads" */
} test_backend;

extern const test_backend test_backends[]; /* ends with a row without a name; the first one is the default */

#ifdef __cplusplus
}
#endif

#endif
