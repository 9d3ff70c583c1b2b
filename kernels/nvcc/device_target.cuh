/* device_target.cuh: the functions of device.cuh on a GPU, in PTX if CUDA C++ lacks them.
 *
 * Below sm_80 there is no asynchronous copy and no bf16 product. Kernels that use them are not launched there, because
 * backend_cuda.cu refuses bf16; they would trap.
 */
#ifndef CAM_DEVICE_TARGET_CUH
#define CAM_DEVICE_TARGET_CUH

#include <cuda_runtime.h>

#define CAM_KERNEL(threads)                  static __global__ void __launch_bounds__(threads)
#define CAM_KERNEL_AT_LEAST(threads, blocks) static __global__ void __launch_bounds__(threads, blocks)
#define CAM_DEVICE                           static __device__ __forceinline__

#define CAM_SHARED(type, name)                                                                                         \
    extern __shared__ __align__(128) unsigned char cam_shared_memory[];                                                \
    type *name = reinterpret_cast<type *>(cam_shared_memory)

CAM_DEVICE void cam_sync_block(void) {
    __syncthreads();
}
CAM_DEVICE void cam_sync_warp(void) {
    __syncwarp();
}

template <typename T> CAM_DEVICE T cam_shuffle(T v, int lane) {
    return __shfl_sync(0xffffffffu, v, lane);
}
template <typename T> CAM_DEVICE T cam_shuffle_xor(T v, int mask) {
    return __shfl_xor_sync(0xffffffffu, v, mask);
}
template <typename T> CAM_DEVICE T cam_shuffle_down(T v, int delta) {
    return __shfl_down_sync(0xffffffffu, v, (unsigned)delta);
}

CAM_DEVICE float cam_bits_to_f32(uint32_t bits) {
    return __uint_as_float(bits);
}
CAM_DEVICE uint32_t cam_f32_to_bits(float x) {
    return __float_as_uint(x);
}

