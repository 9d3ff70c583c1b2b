/* files_internal.h: what the readers of files share. */
#ifndef CAM_FILES_INTERNAL_H
#define CAM_FILES_INTERNAL_H

#include "cam/status.h"
#include <sys/stat.h>

/* Fails with `kind` for a system call that has just failed: cannot open "/full/path": No such file or directory */
cam_status cam_file_fail(cam_status kind, const char *verb, const char *path);
/* Opens a file that is no folder; *fd stays -1 where it cannot be opened, and has to be closed otherwise. */
CAM_MUST_CHECK cam_status cam_file_open_to_read(const char *path, cam_status kind, int *fd, struct stat *about);

#endif
