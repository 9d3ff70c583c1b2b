/* device.cuh: the device functions and macros that kernels use.
 *
 * A kernel uses C++, threadIdx, blockIdx, blockDim, gridDim and the names in this header, and nothing else of CUDA. Two
 * files device_target.cuh implement them: kernels/nvcc (PTX, for GPUs) and tests/simt (plain C++ with a block's threads
 * as fibres, for machines without a GPU). The compiler's include path selects one.
 *
 * Implemented by the target:
 *   CAM_KERNEL(threads)        static __global__ void, for blocks of at most `threads`
 *   CAM_KERNEL_AT_LEAST(threads, blocks)  the same, with registers limited so that `blocks` fit on a multiprocessor
 *   CAM_DEVICE                 static inline __device__
 *   CAM_SHARED(type, name)     type *name = the block's dynamic shared memory (all there is), 128-byte aligned,
 *                              contents undefined
 *   cam_sync_block()           barrier of the block; orders shared and global memory accesses
 *   cam_sync_warp()            barrier of the warp
 *   cam_shuffle(v, lane), cam_shuffle_xor(v, mask), cam_shuffle_down(v, delta)
 *                              every lane of the warp takes part; v is float, double, int32_t or uint32_t
 *   cam_ldmatrix(r[4], row)    four 8x8 tiles of 16-bit elements from shared memory: lane l gives the address of row
 *                              l % 8 of tile l / 8 (16 bytes, 16-byte aligned) and gets row l / 4, elements
 *                              2 (l % 4) and 2 (l % 4) + 1 of each tile. cam_ldmatrix_transposed: of each transposed
 *                              tile
 *   cam_mma_bf16(d[4], a[4], b[2])
 *                              d += a b, m16n8k16, f32 accumulators. Lane l = 4 g + t holds, two elements a word,
 *                                a: (g, 2t..) (g + 8, 2t..) (g, 2t + 8..) (g + 8, 2t + 8..)   row, column of a [16,16]
 *                                b: (2t.., g) (2t + 8.., g)                                   row, column of b [16,8]
 *                                d: (g, 2t) (g, 2t + 1) (g + 8, 2t) (g + 8, 2t + 1)
 *   cam_copy_async(shared, global)  copies 16 bytes, both 16-byte aligned; complete after a wait and a barrier
 *   cam_copy_async_zero(shared)     writes 16 zero bytes, in the same order
 *   cam_copy_async_if(shared, global, real)  cam_copy_async if `real`, else cam_copy_async_zero (`global` is not read)
 *   cam_copy_commit(), cam_copy_wait<N>()  closes a group; waits until at most N groups of this thread are pending
 *   cam_f32_to_bf16(x)         to nearest even, NaN stays NaN;  cam_pack_bf16(low, high): two in a word
 *   cam_exp2, cam_exp, cam_log, cam_tanh, cam_sqrt, cam_fma   on float, each within 2 ulp
 *   cam_exp2_or_zero(x)        cam_exp2, but 0 for a subnormal result: one instruction
 *   cam_reciprocal(x)          1 / x within 1 ulp, x and 1 / x being normal numbers; of an infinity 0, of a NaN NaN
 *   cam_mul(a, b)              on float or double: rounded once, never fused with a sum that follows
 *   cam_sqrt(x)                also on double, correctly rounded
 *   cam_load(p), cam_load_once(p), cam_store(p, v), cam_store_once(p, v)
 *                              a vector of up to 16 bytes, aligned to its size; _once: a hint not to cache it
 *   cam_store_global(p, v)     cam_store to global memory, always as one instruction
 *   cam_fence_system()         the host sees writes before the fence earlier than writes after it
 *   cam_clock_ns()             the device's clock
 *   cam_launch(stream, kernel, grid, threads, shared_bytes, arguments...) -> cudaError_t    (host side; see cuda.cuh)
 *
 * There are no atomics, because the order of every sum is fixed by the shapes.
 * Source: CUDA C++ Programming Guide 13.0; PTX ISA 9.0, 9.7.14 (mma, ldmatrix), 9.7.9 (cp.async).
 */
#ifndef CAM_DEVICE_CUH
#define CAM_DEVICE_CUH

#include "cam/bf16.h"
#include "cam/ops.h"
#include <cstdint>

struct cam_bf16 {
    uint16_t bits;
};

/* N elements that are loaded and stored by one memory access. */
template <typename T, int N> struct alignas(sizeof(T) * N) cam_vec { T at[N]; };

enum { CAM_WARP = 32 };

#include "device_target.cuh"

CAM_DEVICE float cam_bf16_to_f32(cam_bf16 x) {
    return cam_bits_to_f32(cam_bits_of_bf16(x.bits));
}

/* Conversions between storage type and f32, so that one kernel template works for both storage types. */
CAM_DEVICE float cam_to_f32(float x) {
    return x;
}
CAM_DEVICE float cam_to_f32(cam_bf16 x) {
    return cam_bf16_to_f32(x);
}
CAM_DEVICE void cam_from_f32(float *to, float x) {
    *to = x;
}
CAM_DEVICE void cam_from_f32(cam_bf16 *to, float x) {
    *to = cam_f32_to_bf16(x);
}
CAM_DEVICE int cam_lane(void) {
    return (int)(threadIdx.x % CAM_WARP);
}
CAM_DEVICE int cam_warp(void) {
    return (int)(threadIdx.x / CAM_WARP);
}

/* Sum and maximum over a warp, the same in every lane: a butterfly, so the order is fixed. */
template <typename T> CAM_DEVICE T cam_warp_sum(T v) {
    for (int mask = CAM_WARP / 2; mask > 0; mask /= 2)
        v += cam_shuffle_xor(v, mask);
    return v;
}
CAM_DEVICE float cam_warp_max(float v) {
    for (int mask = CAM_WARP / 2; mask > 0; mask /= 2) {
        float other = cam_shuffle_xor(v, mask);
        v = v > other ? v : other;
    }
    return v;
}

/* Sum over a block of whole warps, the same in every thread: warps in ascending order. `partial` is shared memory, one
 * T a warp. Begins and ends with a barrier, so `partial` may be used again at once. */
template <typename T> CAM_DEVICE T cam_block_sum(T v, T *partial) {
    v = cam_warp_sum(v);
    cam_sync_block();
    if (cam_lane() == 0)
        partial[cam_warp()] = v;
    cam_sync_block();
    T sum = 0;
    for (int w = 0; w < (int)(blockDim.x / CAM_WARP); w++)
        sum += partial[w];
    cam_sync_block();
    return sum;
}

#endif
