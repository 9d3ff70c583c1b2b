/* files.c: see files.h. */
#include "files.h"
#include "files_internal.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Joins texts; like any use of a strbuf, aborts when memory runs out. */
static char *print_path(const char *folder, const char *separator, const char *name) {
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_printf(&buf, "%s%s%s", folder, separator, name);
    return cam_strbuf_detach(&buf);
}

char *cam_path_join(const char *folder, const char *name) {
    size_t length = strlen(folder);
    return print_path(folder, length == 0 || folder[length - 1] == '/' ? "" : "/", name);
}

char *cam_path_absolute(const char *path) {
    char folder[4096];
    if (path[0] == '/' || !getcwd(folder, sizeof folder))
        return print_path("", "", path);
    return cam_path_join(folder, path);
}

cam_status cam_path_expand(const char *path, cam_status kind, char **expanded) {
    *expanded = NULL;
    if (path[0] == '~' && path[1] != '/' && path[1] != '\0')
        return cam_fail(kind,
                        "\"%s\": ~ is your own home folder only; write another user's folder in full, or ./%s for "
                        "a file of that name",
                        path, path);
    const char *home = NULL, *rest = path;
    if (path[0] == '~') {
        home = getenv("HOME");
        if (!home || home[0] == '\0') {
            const struct passwd *user = getpwuid(getuid());
            home = user ? user->pw_dir : NULL;
        }
        if (!home)
            return cam_fail(kind, "\"%s\": there is no home folder for ~; write the folder in full", path);
        rest = path + 1 + strspn(path + 1, "/");
    }
    *expanded = !home || *rest == '\0' ? print_path("", "", home ? home : path) : cam_path_join(home, rest);
    return CAM_OK;
}

int cam_path_has_variable(const char *path) {
    for (; *path; path++)
        if (path[0] == '$' && (path[1] == '{' || path[1] == '_' || isalpha((unsigned char)path[1])))
            return 1;
    return 0;
}

const char *cam_path_hint(const char *path, int error) {
    int is_missing = error == ENOENT || error == ENOTDIR;
    return is_missing && cam_path_has_variable(path)
               ? "; variables of the shell are not expanded here: write the path itself"
               : "";
}

cam_status cam_file_fail(cam_status kind, const char *verb, const char *path) {
    int error = errno;
    char *full = cam_path_absolute(path);
    cam_fail(kind, "cannot %s \"%s\": %s%s", verb, full, strerror(error), cam_path_hint(path, error));
    free(full);
    return kind;
}

cam_status cam_file_open_to_read(const char *path, cam_status kind, int *fd, struct stat *about) {
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return cam_file_fail(kind, "open", path);
    if (fstat(*fd, about) != 0)
        return cam_file_fail(kind, "read", path);
    if (S_ISDIR(about->st_mode)) {
        errno = EISDIR;
        return cam_file_fail(kind, "read", path);
    }
    return CAM_OK;
}

cam_status cam_file_read(const char *path, size_t max_bytes, cam_status kind, cam_strbuf *out) {
    cam_status st = CAM_OK;
    int standard_input = strcmp(path, "-") == 0;
    int fd = STDIN_FILENO;
    size_t total = 0;
    struct stat about;
    static const size_t block_bytes = 1 << 16;
    char *block = malloc(block_bytes);
    if (!block)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    if (!standard_input) {
        fd = -1;
        CAM_TRY(cam_file_open_to_read(path, kind, &fd, &about));
    }
    for (;;) {
        ssize_t got = read(fd, block, block_bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            CAM_TRY(cam_file_fail(kind, "read", path));
        if (got == 0)
            break;
        total += (size_t)got;
        if (total > max_bytes)
            CAM_FAIL(kind, "\"%s\" is larger than %zu bytes", path, max_bytes);
        cam_strbuf_append(out, block, (size_t)got);
    }
out:
    if (fd >= 0 && !standard_input)
        close(fd);
    free(block);
    return st;
}

cam_status cam_file_map(const char *path, cam_status kind, cam_mapping *map) {
    cam_status st = CAM_OK;
    int fd = -1;
    struct stat about;
    *map = (cam_mapping){NULL, 0};
    CAM_TRY(cam_file_open_to_read(path, kind, &fd, &about));
    if (about.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
            CAM_TRY(cam_file_fail(kind, "map", path));
        *map = (cam_mapping){bytes, (size_t)about.st_size};
    }
out:
    if (fd >= 0)
        close(fd);
    return st;
}

void cam_file_unmap(cam_mapping *map) {
    if (map->bytes)
        munmap((void *)(uintptr_t)map->bytes, map->size);
    *map = (cam_mapping){NULL, 0};
}

cam_status cam_file_writer_open(cam_file_writer *writer, const char *path) {
    char suffix[40];
    snprintf(suffix, sizeof suffix, ".tmp-%ld", (long)getpid());
    *writer = (cam_file_writer){.fd = -1, .path = print_path("", "", path), .temporary = print_path(path, suffix, "")};
    writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->fd < 0) {
        cam_status st = cam_file_fail(CAM_E_STORAGE, "write", path);
        cam_file_writer_abandon(writer);
        return st;
    }
    return CAM_OK;
}

