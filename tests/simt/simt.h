/* simt.h: a simulated GPU on the host: its interface for kernels (device_target.cuh), for the CUDA runtime
 * (cuda_runtime_api.h) and for tests.
 *
 * A block's threads are fibres. A fibre runs until it waits (a barrier, a warp operation) or ends; then a random
 * generator chooses the next one, and also the order of blocks. Its seed is the environment variable CAM_SIMT_SEED
 * (default 1). A defect that the machine finds ends the program by abort(), after a message on standard error that
 * begins with "simt: " and names kernel, block, thread and seed.
 *
 * One launch runs at a time, from any thread of the host.
 */
#ifndef SIMT_H
#define SIMT_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/* The running thread's position in its block and grid. Only x is used; y and z exist as in CUDA. */
struct simt_dim3 {
    unsigned x, y, z;
};
extern simt_dim3 threadIdx, blockIdx, blockDim, gridDim;

/* The block's shared memory: exactly the launch's number of bytes, all poison when a block begins. */
extern unsigned char *simt_shared_memory;

/* NaN in f32, f64, f16 and bf16; out of every range as an index. */
enum : uint32_t { SIMT_POISON = 0x7ff47ff4u };
void simt_poison(void *memory, size_t bytes);

/* The place in the source that calls a function of device.cuh; default arguments fill it in. */
#define SIMT_PLACE  const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define SIMT_AT     file, line
#define SIMT_PARAMS const char *file, int line

/* --- for a running thread ---------------------------------------------------------------------------------------- */

enum simt_op {
    SIMT_SYNC_WARP,
    SIMT_SHUFFLE,
    SIMT_SHUFFLE_XOR,
    SIMT_SHUFFLE_DOWN,
    SIMT_LDMATRIX,
    SIMT_LDMATRIX_T,
    SIMT_MMA
};

void simt_sync_block(SIMT_PARAMS);
void simt_sync_warp(SIMT_PARAMS);
/* The 64 bits of lane `lane` (SIMT_SHUFFLE), own ^ lane (_XOR) or own + lane (_DOWN). */
uint64_t simt_shuffle(simt_op op, uint64_t bits, int lane, SIMT_PARAMS);
void simt_ldmatrix(simt_op op, uint32_t r[4], const void *row, SIMT_PARAMS);
void simt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2], SIMT_PARAMS);

/* global == NULL copies zeros. */
void simt_copy_async(void *shared, const void *global, SIMT_PARAMS);
void simt_copy_commit(void);
void simt_copy_wait(int open_groups);

[[noreturn]] void simt_misaligned(const void *p, size_t bytes, const char *what, SIMT_PARAMS);
/* Aborts if p is not a multiple of `bytes`. */
static inline void simt_check_aligned(const void *p, size_t bytes, const char *what, SIMT_PARAMS) {
    if (reinterpret_cast<uintptr_t>(p) % bytes != 0)
        simt_misaligned(p, bytes, what, SIMT_AT);
}
uint64_t simt_clock_ns(void);

/* --- for launches ------------------------------------------------------------------------------------------------- */

struct simt_launch {
    const void *kernel; /* the kernel's address, for its name */
    unsigned grid, threads;
    size_t shared_bytes;
    std::function<void()> thread;                        /* the function of one thread */
    std::function<std::vector<std::string>()> arguments; /* the bytes of each */
};

/* Runs a grid to its end. */
void simt_run(const simt_launch &launch);
/* If set, runs the launches instead of the fibres (tests/ptx). */
extern void (*simt_interpreter)(const simt_launch &launch);
/* Demangled, from the program's own symbol table. */
const char *simt_kernel_name(const void *kernel);
/* The number of threads in CAM_KERNEL; 0 if the compiler could not encode it. */
unsigned simt_kernel_bound(const void *kernel);
/* Restarts the generator. */
void simt_seed(uint64_t seed);
/* Fibre switches since the program began. */
uint64_t simt_switches(void);

#endif
