/* cpu_internal.h: definitions that all files of the CPU backend use.
 *
 * Every file but backend_cpu.c and process_limits.c is compiled once for each instruction set. CAM_CPU_ISA is then the
 * name of the set, and CAM_CPU_NAME adds it to every name of external linkage.
 *
 * The blocks of work depend on shapes and true counts, never on the number of threads. A sum over several blocks is
 * made of their partial sums, added in block order. Hence the bits do not depend on the number of threads.
 */
#ifndef CAM_CPU_INTERNAL_H
#define CAM_CPU_INTERNAL_H

#include "cam/ops.h"
#include <string.h>

#define CAM_CPU_JOIN_EXPANDED(name, isa) name##_##isa
#define CAM_CPU_JOIN(name, isa)          CAM_CPU_JOIN_EXPANDED(name, isa)
#define CAM_CPU_NAME(name)               CAM_CPU_JOIN(name, CAM_CPU_ISA)

typedef struct cam_backend_cpu {
    cam_backend base;
    int threads;
    char description[128];
} cam_backend_cpu;

static inline int cam_cpu_threads(const cam_backend *backend) {
    return ((const cam_backend_cpu *)backend)->threads;
}

#ifdef CAM_CPU_ISA
#define CAM_CPU_DECLARE(op, word)                                                                                      \
    cam_status CAM_CPU_NAME(cam_cpu_##op)(cam_backend * backend, const cam_##op##_args *args);                         \
    CAM_IF_##word(                                                                                                     \
        size_t CAM_CPU_NAME(cam_cpu_##op##_workspace)(const cam_backend *backend, const cam_##op##_args *args);)
CAM_OPS(CAM_CPU_DECLARE)
#undef CAM_CPU_DECLARE
#endif

/* Row r of a tensor of floats. */
static inline float *cam_cpu_row(cam_tensor t, int64_t r) {
    return (float *)t.data + r * t.row_stride;
}
static inline float *cam_cpu_floats(cam_tensor t) {
    return (float *)t.data;
}
static inline const int32_t *cam_cpu_indices(cam_tensor t) {
    return (const int32_t *)t.data;
}

/* The chunk of a plane that begins at `unit`, in CAM_CHUNK_UNITs. Every chunk is f32 on the CPU. */
static inline float *cam_cpu_chunk(cam_tensor plane, uint32_t unit) {
    return (float *)(void *)((char *)plane.data + (size_t)unit * CAM_CHUNK_UNIT);
}

/* Sets rows [begin, shape[0]) of a vector or a matrix to zero. The matrix may be a range of columns of a wider one. */
static inline void cam_cpu_zero_rows(cam_tensor t, int64_t begin) {
    int64_t columns = t.ndim > 1 ? t.shape[1] : 1;
    if (begin >= t.shape[0])
        return;
    if (t.row_stride == columns)
        memset(cam_cpu_row(t, begin), 0, (size_t)((t.shape[0] - begin) * columns) * sizeof(float));
    else
        for (int64_t r = begin; r < t.shape[0]; r++)
            memset(cam_cpu_row(t, r), 0, (size_t)columns * sizeof(float));
}

static inline int64_t cam_cpu_min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t cam_cpu_ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

/* Blocks of rows for column sums: at most CAM_CPU_MAX_BLOCKS, all of the same length, a multiple of 16 rows. */
enum { CAM_CPU_MAX_BLOCKS = 128 };
static inline int64_t cam_cpu_block_rows(int64_t rows) {
    return rows > 0 ? 16 * cam_cpu_ceil_div(rows, 16 * CAM_CPU_MAX_BLOCKS) : 16;
}

#endif
