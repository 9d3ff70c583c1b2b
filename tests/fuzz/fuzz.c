/* fuzz.c: see fuzz.h. */
#include "fuzz.h"
#include "log.h"
#include "threads.h"
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int is_ready;
    if (!is_ready) {
        cam_log_set_rank(1); /* no warnings */
        cam_threads_set(1);
        is_ready = 1;
    }
    fuzz_one(data, size);
    return 0;
}

static char folder[PATH_MAX];

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static void remove_folder(void) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void) {
    if (!folder[0]) {
        const char *base = getenv("TMPDIR");
        base = base ? base : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(folder, sizeof folder, "%s/cam-fuzz-XXXXXX", base);
        FUZZ_CHECK(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

char *fuzz_path(const char *name) {
    char *path = NULL;
    FUZZ_CHECK(asprintf(&path, "%s/%s", fuzz_folder(), name) > 0);
    return path;
}

void fuzz_write(const char *name, const void *bytes, size_t size) {
    char *path = fuzz_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
    free(path);
}

void fuzz_remove(const char *name) {
    char *path = fuzz_path(name);
    unlink(path);
    free(path);
}

char *fuzz_take(const uint8_t **data, size_t *size, size_t *length) {
    const uint8_t *end = *size ? memchr(*data, 0xFF, *size) : NULL;
    *length = end ? (size_t)(end - *data) : *size;
    char *copy = malloc(*length + 1);
    FUZZ_CHECK(copy);
    memcpy(copy, *data ? *data : (const uint8_t *)"", *length);
    copy[*length] = '\0';
    size_t taken = *length + (end != NULL);
    *data += taken;
    *size -= taken;
    return copy;
}

uint8_t fuzz_byte(const uint8_t **data, size_t *size) {
    if (*size == 0)
        return 0;
    --*size;
    return *(*data)++;
}
