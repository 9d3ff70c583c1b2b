/* backends.h: the backends that a program of these tests can open. Each program (CMake target) brings a table of its
 * own: backends_here.c; tests/simt has one for the CUDA backend on the host.
 */
#ifndef CAM_TESTS_OPS_BACKENDS_H
#define CAM_TESTS_OPS_BACKENDS_H

#include "cam/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct test_backend {
    const char *name;
    /* Opens it, and (`again` 1) a second time beside the first, in a way that must not change any bit. */
    cam_status (*open)(int again, cam_backend **backend);
    const char *again; /* how the second differs: "with two threads" */
} test_backend;

extern const test_backend test_backends[]; /* ends with a row without a name; the first one is taken unasked */

#ifdef __cplusplus
}
#endif

#endif
