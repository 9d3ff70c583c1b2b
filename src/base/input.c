/* input.c: see input.h. */
#include "input.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A signal that comes just before a wait does not interrupt it, so no wait is long. */
enum { WAIT_MS = 100 };

static cam_cancel stop;

void cam_input_set_cancel(cam_cancel cancel) {
    stop = cancel;
}

cam_status cam_input_check(const char *name) {
    return cam_cancel_requested(&stop) ? cam_fail(CAM_E_STOPPED, "stopped by a signal while reading \"%s\"", name)
                                       : CAM_OK;
}

void cam_input_close(int fd) {
    if (fd > STDIN_FILENO)
        close(fd);
}

cam_status cam_input_open(const char *path, cam_status kind, int *fd, struct stat *about) {
    struct stat own;
    *fd = -1;
    if (!path)
        return cam_fail(CAM_E_MEMORY, "no memory for a path");
    int standard_input = strcmp(path, "-") == 0;
    const char *name = standard_input ? CAM_STANDARD_INPUT : path;
    /* O_NONBLOCK: a named pipe opens before it has a writer. It changes nothing for a file. */
    *fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0)
        return cam_file_fail(kind, "open", name);
    about = about ? about : &own;
    int failed = fstat(*fd, about) != 0;
    if (!failed && !S_ISDIR(about->st_mode))
        return CAM_OK;
    errno = failed ? errno : EISDIR;
    cam_status st = cam_file_fail(kind, "read", name);
    cam_input_close(*fd);
    *fd = -1;
    return st;
}

cam_status cam_input_read(int fd, const char *name, cam_status kind, void *to, size_t capacity, size_t *got) {
    cam_status st = CAM_OK;
    *got = 0;
    for (;;) {
        CAM_TRY(cam_input_check(name));
        /* A read before poll would take a named pipe without a writer for one that has ended. */
        struct pollfd input = {.fd = fd, .events = POLLIN};
        int ready = poll(&input, 1, WAIT_MS);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        ssize_t count = read(fd, to, capacity);
        if (count >= 0) {
            *got = (size_t)count;
            break;
        }
        if (errno != EINTR && errno != EAGAIN)
            CAM_TRY(cam_file_fail(kind, "read", name));
    }
out:
    return st;
}
