/* simt.h: a GPU's execution model on the host: what kernels (device_target.cuh), the runtime stand-ins
 * (cuda_runtime_api.h) and tests ask of the machine.
 *
 * A block's threads are fibres. One runs until it waits (a barrier, a warp operation) or ends; which goes on then is
 * drawn from a generator that the environment's CAM_SIMT_SEED starts (default 1), and so is the order of blocks. A
 * defect that the machine can see ends the program by abort(), after one paragraph on standard error that begins with
 * "simt: " and names kernel, block, thread and seed.
 *
 * One launch at a time, from any thread of the host.
 */
#ifndef SIMT_H
#define SIMT_H

#include <cstddef>
#include <cstdint>
#include <functional>

/* Where in its block and grid the running thread is; one dimension, the others are there as CUDA has them. */
struct simt_dim3 {
    unsigned x, y, z;
};
extern simt_dim3 threadIdx, blockIdx, blockDim, gridDim;

/* The block's shared memory: exactly as many bytes as the launch asked for, all of them poison when a block begins. */
extern unsigned char *simt_shared_memory;

/* NaN in f32, f64, f16 and bf16, far out of any range as an index. */
enum : uint32_t { SIMT_POISON = 0x7ff47ff4u };
void simt_poison(void *memory, size_t bytes);

/* A place in the source, as the caller of a word of device.cuh: default arguments fill it in. */
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
/* The 64 bits that lane `lane` (SIMT_SHUFFLE), own ^ lane (_XOR), own + lane (_DOWN) gave. */
uint64_t simt_shuffle(simt_op op, uint64_t bits, int lane, SIMT_PARAMS);
void simt_ldmatrix(simt_op op, uint32_t r[4], const void *row, SIMT_PARAMS);
void simt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2], SIMT_PARAMS);

/* global == NULL copies zeros. */
void simt_copy_async(void *shared, const void *global, SIMT_PARAMS);
void simt_copy_commit(void);
void simt_copy_wait(int open_groups);

[[noreturn]] void simt_misaligned(const void *p, size_t bytes, const char *what, SIMT_PARAMS);
/* Ends the program where p is not a multiple of `bytes`. */
static inline void simt_check_aligned(const void *p, size_t bytes, const char *what, SIMT_PARAMS) {
    if (reinterpret_cast<uintptr_t>(p) % bytes != 0)
        simt_misaligned(p, bytes, what, SIMT_AT);
}
uint64_t simt_clock_ns(void);

/* --- for launches --------------------------------------------------------------------------------------------------
 */

struct simt_launch {
    const void *kernel; /* its address, for its name */
    unsigned grid, threads;
    size_t shared_bytes;
    std::function<void()> thread; /* what one thread runs */
};

/* Runs a grid to its end. */
void simt_run(const simt_launch &launch);
/* Demangled, from the program's own symbol table. */
const char *simt_kernel_name(const void *kernel);
/* What CAM_KERNEL said of its threads; 0 where the compiler could not note it. */
unsigned simt_kernel_bound(const void *kernel);
/* Starts the generator again. */
void simt_seed(uint64_t seed);
/* Fibre switches since the program began. */
uint64_t simt_switches(void);

#endif
