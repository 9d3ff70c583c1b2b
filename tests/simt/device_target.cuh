/* device_target.cuh: the functions of kernels/device.cuh on the host: plain C++, and calls of the simulated GPU
 * (simt.h) for operations of several threads.
 *
 * It is stricter than a GPU: a vector access must be aligned, all lanes of a warp must reach the same operation in the
 * same source line, all threads of a block the same barrier, and data copied by cp.async is NaN until waited for.
 */
#ifndef CAM_DEVICE_TARGET_CUH
#define CAM_DEVICE_TARGET_CUH

#include "cuda_runtime_api.h"
#include "simt.h"
#include <cmath>
#include <cstring>
#include <tuple>
#include <type_traits>

/* With gcc the bound is encoded as the number of padding bytes in front of the function, for simt_kernel_bound. clang
 * cannot do this. */
#ifdef __clang__
#define CAM_KERNEL(threads) static void
#else
#define CAM_KERNEL(threads) static __attribute__((patchable_function_entry((threads), (threads)))) void
#endif
#define CAM_KERNEL_AT_LEAST(threads, blocks) CAM_KERNEL(threads)
#define CAM_DEVICE                           static inline

#define CAM_SHARED(type, name) type *name = reinterpret_cast<type *>(simt_shared_memory)

CAM_DEVICE void cam_sync_block(SIMT_PLACE) {
    simt_sync_block(SIMT_AT);
}
CAM_DEVICE void cam_sync_warp(SIMT_PLACE) {
    simt_sync_warp(SIMT_AT);
}

template <typename T> CAM_DEVICE T simt_shuffled(simt_op op, T v, int lane, SIMT_PARAMS) {
    static_assert(std::is_arithmetic<T>::value && (sizeof(T) == 4 || sizeof(T) == 8), "not a type that shuffles take");
    uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof v);
    bits = simt_shuffle(op, bits, lane, SIMT_AT);
    std::memcpy(&v, &bits, sizeof v);
    return v;
}
template <typename T> CAM_DEVICE T cam_shuffle(T v, int lane, SIMT_PLACE) {
    return simt_shuffled(SIMT_SHUFFLE, v, lane, SIMT_AT);
}
template <typename T> CAM_DEVICE T cam_shuffle_xor(T v, int mask, SIMT_PLACE) {
    return simt_shuffled(SIMT_SHUFFLE_XOR, v, mask, SIMT_AT);
}
template <typename T> CAM_DEVICE T cam_shuffle_down(T v, int delta, SIMT_PLACE) {
    return simt_shuffled(SIMT_SHUFFLE_DOWN, v, delta, SIMT_AT);
}

CAM_DEVICE float cam_bits_to_f32(uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}
CAM_DEVICE uint32_t cam_f32_to_bits(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

CAM_DEVICE void cam_ldmatrix(uint32_t r[4], const void *row, SIMT_PLACE) {
    simt_ldmatrix(SIMT_LDMATRIX, r, row, SIMT_AT);
}
CAM_DEVICE void cam_ldmatrix_transposed(uint32_t r[4], const void *row, SIMT_PLACE) {
    simt_ldmatrix(SIMT_LDMATRIX_T, r, row, SIMT_AT);
}
CAM_DEVICE void cam_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2], SIMT_PLACE) {
    simt_mma_bf16(d, a, b, SIMT_AT);
}

CAM_DEVICE void cam_copy_async(void *shared, const void *global, SIMT_PLACE) {
    simt_check_aligned(global, 16, "cp.async source", SIMT_AT);
    simt_copy_async(shared, global, SIMT_AT);
}
CAM_DEVICE void cam_copy_async_zero(void *shared, SIMT_PLACE) {
    simt_copy_async(shared, nullptr, SIMT_AT);
}
CAM_DEVICE void cam_copy_async_if(void *shared, const void *global, bool real, SIMT_PLACE) {
    simt_check_aligned(global, 16, "cp.async source", SIMT_AT);
    simt_copy_async(shared, real ? global : nullptr, SIMT_AT);
}
CAM_DEVICE void cam_copy_commit(void) {
    simt_copy_commit();
}
template <int N> CAM_DEVICE void cam_copy_wait(void) {
    static_assert(N >= 0, "no number of groups");
    simt_copy_wait(N);
}

