/* failing_allocator.h: an allocator that fails on request, for one test program, linked with --wrap for malloc, calloc,
 * realloc, free, strdup, strndup and posix_memalign.
 *
 * While armed it counts the allocations of our objects, and of jansson once that has jansson_malloc. It fails the n-th
 * allocation, or all from the n-th on, as malloc does (ENOMEM). It keeps the blocks that are still allocated, so that a
 * leak is found, and in a run without failures the calls that led to each allocation.
 *
 * jansson's parser must never get NULL (2.14 overruns its buffers then; cam-train never returns NULL to it, see
 * main.c): json_loadb, wrapped too, fails as a whole, as when its first allocation fails. */
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include "cam/status.h"
#include <errno.h>
#include <execinfo.h>
#include <jansson.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_SLOTS = 1 << 18, SITES = 1 << 18 };

typedef enum failing { FAIL_ONE, FAIL_ALL_FROM } failing;

/* Allocated blocks by address, open addressing; the slot of a freed block keeps its mark. */
static struct allocator {
    pthread_mutex_t lock;
    int armed, failed;
    size_t count, fail_at;
    failing kind;
    void *held[HELD_SLOTS];
    size_t held_count, held_used;
    uintptr_t site[SITES]; /* of allocation i + 1: a hash of its calls, since all text buffers share one realloc */
} allocator = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char given_back;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void __real_free(void *memory);
int __real_posix_memalign(void **memory, size_t align, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void __wrap_free(void *memory);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
int __wrap_posix_memalign(void **memory, size_t align, size_t bytes);
json_t *__real_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error);

enum { FRAMES = 10 };

static uintptr_t site_of_calls(void) {
    void *frames[FRAMES];
    uintptr_t hash = 0;
    for (int i = backtrace(frames, FRAMES) - 1; i >= 0; i--)
        hash = (hash ^ (uintptr_t)frames[i]) * (uintptr_t)0x9E3779B97F4A7C15;
    return hash;
}

/* Counts an allocation; nonzero where it is to fail. */
static int fails(void) {
    int failed = 0;
    pthread_mutex_lock(&allocator.lock);
    if (allocator.armed) {
        if (allocator.count < SITES && allocator.fail_at == 0)
            allocator.site[allocator.count] = site_of_calls();
        allocator.count++;
        failed = allocator.fail_at && (allocator.kind == FAIL_ONE ? allocator.count == allocator.fail_at
                                                                  : allocator.count >= allocator.fail_at);
        allocator.failed |= failed;
    }
    pthread_mutex_unlock(&allocator.lock);
    if (failed)
        errno = ENOMEM;
    return failed;
}

static size_t slot_of(const void *memory) {
    size_t slot = ((uintptr_t)memory >> 4) * (size_t)0x9E3779B97F4A7C15 >> 46;
    while (allocator.held[slot] && allocator.held[slot] != memory)
        slot = (slot + 1) % HELD_SLOTS;
    return slot;
}

static void *hold(void *memory) {
    pthread_mutex_lock(&allocator.lock);
    if (allocator.armed && memory) {
        if (allocator.held_used++ > HELD_SLOTS / 2)
            CAM_BUG("the operation allocates more blocks than the test can watch");
        allocator.held[slot_of(memory)] = memory;
        allocator.held_count++;
    }
    pthread_mutex_unlock(&allocator.lock);
    return memory;
}

static void let_go(void *memory) {
    pthread_mutex_lock(&allocator.lock);
    if (memory && allocator.held_count > 0) {
        size_t slot = slot_of(memory);
        if (allocator.held[slot]) {
            allocator.held[slot] = &given_back;
            allocator.held_count--;
        }
    }
    pthread_mutex_unlock(&allocator.lock);
}

void *__wrap_malloc(size_t bytes) {
    return fails() ? NULL : hold(__real_malloc(bytes));
}

void *__wrap_calloc(size_t n, size_t bytes) {
    return fails() ? NULL : hold(__real_calloc(n, bytes));
}

void *__wrap_realloc(void *memory, size_t bytes) {
    if (fails())
        return NULL;
    let_go(memory);
    return hold(__real_realloc(memory, bytes));
}

void __wrap_free(void *memory) {
    let_go(memory);
    __real_free(memory);
}

char *__wrap_strndup(const char *text, size_t length) {
    size_t bytes = strnlen(text, length);
    char *copy = fails() ? NULL : hold(__real_malloc(bytes + 1));
    if (copy) {
        memcpy(copy, text, bytes);
        copy[bytes] = '\0';
    }
    return copy;
}

char *__wrap_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = fails() ? NULL : hold(__real_malloc(bytes));
    return copy ? memcpy(copy, text, bytes) : NULL;
}

int __wrap_posix_memalign(void **memory, size_t align, size_t bytes) {
    if (fails())
        return ENOMEM;
    int error = __real_posix_memalign(memory, align, bytes);
    if (!error)
        hold(*memory);
    return error;
}

static _Thread_local int parsing;

static void *jansson_malloc(size_t bytes) {
    return !parsing && fails() ? NULL : hold(__real_malloc(bytes));
}

json_t *__wrap_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error) {
    if (fails()) {
        memset(error, 0, sizeof *error);
        return NULL;
    }
    parsing = 1;
    json_t *root = __real_json_loadb(text, length, flags, error);
    parsing = 0;
    return root;
}

static void arm(size_t n, failing kind) {
    memset(allocator.held, 0, sizeof allocator.held);
    allocator.held_count = allocator.held_used = allocator.count = 0;
    allocator.failed = 0;
    allocator.fail_at = n;
    allocator.kind = kind;
    allocator.armed = 1;
}

#endif
