/* file_lock_internal.h: the lock files of the Hugging Face cache, as Python's filelock locks them. */
#ifndef CAM_FILE_LOCK_INTERNAL_H
#define CAM_FILE_LOCK_INTERNAL_H

#include "http_internal.h"

/* Waits for the lock; sets *fd, -1 where the file system has no locks. `what` names the file in the message that it
 * waits. CAM_E_STORAGE, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_file_lock(const cam_http *http, const char *path, const char *what, int *fd);
void cam_file_unlock(int fd);

#endif
