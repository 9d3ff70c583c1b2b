/* paths.c: see paths.h. */
#include "paths.h"
#include "strbuf.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Joins texts; NULL where one is missing or memory is. */
static char *print_path(const char *folder, const char *separator, const char *name) {
    cam_strbuf buf = CAM_STRBUF_INIT;
    if (!folder || !name)
        return NULL;
    cam_strbuf_put_all(&buf, folder, separator, name, NULL);
    return cam_strbuf_detach(&buf);
}

char *cam_path_join(const char *folder, const char *name) {
    size_t length = folder ? strlen(folder) : 0;
    return print_path(folder, length == 0 || folder[length - 1] == '/' ? "" : "/", name);
}

/* Where "/proc/self/fd/7/name" leads to now, to be freed; NULL for any other path. */
static char *follow_descriptor(const char *path) {
    static const char before[] = "/proc/self/fd/";
    char link[sizeof before + 16], target[PATH_MAX];
    const char *digits = path + sizeof before - 1;
    if (strncmp(path, before, sizeof before - 1) != 0)
        return NULL;
    size_t count = strspn(digits, "0123456789"), length = sizeof before - 1 + count;
    if (count == 0 || length >= sizeof link || (digits[count] != '/' && digits[count] != '\0'))
        return NULL;
    memcpy(link, path, length);
    link[length] = '\0';
    ssize_t got = readlink(link, target, sizeof target - 1);
    if (got < 0 || target[0] != '/')
        return NULL;
    target[got] = '\0';
    return print_path(target, "", digits + count);
}

char *cam_path_absolute(const char *path) {
    char folder[PATH_MAX];
    char *followed = path ? follow_descriptor(path) : NULL;
    if (followed)
        return followed;
    if (!path || path[0] == '/' || !getcwd(folder, sizeof folder))
        return print_path("", "", path);
    return cam_path_join(folder, path);
}

char *cam_path_parent(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *parent = print_path("", "", slash || !path ? path : ".");
    if (slash && parent) /* the folder of "/name" is "/" */
        parent[slash - path + (slash == path)] = '\0';
    return parent;
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
    return cam_memory_check(CAM_OK);
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
    if (!path)
        return cam_fail(CAM_E_MEMORY, "no memory for a path");
    char *full = strcmp(path, CAM_STANDARD_INPUT) == 0 ? cam_path_join("", path) : cam_path_absolute(path);
    cam_status st = cam_fail(kind, "cannot %s \"%s\": %s%s", verb, full, strerror(error), cam_path_hint(path, error));
    free(full);
    return st;
}

int cam_directory_exists(const char *path) {
    struct stat about;
    return path && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

cam_status cam_directory_make(const char *path) {
    cam_status st = CAM_OK;
    char *partial = print_path("", "", path);
    if (!partial)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a path");
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
    int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return cam_file_fail(CAM_E_STORAGE, "open", path);
    /* Some file systems cannot sync a folder; that is no error. */
    int failed = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP;
    cam_status st = failed ? cam_file_fail(CAM_E_STORAGE, "sync", path) : CAM_OK;
    close(fd);
    return st;
}
