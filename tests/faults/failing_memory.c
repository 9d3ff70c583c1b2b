/* failing_memory.c: an allocator for the whole program, linked with --wrap (tests/cli/CMakeLists.txt), that fails as the
 * environment says. Only allocations of our own objects count; libraries ask for memory inside their shared objects.
 *
 *   MEMORY_FAIL_AT   the number of the allocation that fails, from 1; 0 or not set: none
 *   MEMORY_FAIL_ALL  set: those after it fail, too
 *   MEMORY_REPORT    a file that gets a line for each allocation, "NUMBER SITE", where nothing fails. SITE is a hash of the
 *                    calls that led there; a position-independent program has others in each run.
 *
 * jansson's allocations are those of main.c, which ends the program where one fails. */
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
int __real_posix_memalign(void **memory, size_t align, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
int __wrap_posix_memalign(void **memory, size_t align, size_t bytes);

enum { FRAMES = 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long count, fail_at = -1;
static int all;
static FILE *report;

static void begin(void) {
    const char *at = getenv("MEMORY_FAIL_AT"), *path = getenv("MEMORY_REPORT");
    fail_at = at ? strtol(at, NULL, 10) : 0;
    all = getenv("MEMORY_FAIL_ALL") != NULL;
    report = fail_at == 0 && path ? fopen(path, "w") : NULL;
}

static void put_site(void) {
    void *frames[FRAMES];
    uintptr_t hash = 0;
    for (int i = backtrace(frames, FRAMES) - 1; i >= 0; i--)
        hash = (hash ^ (uintptr_t)frames[i]) * (uintptr_t)0x9E3779B97F4A7C15;
    fprintf(report, "%ld %016lx\n", count, (unsigned long)hash);
    fflush(report);
}

static int fails(void) {
    pthread_mutex_lock(&lock);
    if (fail_at < 0)
        begin();
    count++;
    if (report)
        put_site();
    int failed = fail_at > 0 && (all ? count >= fail_at : count == fail_at);
    pthread_mutex_unlock(&lock);
    if (failed)
        errno = ENOMEM;
    return failed;
}

void *__wrap_malloc(size_t bytes) {
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes) {
    return fails() ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes) {
    return fails() ? NULL : __real_realloc(memory, bytes);
}

char *__wrap_strndup(const char *text, size_t length) {
    size_t bytes = strnlen(text, length);
    char *copy = fails() ? NULL : __real_malloc(bytes + 1);
    if (copy) {
        memcpy(copy, text, bytes);
        copy[bytes] = '\0';
    }
    return copy;
}

char *__wrap_strdup(const char *text) {
    return __wrap_strndup(text, strlen(text));
}

int __wrap_posix_memalign(void **memory, size_t align, size_t bytes) {
    return fails() ? ENOMEM : __real_posix_memalign(memory, align, bytes);
}
