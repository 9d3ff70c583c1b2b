/* output.c: see output.h. */
#include "output.h"
#include "signals.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cam_status fail_to_write(const cam_output *output) {
    int error = errno;
    char *full = output->path ? cam_path_absolute(output->path) : NULL;
    if (full)
        cam_fail(CAM_E_STORAGE, "cannot write \"%s\": %s", full, strerror(error));
    else
        cam_fail(CAM_E_STORAGE, "cannot write standard output: %s", strerror(error));
    free(full);
    return CAM_E_STORAGE;
}

static int is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* True where both are one regular file. */
static int is_input(const struct stat *about, const char *input) {
    struct stat source;
    int failed = strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &source) : stat(input, &source);
    return failed == 0 && S_ISREG(source.st_mode) && is_same(&source, about);
}

static cam_status open_file(cam_output *output) {
    cam_status st = CAM_OK;
    char *target = realpath(output->path, NULL); /* a symbolic link stays one */
    CAM_TRY(cam_file_writer_open(&output->file, target ? target : output->path));
    output->unfinished = strdup(output->file.temporary);
    cam_signals_set_unfinished(output->unfinished);
out:
    free(target);
    return st;
}

cam_status cam_output_open(cam_output *output, const char *path, const char *input, int force) {
    cam_status st = CAM_OK;
    struct stat about = {0}, standard = {0};
    *output = CAM_OUTPUT_CLOSED;
    if (path && strcmp(path, "-") != 0)
        output->path = path;
    int has_standard = fstat(STDOUT_FILENO, &standard) == 0;
    int exists = output->path ? stat(output->path, &about) == 0 : has_standard;
    if (!output->path)
        about = standard;
    else if (exists && has_standard && is_same(&about, &standard)) /* /dev/stdout */
        output->path = NULL;
    if (exists && is_input(&about, input))
        CAM_FAIL(CAM_E_USAGE, "the output is the input file, \"%s\"; name another with --output", input);
    if (!output->path) {
        output->fd = STDOUT_FILENO;
        goto out;
    }
    if (exists && !S_ISREG(about.st_mode)) {
        output->fd = open(output->path, O_WRONLY | O_CLOEXEC);
        if (output->fd < 0)
            CAM_TRY(fail_to_write(output));
        goto out;
    }
    if (exists && !force)
        CAM_FAIL(CAM_E_USAGE, "\"%s\" exists; name another file with --output, or write over it with --force",
                 output->path);
    CAM_TRY(open_file(output));
out:
    return st;
}

cam_status cam_output_write(cam_output *output, const char *bytes, size_t count) {
    if (output->file.path)
        return cam_file_writer_write(&output->file, bytes, count);
    while (count > 0 && !output->closed) {
        ssize_t wrote = write(output->fd, bytes, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        output->closed = wrote < 0 && errno == EPIPE;
        if (wrote < 0 && !output->closed)
            return fail_to_write(output);
        bytes += wrote > 0 ? wrote : 0;
        count -= wrote > 0 ? (size_t)wrote : 0;
    }
    return CAM_OK;
}

cam_status cam_output_commit(cam_output *output) {
    if (!output->file.path)
        return CAM_OK;
    cam_status st = cam_file_writer_commit(&output->file);
    cam_signals_set_unfinished(NULL);
    return st;
}

void cam_output_close(cam_output *output) {
    cam_signals_set_unfinished(NULL);
    if (output->file.path)
        cam_file_writer_abandon(&output->file);
    if (output->fd > STDOUT_FILENO)
        close(output->fd);
    free(output->unfinished);
    *output = CAM_OUTPUT_CLOSED;
}
