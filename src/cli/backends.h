/* backends.h: the devices that this program can compute on.
 */
#ifndef CAM_BACKENDS_H
#define CAM_BACKENDS_H

#include "cam/backend.h"
#include "strbuf.h"

typedef struct cam_device_options {
    const char *device;    /* "auto", "cpu" or "cuda" */
    int threads;           /* of the CPU; 0 = what the process may use */
    int tf32;              /* on CUDA, f32 products may be rounded */
    const char *attention; /* "auto", "native" or "cudnn" */
    int explain;           /* log why auto takes the CPU, where this program could have used a GPU */
} cam_device_options;

/* auto takes a GPU where one can be used. CAM_E_USAGE for a name that is none. */
CAM_MUST_CHECK cam_status cam_backends_open(const cam_device_options *options, cam_backend **backend);
/* A line for each, for --version. */
void cam_backends_describe(cam_strbuf *out);

#endif
