/* file_lock.c: see file_lock_internal.h. The lock is an exclusive flock() on a file, which is left there. */
#include "file_lock_internal.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* False where another process has removed or replaced the file since it was opened: its lock locks nobody out. */
static int is_current(int fd, const char *path) {
    struct stat opened, there;
    return fstat(fd, &opened) == 0 && stat(path, &there) == 0 && opened.st_ino == there.st_ino &&
           opened.st_dev == there.st_dev;
}

cam_status cam_file_lock(const cam_http *http, const char *path, const char *what, int *fd) {
    static const double poll_s = 0.05;
    cam_status st = CAM_OK;
    int told = 0;
    *fd = -1;
    for (;;) {
        if (*fd < 0)
            *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0664);
        if (*fd < 0)
            CAM_FAIL(CAM_E_STORAGE, "cannot write \"%s\": %s", path, strerror(errno));
        if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
            if (is_current(*fd, path))
                break;
            close(*fd);
            *fd = -1;
            continue;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            cam_log_verbose("\"%s\" cannot be locked: %s", path, strerror(errno));
            cam_file_unlock(*fd);
            *fd = -1;
            break;
        }
        if (!told++)
            cam_log("another process downloads %s; waiting for it", what);
        CAM_TRY(cam_http_pause(http, poll_s));
    }
out:
    if (st != CAM_OK) {
        cam_file_unlock(*fd);
        *fd = -1;
    }
    return st;
}

void cam_file_unlock(int fd) {
    if (fd >= 0)
        close(fd);
}
