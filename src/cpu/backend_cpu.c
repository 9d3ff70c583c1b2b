/* backend_cpu.c: memory, threads, and the choice of the instruction set.
 */
#include "backend_cpu.h"
#include "cam/arena.h"
#include "cpu_internal.h"
#include "process_limits.h"
#include "threads.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

extern const cam_ops_table cam_cpu_table_v2, cam_cpu_table_v3, cam_cpu_table_v4;

/* Large buffers start on a huge page if the kernel provides one, for fewer TLB misses. */
enum { HUGE_PAGE = 2 << 20 };

static cam_status cpu_allocate(cam_backend *backend, size_t bytes, void **memory) {
    cam_status st = CAM_OK;
    (void)backend;
    size_t align = bytes >= 2 * (size_t)HUGE_PAGE ? HUGE_PAGE : CAM_ARENA_ALIGN;
    if (bytes > SIZE_MAX - align || posix_memalign(memory, align, bytes ? bytes : 1) != 0)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a buffer of %zu bytes; use a smaller batch", bytes);
    if (align == HUGE_PAGE)
        (void)madvise(*memory, bytes, MADV_HUGEPAGE);
out:
    return st;
}

static void cpu_release(cam_backend *backend, void *memory) {
    (void)backend;
    free(memory);
}

static size_t cpu_available(cam_backend *backend) {
    (void)backend;
    return cam_usable_memory();
}

static cam_status cpu_copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    (void)backend, (void)kind;
    if (bytes)
        memmove(to, from, bytes);
    return CAM_OK;
}

static cam_status cpu_zero(cam_backend *backend, void *memory, size_t bytes) {
    (void)backend;
    if (bytes)
        memset(memory, 0, bytes);
    return CAM_OK;
}

static cam_status cpu_synchronize(cam_backend *backend) {
    (void)backend;
    return CAM_OK;
}

static cam_status cpu_allocate_mapped(cam_backend *backend, size_t bytes, void **host, void **device) {
    (void)backend;
    *host = *device = calloc(1, bytes ? bytes : 1);
    return *host ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for %zu mapped bytes", bytes);
}

static cam_status cpu_allocate_staging(cam_backend *backend, size_t bytes, void **host) {
    (void)backend;
    *host = malloc(bytes ? bytes : 1);
    return *host ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for a buffer of %zu bytes", bytes);
}

static void cpu_close(cam_backend *backend) {
    free(backend);
}

static const cam_backend_calls calls = {.allocate = cpu_allocate,
                                        .release = cpu_release,
                                        .available = cpu_available,
                                        .copy = cpu_copy,
                                        .zero = cpu_zero,
                                        .synchronize = cpu_synchronize,
                                        .allocate_mapped = cpu_allocate_mapped,
                                        .release_mapped = cpu_release,
                                        .allocate_staging = cpu_allocate_staging,
                                        .release_staging = cpu_release,
                                        .close = cpu_close};

typedef struct instruction_set {
    const char *name;
    const cam_ops_table *ops;
} instruction_set;

static const instruction_set sets[] = {{"v2", &cam_cpu_table_v2}, {"v3", &cam_cpu_table_v3}, {"v4", &cam_cpu_table_v4}};
enum { SETS = 3 };

/* The number of `sets` that the processor has. Each set includes the ones before it. */
static int sets_present(void) {
    __builtin_cpu_init();
    int has_v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    int has_v3 = has_v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                 __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    int has_v4 = has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512vl");
    return has_v2 + has_v3 + has_v4;
}

static cam_status choose_set(const instruction_set **set) {
    cam_status st = CAM_OK;
    int present = sets_present(), wanted = present;
    const char *name = getenv("CAM_CPU_ISA");
    if (present == 0)
        CAM_FAIL(CAM_E_DEVICE, "this processor is older than x86-64-v2 (2009)");
    if (name && *name) {
        for (wanted = 1; wanted <= SETS && strcmp(sets[wanted - 1].name, name) != 0; wanted++)
            ;
        if (wanted > SETS)
            CAM_FAIL(CAM_E_USAGE, "\"CAM_CPU_ISA=%s\" is no instruction set; use v2, v3 or v4", name);
        if (wanted > present)
            CAM_FAIL(CAM_E_USAGE, "\"CAM_CPU_ISA=%s\": this processor has only x86-64-%s", name,
                     sets[present - 1].name);
    }
    *set = &sets[wanted - 1];
out:
    return st;
}

cam_status cam_backend_cpu_open(int threads, cam_backend **backend) {
    cam_status st = CAM_OK;
    const instruction_set *set = &sets[0];
    cam_backend_cpu *cpu = NULL;
    if (threads < 0)
        CAM_FAIL(CAM_E_USAGE, "\"%d\" is no number of threads; use 1 or more, or 0 for all that may be used", threads);
    CAM_TRY(choose_set(&set));
    cpu = calloc(1, sizeof *cpu);
    if (!cpu)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a backend");
    cpu->threads = threads ? threads : cam_usable_threads();
    CAM_TRY(cam_threads_try(cpu->threads));
    snprintf(cpu->description, sizeof cpu->description, "cpu: x86-64-%s, %d thread%s", set->name, cpu->threads,
             cpu->threads == 1 ? "" : "s");
    cpu->base = (cam_backend){.name = "cpu",
                              .description = cpu->description,
                              .arithmetic = set->name,
                              .token_step = 16,
                              .least_length = 16,
                              .max_keys = 8192, /* as many as cam_attention_far_call numbers */
                              .host_memory = 1,
                              .host_threads = cpu->threads,
                              .calls = &calls,
                              .ops = set->ops};
    *backend = &cpu->base;
    cpu = NULL;
out:
    free(cpu);
    return st;
}

int cam_backend_cpu_threads(const cam_backend *backend) {
    return cam_cpu_threads(backend);
}
