/* cast.cu: conversion between number formats, rounded to nearest even, once. A double is first rounded to odd as a
 * float; rounding that float to nearest even then gives the same as rounding the double directly.
 */
#include "cuda.cuh"

/* f16 as bits, converted in integer arithmetic, so that all GPUs and the host give the same result. */
struct cast_f16 {
    uint16_t bits;
};

CAM_DEVICE float cast_read(float x) {
    return x;
}
CAM_DEVICE float cast_read(cam_bf16 x) {
    return cam_bf16_to_f32(x);
}
/* Subnormal halves are multiples of 2^-24; the float product is exact. */
CAM_DEVICE float cast_read(cast_f16 x) {
    uint32_t sign = (uint32_t)(x.bits & 0x8000u) << 16, exponent = x.bits >> 10 & 31u, fraction = x.bits & 0x3FFu;
    uint32_t small = cam_f32_to_bits((float)fraction * 0x1p-24f);
    uint32_t bits = exponent == 31u  ? 0x7F800000u | fraction << 13
                    : exponent == 0u ? small
                                     : (exponent + 112u) << 23 | fraction << 13;
    return cam_bits_to_f32(sign | bits);
}

CAM_DEVICE void cast_write(float *to, float x) {
    *to = x;
}
CAM_DEVICE void cast_write(cam_bf16 *to, float x) {
    to->bits = cam_bf16_of_bits(cam_f32_to_bits(x));
}
/* Below 2^-14 the result is a multiple of 2^-24. Adding 0.5 makes float arithmetic round to that multiple. */
CAM_DEVICE void cast_write(cast_f16 *to, float x) {
    uint32_t u = cam_f32_to_bits(x), sign = u >> 16 & 0x8000u, magnitude = u & 0x7FFFFFFFu;
    uint32_t small = cam_f32_to_bits(cam_bits_to_f32(magnitude) + 0.5f) - 0x3F000000u;
    uint32_t normal = (magnitude - (112u << 23) + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
    uint32_t bits = magnitude > 0x7F800000u    ? 0x7E00u | (magnitude >> 13 & 0x3FFu)
                    : magnitude >= 0x47800000u ? 0x7C00u
                    : magnitude < 0x38800000u  ? small
                                               : normal;
    to->bits = (uint16_t)(sign | bits);
}

CAM_DEVICE float cast_to_odd(double x) {
    float f = (float)x;
    double back = f, size = x < 0 ? -x : x, back_size = back < 0 ? -back : back;
    if (size != size || back == x || size > 0x1.fffffffp127)
        return f;
    uint32_t u = cam_f32_to_bits(f);
    if (back_size > size)
        u--; /* towards zero */
    return cam_bits_to_f32(u | 1u);
}

/* One rounding for every pair of formats. */
template <typename To, typename From> CAM_DEVICE void cast_one(To *to, From from) {
    cast_write(to, cast_read(from));
}
template <typename To> CAM_DEVICE void cast_one(To *to, double from) {
    cast_write(to, cast_to_odd(from));
}
CAM_DEVICE void cast_one(float *to, double from) {
    *to = (float)from;
}

enum { CAST_THREADS = 256, CAST_RUN = 8 };

/* Memory accesses of a run of elements: at most 16 bytes each. */
template <typename T> struct cast_run {
    static constexpr int EACH = CAST_RUN * sizeof(T) > 16 ? 16 / (int)sizeof(T) : (int)CAST_RUN;
    static constexpr int PARTS = CAST_RUN / EACH;
    cam_vec<T, EACH> part[PARTS];
};

/* cast_runs: to = from. A thread owns CAST_RUN consecutive elements if both addresses are 16-byte aligned (`wide`), one
 * element otherwise and at the end. Bytes: sizeof To + sizeof From an element. */
template <typename To, typename From>
CAM_KERNEL(CAST_THREADS)
cast_runs(To *to, const From *from, int64_t n, int wide) {
    int64_t at = ((int64_t)blockIdx.x * CAST_THREADS + threadIdx.x) * (wide ? CAST_RUN : 1);
    if (!wide || at + CAST_RUN > n) {
        for (int64_t i = at; i < at + (wide ? CAST_RUN : 1) && i < n; i++)
            cast_one(to + i, from[i]);
        return;
    }
    cast_run<From> in;
    cast_run<To> out;
#pragma unroll
    for (int i = 0; i < cast_run<From>::PARTS; i++)
        in.part[i] = cam_load_once(reinterpret_cast<const cam_vec<From, cast_run<From>::EACH> *>(from + at) + i);
#pragma unroll
    for (int i = 0; i < CAST_RUN; i++)
        cast_one(&out.part[i / cast_run<To>::EACH].at[i % cast_run<To>::EACH],
                 in.part[i / cast_run<From>::EACH].at[i % cast_run<From>::EACH]);
#pragma unroll
    for (int i = 0; i < cast_run<To>::PARTS; i++)
        cam_store(reinterpret_cast<cam_vec<To, cast_run<To>::EACH> *>(to + at) + i, out.part[i]);
}

template <typename To, typename From> static cam_status cast_from_to(cam_backend *backend, const cam_cast_args *a) {
    int64_t n = cam_tensor_count(a->to);
    int wide = ((uintptr_t)a->to.data | (uintptr_t)a->from.data) % 16 == 0;
    return CAM_LAUNCH(backend, (cast_runs<To, From>), cam_blocks(n, CAST_THREADS * (wide ? CAST_RUN : 1)), CAST_THREADS,
                      0, (To *)a->to.data, (const From *)a->from.data, n, wide);
}

template <typename To> static cam_status cast_to(cam_backend *backend, const cam_cast_args *args) {
    switch (args->from.dtype) {
    case CAM_F16:
        return cast_from_to<To, cast_f16>(backend, args);
    case CAM_BF16:
        return cast_from_to<To, cam_bf16>(backend, args);
    case CAM_F64:
        return cast_from_to<To, double>(backend, args);
    default:
        return cast_from_to<To, float>(backend, args);
    }
}

cam_status cam_cuda_cast(cam_backend *backend, const cam_cast_args *args) {
    switch (args->to.dtype) {
    case CAM_F16:
        return cast_to<cast_f16>(backend, args);
    case CAM_BF16:
        return cast_to<cam_bf16>(backend, args);
    default:
        return cast_to<float>(backend, args);
    }
}