CAM_DEVICE uint32_t cam_shared_address(const void *shared) {
    return (uint32_t)__cvta_generic_to_shared(shared);
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define CAM_FROM_SM80(...) __trap()
#else
#define CAM_FROM_SM80(...) asm volatile(__VA_ARGS__)
#endif

CAM_DEVICE void cam_ldmatrix(uint32_t r[4], const void *row) {
    CAM_FROM_SM80("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                  : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                  : "r"(cam_shared_address(row))
                  : "memory");
}
CAM_DEVICE void cam_ldmatrix_transposed(uint32_t r[4], const void *row) {
    CAM_FROM_SM80("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                  : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                  : "r"(cam_shared_address(row))
                  : "memory");
}
CAM_DEVICE void cam_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2]) {
    CAM_FROM_SM80("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                  "{%0, %1, %2, %3};"
                  : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                  : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

CAM_DEVICE void cam_copy_async(void *shared, const void *global) {
    CAM_FROM_SM80("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(cam_shared_address(shared)), "l"(global)
                  : "memory");
}
CAM_DEVICE void cam_copy_async_zero(void *shared) {
    *static_cast<uint4 *>(shared) = make_uint4(0, 0, 0, 0);
}
/* The last operand is the source's size; bytes past it are written as zeros. */
CAM_DEVICE void cam_copy_async_if(void *shared, const void *global, bool real) {
    CAM_FROM_SM80("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(cam_shared_address(shared)), "l"(global),
                  "r"(real ? 16 : 0)
                  : "memory");
}
CAM_DEVICE void cam_copy_commit(void) {
    CAM_FROM_SM80("cp.async.commit_group;" ::: "memory");
}
template <int N> CAM_DEVICE void cam_copy_wait(void) {
    CAM_FROM_SM80("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

/* cvt.rn.bf16x2 takes the high half first. */
CAM_DEVICE uint32_t cam_pack_bf16(float low, float high) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
    __trap();
    return 0;
#else
    uint32_t r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
#endif
}
CAM_DEVICE cam_bf16 cam_f32_to_bf16(float x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
    return cam_bf16{cam_bf16_of_bits(__float_as_uint(x))};
#else
    cam_bf16 r;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(x));
    return r;
#endif
}

CAM_DEVICE float cam_exp2(float x) {
    return exp2f(x);
}
CAM_DEVICE float cam_exp(float x) {
    return expf(x);
}
CAM_DEVICE float cam_log(float x) {
    return logf(x);
}
CAM_DEVICE float cam_tanh(float x) {
    return tanhf(x);
}
CAM_DEVICE float cam_sqrt(float x) {
    return sqrtf(x);
}
CAM_DEVICE float cam_fma(float a, float b, float c) {
    return fmaf(a, b, c);
}
CAM_DEVICE double cam_sqrt(double x) {
    return sqrt(x);
}
CAM_DEVICE float cam_exp2_or_zero(float x) {
    float r;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
    return r;
}
CAM_DEVICE float cam_reciprocal(float x) {
    float r;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
    return r;
}
CAM_DEVICE float cam_mul(float a, float b) {
    return __fmul_rn(a, b);
}
CAM_DEVICE double cam_mul(double a, double b) {
    return __dmul_rn(a, b);
}

/* A word type of each size, so that a vector access is one instruction. */
template <int BYTES> struct cam_word;
template <> struct cam_word<2> { typedef unsigned short type; };
template <> struct cam_word<4> { typedef uint32_t type; };
template <> struct cam_word<8> { typedef uint2 type; };
template <> struct cam_word<16> { typedef uint4 type; };

template <typename V> CAM_DEVICE typename cam_word<sizeof(V)>::type cam_to_word(V v) {
    union {
        V value;
        typename cam_word<sizeof(V)>::type bits;
    } u = {v};
    return u.bits;
}
template <typename V> CAM_DEVICE V cam_of_word(typename cam_word<sizeof(V)>::type bits) {
    union {
        typename cam_word<sizeof(V)>::type bits;
        V value;
    } u = {bits};
    return u.value;
}

template <typename V> CAM_DEVICE V cam_load(const V *p) {
    return cam_of_word<V>(*reinterpret_cast<const typename cam_word<sizeof(V)>::type *>(p));
}
template <typename V> CAM_DEVICE V cam_load_once(const V *p) {
    return cam_of_word<V>(__ldcs(reinterpret_cast<const typename cam_word<sizeof(V)>::type *>(p)));
}
template <typename V> CAM_DEVICE void cam_store(V *p, V v) {
    *reinterpret_cast<typename cam_word<sizeof(V)>::type *>(p) = cam_to_word(v);
}
template <typename V> CAM_DEVICE void cam_store_once(V *p, V v) {
    __stcs(reinterpret_cast<typename cam_word<sizeof(V)>::type *>(p), cam_to_word(v));
}
/* The compiler splits a plain store into four if the values come from shuffles or shared memory. */
template <typename V> CAM_DEVICE void cam_store_global(V *p, V v) {
    __stwb(reinterpret_cast<typename cam_word<sizeof(V)>::type *>(p), cam_to_word(v));
}

CAM_DEVICE void cam_fence_system(void) {
    __threadfence_system();
}
CAM_DEVICE uint64_t cam_clock_ns(void) {
    uint64_t t;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
    return t;
}

/* More than 48 KB of shared memory needs an attribute of the kernel. */
template <typename... Parameters, typename... Arguments>
static cudaError_t cam_launch(cudaStream_t stream, void (*kernel)(Parameters...), unsigned grid, unsigned threads,
                              size_t shared_bytes, Arguments... arguments) {
    if (shared_bytes > 48 * 1024) {
        cudaError_t e = cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel),
                                             cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared_bytes);
        if (e != cudaSuccess)
            return e;
    }
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(grid);
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

#endif
