/* device.cuh: the vocabulary in which kernels are written.
 *
 * A kernel uses C++, threadIdx, blockIdx, blockDim, gridDim and what this header names, and nothing else of CUDA. What
 * the words mean on a target is in device_target.cuh, of which there are two: kernels/nvcc (PTX, for GPUs) and
 * tests/simt (plain C++, a block's threads as fibres, for machines without one). The compiler's include path chooses.
 *
 * Of the target:
 *   CAM_KERNEL(threads)        static __global__ void, for blocks of at most `threads`
 *   CAM_KERNEL_AT_LEAST(threads, blocks)  the same, with registers for at least so many blocks a multiprocessor at once
 *   CAM_DEVICE                 static inline __device__
 *   CAM_SHARED(type, name)     type *name = the block's dynamic shared memory (all there is), 128-byte aligned,
 *                              contents undefined
 *   cam_sync_block()           every thread of the block arrives; shared and global writes are seen
 *   cam_sync_warp()            every lane of the warp arrives
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
 *   cam_copy_async(shared, global)  16 bytes, both 16-byte aligned; the data is there after a wait and a barrier.
 *   cam_copy_async_zero(shared)     16 zero bytes, in the same order
 *   cam_copy_async_if(shared, global, real)  the one or the other; `global` is not read where `real` is false
 *   cam_copy_commit(), cam_copy_wait<N>()  closes a group; waits until at most N groups of this thread are open
 *   cam_f32_to_bf16(x)         to nearest even, NaN stays NaN;  cam_pack_bf16(low, high): two in a word
 *   cam_exp2, cam_exp, cam_log, cam_tanh, cam_sqrt, cam_fma   on float, each within 2 ulp
 *   cam_exp2_or_zero(x)        cam_exp2, and 0 where that is no normal number: one instruction
 *   cam_reciprocal(x)          1 / x within 1 ulp, x and 1 / x being normal numbers; of an infinity 0, of a NaN NaN
 *   cam_mul(a, b)              on float or double: rounded once, never fused with a sum that follows
 *   cam_sqrt(x)                on double too, rounded correctly there
 *   cam_load(p), cam_load_once(p), cam_store(p, v), cam_store_once(p, v)
 *                              a vector of up to 16 bytes, aligned to its size; _once: it will not be needed again soon
 *   cam_store_global(p, v)     cam_store where p is global memory: one instruction whatever v was made of
 *   cam_fence_system()         writes before it are seen by the host before writes after it
 *   cam_clock_ns()             the device's clock
 *   cam_launch(stream, kernel, grid, threads, shared_bytes, arguments...) -> cudaError_t    (host side; see cuda.cuh)
 *
 * There are no atomics: what is summed is summed in an order fixed by the shapes.
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

/* N elements that travel together: one memory access. */
template <typename T, int N> struct alignas(sizeof(T) * N) cam_vec { T at[N]; };

enum { CAM_WARP = 32 };

#include "device_target.cuh"

CAM_DEVICE float cam_bf16_to_f32(cam_bf16 x) {
    return cam_bits_to_f32(cam_bits_of_bf16(x.bits));
}

/* Storage type to f32 and back: what makes one kernel serve both. */
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

/* Sum over a block of whole warps, the same in every thread: warps in ascending order. `partial` is shared, one T a
 * warp. Begins and ends with a barrier, so that `partial` may be used again at once. */
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