cam_status cam_file_writer_write(cam_file_writer *writer, const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        ssize_t wrote = write(writer->fd, at, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return cam_file_fail(CAM_E_STORAGE, "write", writer->path);
        at += wrote;
        count -= (size_t)wrote;
    }
    return CAM_OK;
}

cam_status cam_file_writer_commit(cam_file_writer *writer) {
    cam_status st = CAM_OK;
    char *folder = NULL;
    if (fdatasync(writer->fd) != 0)
        CAM_TRY(cam_file_fail(CAM_E_STORAGE, "sync", writer->path));
    int closed = close(writer->fd);
    writer->fd = -1;
    if (closed != 0)
        CAM_TRY(cam_file_fail(CAM_E_STORAGE, "close", writer->path));
    if (rename(writer->temporary, writer->path) != 0)
        CAM_TRY(cam_file_fail(CAM_E_STORAGE, "rename to", writer->path));
    free(writer->temporary);
    writer->temporary = NULL;
    char *slash = strrchr(writer->path, '/');
    folder = slash ? print_path("", "", writer->path) : print_path("", "", ".");
    if (slash) /* the folder of "/name" is "/" */
        folder[slash - writer->path + (slash == writer->path)] = '\0';
    CAM_TRY(cam_directory_sync(folder));
out:
    free(folder);
    cam_file_writer_abandon(writer);
    return st;
}

void cam_file_writer_abandon(cam_file_writer *writer) {
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->temporary)
        unlink(writer->temporary);
    free(writer->temporary);
    free(writer->path);
    *writer = (cam_file_writer){.fd = -1};
}

cam_status cam_file_write(const char *path, const void *bytes, size_t count) {
    cam_file_writer writer;
    cam_status st = cam_file_writer_open(&writer, path);
    if (st != CAM_OK)
        return st;
    CAM_TRY(cam_file_writer_write(&writer, bytes, count));
    return cam_file_writer_commit(&writer);
out:
    cam_file_writer_abandon(&writer);
    return st;
}

cam_status cam_file_copy(const char *from, const char *to) {
    cam_mapping map;
    cam_status st = cam_file_map(from, CAM_E_MODEL, &map);
    if (st != CAM_OK)
        return st;
    st = cam_file_write(to, map.bytes, map.size);
    cam_file_unmap(&map);
    return st;
}

int cam_file_exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && !S_ISDIR(about.st_mode);
}

int cam_file_is_regular(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

int cam_file_is_same(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cam_file_exists_in(const char *folder, const char *name) {
    char *path = cam_path_join(folder, name);
    int exists = cam_file_exists(path);
    free(path);
    return exists;
}

int cam_directory_exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

cam_status cam_directory_make(const char *path) {
    cam_status st = CAM_OK;
    char *partial = print_path("", "", path);
    for (char *at = partial + 1; at[-1]; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char keep = *at;
        *at = '\0';
        if (mkdir(partial, 0777) != 0 && !(errno == EEXIST && cam_directory_exists(partial)))
            CAM_TRY(cam_file_fail(CAM_E_STORAGE, "make folder", partial));
        *at = keep;
    }
out:
    free(partial);
    return st;
}

cam_status cam_directory_sync(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cam_file_fail(CAM_E_STORAGE, "open", path);
    /* Some file systems cannot sync a folder; that is no error. */
    int failed = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP;
    cam_status st = failed ? cam_file_fail(CAM_E_STORAGE, "sync", path) : CAM_OK;
    close(fd);
    return st;
}
