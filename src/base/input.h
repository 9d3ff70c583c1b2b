/* input.h: opens and reads files, pipes and terminals. A wait for bytes that do not come ends once a stop is requested. */
#ifndef CAM_INPUT_H
#define CAM_INPUT_H

#include "cam/status.h"
#include "cancel.h"
#include "paths.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stat;

/* The request that ends the reading of this process; none at first. Set it before other threads run. */
void cam_input_set_cancel(cam_cancel cancel);
/* For long work on what was read: CAM_E_STOPPED once the request was made. */
CAM_MUST_CHECK cam_status cam_input_check(const char *name);

/* Opens a file, or standard input for "-", without waiting for the writer of a named pipe. *about (unless NULL) is what
 * fstat says. `kind` where it cannot be opened, or is a folder; *fd is then -1. */
CAM_MUST_CHECK cam_status cam_input_open(const char *path, cam_status kind, int *fd, struct stat *about);
/* Waits for bytes and reads them; *got is 0 at the end of the input. `name` is that of the messages. `kind` where the
 * system fails; CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_input_read(int fd, const char *name, cam_status kind, void *to, size_t capacity,
                                         size_t *got);
void cam_input_close(int fd); /* standard input stays open, and -1 does nothing */

#ifdef __cplusplus
}
#endif
#endif
