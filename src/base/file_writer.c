/* file_writer.c: see file_writer.h. Invariant: while `temporary` is not NULL the file of that name is ours, and `lock`
 * holds its lock where the file system knows locks. */
#include "file_writer.h"
#include "paths.h"
#include "plain.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char mark[] = ".cam-tmp-";

/* --- what killed writers left -------------------------------------------------------------------------------------- */

static int is_same_file(const char *path, const struct stat *opened) {
    struct stat about;
    return lstat(path, &about) == 0 && about.st_dev == opened->st_dev && about.st_ino == opened->st_ino;
}

/* A writer that lives holds the lock. A temporary file that got its name meanwhile is not here any more. */
static void remove_leftover(const char *path) {
    struct stat about;
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        is_same_file(path, &about))
        unlink(path);
    close(fd);
}

void cam_file_remove_leftovers(const char *path) {
    if (!path)
        return;
    char *folder = cam_path_parent(path);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    DIR *entries = folder ? opendir(folder) : NULL;
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        const char *rest = entry->d_name + length + sizeof mark - 1;
        if (strncmp(entry->d_name, name, length) != 0 || strncmp(entry->d_name + length, mark, sizeof mark - 1) != 0 ||
            *rest == '\0' || rest[strspn(rest, "0123456789.")] != '\0')
            continue;
        char *leftover = cam_path_join(folder, entry->d_name);
        if (leftover)
            remove_leftover(leftover);
        free(leftover);
    }
    if (entries)
        closedir(entries);
    free(folder);
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

/* Appends how much room is needed, where there is too little. */
static void put_need(cam_strbuf *out, const cam_file_writer *writer, int error) {
    struct statvfs room;
    if (error != ENOSPC && error != EDQUOT && error != EFBIG)
        return;
    cam_strbuf_printf(out, "; the file needs %s", writer->bytes > 0 ? "" : "more than ");
    cam_plain_put_bytes(out, (double)(writer->bytes > 0 ? writer->bytes : writer->written));
    if (error != ENOSPC || !writer->temporary || statvfs(writer->temporary, &room) != 0)
        return;
    /* what this file has taken is free again once it is removed */
    cam_strbuf_puts(out, ", and ");
    cam_plain_put_bytes(out, (double)room.f_bavail * (double)room.f_frsize + (double)writer->written);
    cam_strbuf_puts(out, " are free there");
}

/* Fails with the message of errno. */
static cam_status fail(const cam_file_writer *writer, const char *verb) {
    int error = errno;
    cam_strbuf need = CAM_STRBUF_INIT;
    put_need(&need, writer, error);
    errno = error;
    cam_status st = cam_file_fail(CAM_E_STORAGE, verb, writer->path);
    if (need.length > 0)
        st = cam_fail(st, "%s%s", cam_status_message(), cam_strbuf_text(&need));
    cam_strbuf_release(&need);
    return st;
}

/* Makes a temporary file of a name that nobody has, and locks it. */
static cam_status make_temporary(cam_file_writer *writer) {
    enum { MOST_TRIES = 100 };
    for (int n = 0; n < MOST_TRIES; n++) {
        cam_strbuf name = CAM_STRBUF_INIT;
        struct stat about;
        cam_strbuf_put_all(&name, writer->path, mark, NULL);
        cam_strbuf_printf(&name, "%ld", (long)getpid());
        if (n > 0)
            cam_strbuf_printf(&name, ".%d", n);
        free(writer->temporary);
        writer->temporary = cam_strbuf_detach(&name);
        if (!writer->temporary)
            return cam_fail(CAM_E_MEMORY, "no memory for a path");
        writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd < 0 && errno == EEXIST)
            continue;
        if (writer->fd < 0)
            break;
        int taken = flock(writer->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (!taken && fstat(writer->fd, &about) == 0 && is_same_file(writer->temporary, &about))
            return CAM_OK;
        close(writer->fd); /* another process took the new file for a leftover */
        writer->fd = -1;
    }
    free(writer->temporary);
    writer->temporary = NULL;
    return fail(writer, "write");
}

cam_status cam_file_writer_open(cam_file_writer *writer, const char *path) {
    cam_status st = CAM_OK;
    *writer = (cam_file_writer)CAM_FILE_WRITER_CLOSED;
    writer->path = cam_path_join("", path);
    if (!writer->path)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a path");
    cam_file_remove_leftovers(path);
    CAM_TRY(make_temporary(writer));
    writer->lock = dup(writer->fd);
    if (writer->lock < 0)
        CAM_TRY(fail(writer, "write"));
out:
    if (st != CAM_OK)
        cam_file_writer_abandon(writer);
    return st;
}

cam_status cam_file_writer_reserve(cam_file_writer *writer, uint64_t bytes) {
    enum { LEAST_BYTES = 1 << 16 }; /* for less, its own write tells as soon */
    writer->bytes = bytes;
    if (bytes < LEAST_BYTES || fallocate(writer->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0)
        return CAM_OK;
    /* any other failure means that the file system cannot say: the write will */
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? fail(writer, "write") : CAM_OK;
}

cam_status cam_file_writer_write(cam_file_writer *writer, const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        ssize_t wrote = write(writer->fd, at, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return fail(writer, "write");
        at += wrote;
        count -= (size_t)wrote;
        writer->written += (uint64_t)wrote;
    }
    return CAM_OK;
}

cam_status cam_file_writer_drain(cam_file_writer *writer, cam_strbuf *text, int all) {
    enum { BLOCK = 1 << 20 };
    if (!all && text->length < BLOCK)
        return CAM_OK;
    cam_status st = cam_file_writer_write(writer, cam_strbuf_text(text), text->length);
    cam_strbuf_clear(text);
    return st;
}

cam_status cam_file_writer_commit(cam_file_writer *writer) {
    cam_status st = CAM_OK;
    char *folder = cam_path_parent(writer->path);
    CAM_TRY(cam_memory_check(CAM_OK)); /* a text of the file may be missing */
    if (fdatasync(writer->fd) != 0)
        CAM_TRY(fail(writer, "sync"));
    int closed = close(writer->fd);
    writer->fd = -1;
    if (closed != 0)
        CAM_TRY(fail(writer, "close"));
    if (rename(writer->temporary, writer->path) != 0)
        CAM_TRY(fail(writer, "rename to"));
    free(writer->temporary);
    writer->temporary = NULL;
    CAM_TRY(cam_directory_sync(folder));
out:
    free(folder);
    cam_file_writer_abandon(writer);
    return st;
}

void cam_file_writer_abandon(cam_file_writer *writer) {
    if (writer->temporary)
        unlink(writer->temporary);
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->lock >= 0)
        close(writer->lock);
    free(writer->temporary);
    free(writer->path);
    *writer = (cam_file_writer)CAM_FILE_WRITER_CLOSED;
}

cam_status cam_file_write(const char *path, const void *bytes, size_t count) {
    cam_status st = CAM_OK;
    cam_file_writer writer = CAM_FILE_WRITER_CLOSED;
    CAM_TRY(cam_file_writer_open(&writer, path));
    CAM_TRY(cam_file_writer_reserve(&writer, count));
    CAM_TRY(cam_file_writer_write(&writer, bytes, count));
    CAM_TRY(cam_file_writer_commit(&writer));
out:
    cam_file_writer_abandon(&writer);
    return st;
}
