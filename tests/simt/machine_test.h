/* machine_test.h: the type of a check of the simulated GPU, and helpers to launch its kernel. */
#ifndef SIMT_MACHINE_TEST_H
#define SIMT_MACHINE_TEST_H

#include "device.cuh"
#include "machine.h"
#include <cstdio>
#include <unistd.h>

enum { THREADS = 128 };

/* The builds in which a defect is found. */
enum { IN_PLAIN = 1, IN_ADDRESS = 2, IN_RACES = 4, IN_ALL = 7, IN_GCC = 8 };

typedef struct check {
    const char *name;
    void (*run)(void);
    const char
        *words; /* NULL: must exit with 0; "": a wrong result, or an abort in the race build; else in the abort */
    int builds; /* builds in which the defect is found; the others do not check */
} check;

/* Each list ends with a row without a name. */
extern const check checks_of_blocks[], checks_of_warps[], checks_of_launches[];

static inline void must(bool holds, const char *what) {
    if (holds)
        return;
    printf("not so: %s\n", what);
    fflush(stdout);
    _exit(1);
}
#define MUST(condition) must(condition, #condition)

template <typename T> static T *device(size_t count) {
    T *memory = nullptr;
    MUST(cudaMalloc(&memory, count * sizeof(T)) == cudaSuccess);
    return memory;
}

/* On the null stream, which is not lazy. */
template <typename... P, typename... A>
static void launch(void (*kernel)(P...), unsigned grid, unsigned threads, size_t shared_bytes, A... arguments) {
    MUST(cam_launch(nullptr, kernel, grid, threads, shared_bytes, arguments...) == cudaSuccess);
}

#endif
