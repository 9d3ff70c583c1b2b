/* backends.h: the devices that this program can compute on.
 */
#ifndef CAM_BACKENDS_H
#define CAM_BACKENDS_H

#include "cam/backend.h"
#include "strbuf.h"

/* `device` is "auto" or the name of a backend; `threads` 0 = what the process may use. CAM_E_USAGE for a name that is
 * none. */
CAM_MUST_CHECK cam_status cam_backends_open(const char *device, int threads, cam_backend **backend);
/* A line for each, for --version. */
void cam_backends_describe(cam_strbuf *out);

#endif
