/* failing_calls.c: a library for LD_PRELOAD under which system calls on the files of one folder fail, as on a broken disk,
 * or end the program, as the power does. The environment says what happens:
 *   FAULT_FOLDER  the folder, absolute; calls on other files are not counted
 *   FAULT_CALLS   the calls that count, by name with commas; all of CALLS where it is not set
 *   FAULT_AT      the number of the call that fails, from 1; "all"; 0 or unset: none
 *   FAULT_KIND    an errno (EIO, ENOSPC, ENOLCK, EINVAL); short: a write takes half of its bytes; kill: the process ends before the
 *                 call; torn: a write takes half of its bytes, and the process ends; term: it gets TERM before the call;
 *                 twice: two of them
 *   FAULT_KILL_AT the number of the call at which the process ends, whatever FAULT_AT says
 *   FAULT_REPORT  a file that gets a line for each counted call: number, call, path
 *   FAULT_FREE    the free bytes that statvfs tells of every file system
 *   FAULT_NO_EXCHANGE  set: renameat2 fails with EINVAL and is not counted, as where two folders cannot be exchanged
 *
 * CALLS: open (where it makes a file), write, fsync, fdatasync, fallocate, ftruncate, close, flock, rename, renameat2, linkat,
 * unlink, mkdir, rmdir. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's own names of the parameters begin with underscores
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, #name))

static atomic_long counted; /* the thread that writes checkpoints calls, too */

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* True for a name in a list with commas, or where the list is empty. */
static int is_listed(const char *list, const char *name) {
    size_t length = strlen(name);
    if (!list[0])
        return 1;
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return 1;
    return 0;
}

static int is_in_folder(const char *path) {
    const char *folder = setting("FAULT_FOLDER");
    size_t length = strlen(folder);
    return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void report(long number, const char *call, const char *path) {
    char line[PATH_MAX + 80];
    const char *file = setting("FAULT_REPORT");
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
    if (!file[0] || length < 0)
        return;
    long fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    syscall(SYS_write, fd, line, (size_t)length);
    syscall(SYS_close, fd);
}

static int error_number(const char *name) {
    static const struct {
        const char *name;
        int number;
    } known[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT},
                 {"ENOLCK", ENOLCK}, {"EROFS", EROFS},   {"EINVAL", EINVAL}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].number;
    return 0;
}

typedef enum outcome { GOES_ON, FAILS, IS_SHORT, IS_TORN } outcome;

/* Counts a call on a path, and says what happens to it; errno is set where it fails. */
static outcome meet(const char *call, const char *path) {
    const char *at = setting("FAULT_AT"), *kind = setting("FAULT_KIND");
    if (!is_in_folder(path) || !is_listed(setting("FAULT_CALLS"), call))
        return GOES_ON;
    long number = atomic_fetch_add(&counted, 1) + 1;
    report(number, call, path);
    if (strtol(setting("FAULT_KILL_AT"), NULL, 10) == number)
        raise(SIGKILL);
    if (strcmp(at, "all") != 0 && strtol(at, NULL, 10) != number)
        return GOES_ON;
    if (strcmp(kind, "kill") == 0 || (strcmp(kind, "torn") == 0 && strcmp(call, "write") != 0))
        raise(SIGKILL);
    if (strcmp(kind, "term") == 0 || strcmp(kind, "twice") == 0)
        raise(SIGTERM);
    if (strcmp(kind, "twice") == 0)
        raise(SIGTERM);
    if (strcmp(kind, "torn") == 0 || strcmp(kind, "short") == 0)
        return strcmp(call, "write") != 0 ? GOES_ON : strcmp(kind, "torn") == 0 ? IS_TORN : IS_SHORT;
    if (error_number(kind) == 0)
        return GOES_ON;
    errno = error_number(kind);
    return FAILS;
}

static outcome meet_fd(const char *call, int fd) {
    char link[40], file[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, file, sizeof file - 1);
    errno = before;
    if (length < 0)
        return GOES_ON;
    file[length] = '\0';
    return meet(call, file);
}

/* The folder of the path is resolved: it may lead through a descriptor or a link. */
static outcome meet_path(const char *call, const char *given) {
    char copy[PATH_MAX], folder[PATH_MAX], path[2 * PATH_MAX];
    const char *slash = strrchr(given, '/');
    int before = errno;
    if (strlen(given) >= sizeof copy)
        return GOES_ON;
    strcpy(copy, slash ? given : ".");
    if (slash)
        copy[slash - given + (slash == given)] = '\0';
    if (!realpath(copy, folder)) {
        errno = before;
        return GOES_ON;
    }
    snprintf(path, sizeof path, "%s/%s", folder, slash ? slash + 1 : given);
    errno = before;
    return meet(call, path);
}

static int open_file(const char *path, int flags, unsigned mode) {
    if ((flags & O_CREAT) && meet_path("open", path) == FAILS)
        return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static unsigned mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, unsigned) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_file(path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    outcome met = meet_fd("write", fd);
    if (met == FAILS)
        return -1;
    size_t some = met == GOES_ON || count < 2 ? count : count / 2;
    ssize_t wrote = syscall(SYS_write, fd, bytes, some);
    if (met == IS_TORN)
        raise(SIGKILL);
    return wrote;
}

int fsync(int fd) {
    return meet_fd("fsync", fd) == FAILS ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return meet_fd("fdatasync", fd) == FAILS ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
    return meet_fd("fallocate", fd) == FAILS ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

int ftruncate(int fd, off_t length) {
    return meet_fd("ftruncate", fd) == FAILS ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

/* As in the kernel, the descriptor is closed also where the call fails. */
int close(int fd) {
    outcome met = meet_fd("close", fd);
    int error = errno, closed = (int)syscall(SYS_close, fd);
    if (met != FAILS)
        return closed;
    errno = error;
    return -1;
}

int flock(int fd, int operation) {
    return meet_fd("flock", fd) == FAILS ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int rename(const char *from, const char *to) {
    return meet_path("rename", to) == FAILS ? -1 : (int)syscall(SYS_rename, from, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    if (setting("FAULT_NO_EXCHANGE")[0]) {
        errno = EINVAL;
        return -1;
    }
    return meet_path("renameat2", to) == FAILS ? -1
                                               : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    return meet_path("linkat", to) == FAILS ? -1 : (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int rmdir(const char *path) {
    return meet_path("rmdir", path) == FAILS ? -1 : (int)syscall(SYS_rmdir, path);
}

int unlink(const char *path) {
    return meet_path("unlink", path) == FAILS ? -1 : (int)syscall(SYS_unlink, path);
}

int mkdir(const char *path, mode_t mode) {
    return meet_path("mkdir", path) == FAILS ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

int statvfs(const char *restrict path, struct statvfs *restrict about) {
    int failed = REAL(statvfs, int (*)(const char *, struct statvfs *))(path, about);
    const char *available = setting("FAULT_FREE");
    if (failed == 0 && available[0])
        about->f_bavail = (fsblkcnt_t)strtoull(available, NULL, 10) / about->f_frsize;
    return failed;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