/* As cvt.rn.bf16.f32: every NaN becomes 0x7fff. */
CAM_DEVICE cam_bf16 cam_f32_to_bf16(float x) {
    uint32_t u = cam_f32_to_bits(x);
    if ((u & 0x7fffffffu) > 0x7f800000u)
        return cam_bf16{0x7fff};
    return cam_bf16{(uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16)};
}
CAM_DEVICE uint32_t cam_pack_bf16(float low, float high) {
    return (uint32_t)cam_f32_to_bf16(low).bits | (uint32_t)cam_f32_to_bf16(high).bits << 16;
}

CAM_DEVICE float cam_exp2(float x) {
    return std::exp2(x);
}
CAM_DEVICE float cam_exp(float x) {
    return std::exp(x);
}
CAM_DEVICE float cam_log(float x) {
    return std::log(x);
}
CAM_DEVICE float cam_tanh(float x) {
    return std::tanh(x);
}
CAM_DEVICE float cam_sqrt(float x) {
    return std::sqrt(x);
}
CAM_DEVICE double cam_sqrt(double x) {
    return std::sqrt(x);
}
CAM_DEVICE float cam_exp2_or_zero(float x) {
    return x < -126 ? 0.0f : std::exp2(x);
}
CAM_DEVICE float cam_reciprocal(float x) {
    return 1.0f / x;
}
/* Not fused, because of -ffp-contract=off, or because the processor has no FMA. */
CAM_DEVICE float cam_mul(float a, float b) {
    return a * b;
}
CAM_DEVICE double cam_mul(double a, double b) {
    return a * b;
}
CAM_DEVICE float cam_fma(float a, float b, float c) {
    return std::fma(a, b, c);
}

template <typename V> constexpr bool simt_is_word() {
    return (sizeof(V) == 2 || sizeof(V) == 4 || sizeof(V) == 8 || sizeof(V) == 16) &&
           std::is_trivially_copyable<V>::value;
}
template <typename V> CAM_DEVICE V cam_load(const V *p, SIMT_PLACE) {
    static_assert(simt_is_word<V>(), "no instruction loads so many bytes");
    simt_check_aligned(p, sizeof(V), "load", SIMT_AT);
    return *p;
}
template <typename V> CAM_DEVICE V cam_load_once(const V *p, SIMT_PLACE) {
    return cam_load(p, SIMT_AT);
}
template <typename V> CAM_DEVICE void cam_store(V *p, V v, SIMT_PLACE) {
    static_assert(simt_is_word<V>(), "no instruction stores so many bytes");
    simt_check_aligned(p, sizeof(V), "store", SIMT_AT);
    *p = v;
}
template <typename V> CAM_DEVICE void cam_store_once(V *p, V v, SIMT_PLACE) {
    cam_store(p, v, SIMT_AT);
}
template <typename V> CAM_DEVICE void cam_store_global(V *p, V v, SIMT_PLACE) {
    cam_store(p, v, SIMT_AT);
}

/* x86 keeps the order of writes; the barrier makes the compiler keep it too. */
CAM_DEVICE void cam_fence_system(void) {
    asm volatile("" ::: "memory");
}
CAM_DEVICE uint64_t cam_clock_ns(void) {
    return simt_clock_ns();
}

/* The arguments are copied at the launch, as on a GPU. */
template <typename... Parameters, typename... Arguments>
static cudaError_t cam_launch(cudaStream_t stream, void (*kernel)(Parameters...), unsigned grid, unsigned threads,
                              size_t shared_bytes, Arguments... arguments) {
    static_assert((std::is_trivially_copyable<Parameters>::value && ...), "a kernel takes plain values only");
    static_assert((sizeof(Parameters) + ... + 0) <= 4096, "a kernel takes at most 4 KB of arguments");
    std::tuple<Parameters...> values(static_cast<Parameters>(arguments)...);
    auto bytes = [values] {
        auto copied = [](const Parameters &...each) {
            return std::vector<std::string>{std::string(reinterpret_cast<const char *>(&each), sizeof each)...};
        };
        return std::apply(copied, values);
    };
    return simt_enqueue(stream, simt_launch{reinterpret_cast<const void *>(kernel), grid, threads, shared_bytes,
                                            [kernel, values] { std::apply(kernel, values); }, bytes});
}

#endif
