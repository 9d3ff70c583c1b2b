/* decay_rows.c: see decay_rows_internal.h. A value's products follow each other, so a core is kept busy only by many
 * values at once: eight vector registers of them, for each of three instruction sets. */
#include "decay_rows_internal.h"
#include <stdlib.h>
#include <string.h>

/* The threads' pieces are whole blocks. */
enum { BLOCK = 1 << 13 };

typedef void (*decay_block_function)(float *x, int64_t count, const float *factors, int64_t updates);

static inline __attribute__((always_inline)) void decay_groups(float *x, int64_t count, const float *factors,
                                                               int64_t updates, int group) {
    for (int64_t at = 0; at < count; at += group) {
        float values[CAM_DECAY_GROUP];
        memcpy(values, x + at, (size_t)group * sizeof *x);
        for (int64_t update = 0; update < updates; update++)
            for (int i = 0; i < group; i++)
                values[i] *= factors[update];
        memcpy(x + at, values, (size_t)group * sizeof *x);
    }
}

static void decay_block_v2(float *x, int64_t count, const float *factors, int64_t updates) {
    decay_groups(x, count, factors, updates, 32);
}

__attribute__((target("avx2"))) static void decay_block_v3(float *x, int64_t count, const float *factors,
                                                           int64_t updates) {
    decay_groups(x, count, factors, updates, 64);
}

__attribute__((target("avx512f"))) static void decay_block_v4(float *x, int64_t count, const float *factors,
                                                              int64_t updates) {
    decay_groups(x, count, factors, updates, CAM_DECAY_GROUP);
}

/* The widest set of the processor, or the narrower one that CAM_CPU_ISA names, as for the CPU backend. */
static decay_block_function choose_function(void) {
    const char *name = getenv("CAM_CPU_ISA");
    int widest = name && strcmp(name, "v2") == 0 ? 2 : name && strcmp(name, "v3") == 0 ? 3 : 4;
    __builtin_cpu_init();
    if (widest >= 4 && __builtin_cpu_supports("avx512f"))
        return decay_block_v4;
    return widest >= 3 && __builtin_cpu_supports("avx2") ? decay_block_v3 : decay_block_v2;
}

void cam_decay_rows(float *x, int64_t count, const float *factors, int64_t updates, int threads) {
    decay_block_function decay_block = choose_function();
    int64_t blocks = (count + BLOCK - 1) / BLOCK;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t b = 0; b < blocks; b++)
        decay_block(x + b * BLOCK, count - b * BLOCK < BLOCK ? count - b * BLOCK : BLOCK, factors, updates);
}
