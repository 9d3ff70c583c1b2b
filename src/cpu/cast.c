/* cast.c: conversion between number formats, rounded to nearest even, once. A double is first rounded to odd as a
 * float; rounding that float to nearest even then gives the same as rounding the double directly.
 */
#include "cam/bf16.h"
#include "cpu_internal.h"
#include "vector_math_internal.h"

/* Subnormal halves are multiples of 2^-24; the float product is exact. */
CAM_ALWAYS_INLINE float float_of_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31u, mantissa = h & 0x3FFu;
    float small = (float)mantissa * 0x1p-24f;
    uint32_t bits = exponent == 31u  ? 0x7F800000u | mantissa << 13
                    : exponent == 0u ? cam_bits_of_float(small)
                                     : (exponent + 112u) << 23 | mantissa << 13;
    return cam_float_of_bits(sign | bits);
}

/* Below 2^-14 the result is a multiple of 2^-24. Adding 0.5 makes float arithmetic round to that multiple. */
CAM_ALWAYS_INLINE uint16_t f16_of_float(float f) {
    uint32_t u = cam_bits_of_float(f), sign = u >> 16 & 0x8000u, magnitude = u & 0x7FFFFFFFu;
    uint32_t small = cam_bits_of_float(cam_float_of_bits(magnitude) + 0.5f) - 0x3F000000u;
    uint32_t normal = (magnitude - (112u << 23) + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
    uint32_t bits = magnitude > 0x7F800000u    ? 0x7E00u | (magnitude >> 13 & 0x3FFu)
                    : magnitude >= 0x47800000u ? 0x7C00u
                    : magnitude < 0x38800000u  ? small
                                               : normal;
    return (uint16_t)(sign | bits);
}

CAM_ALWAYS_INLINE float float_to_odd(double d) {
    float f = (float)d;
    uint32_t u = cam_bits_of_float(f);
    double back = (double)f, size = d < 0.0 ? -d : d, back_size = back < 0.0 ? -back : back;
    if (size != size || back == d || size > 0x1.fffffffp127)
        return f;
    if (back_size > size)
        u--; /* towards zero */
    return cam_float_of_bits(u | 1u);
}

/* Both dtypes are constants after inlining, so that each pair of dtypes gets its own loop. */
CAM_ALWAYS_INLINE void cast_run(cam_dtype to_dtype, void *to, cam_dtype from_dtype, const void *from, int64_t begin,
                                int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
        float f = from_dtype == CAM_F16    ? float_of_f16(((const uint16_t *)from)[i])
                  : from_dtype == CAM_BF16 ? cam_f32_of_bf16(((const uint16_t *)from)[i])
                  : from_dtype == CAM_F32  ? ((const float *)from)[i]
                  : to_dtype == CAM_F32    ? (float)((const double *)from)[i]
                                           : float_to_odd(((const double *)from)[i]);
        if (to_dtype == CAM_F16)
            ((uint16_t *)to)[i] = f16_of_float(f);
        else if (to_dtype == CAM_BF16)
            ((uint16_t *)to)[i] = cam_bf16_of_f32(f);
        else
            ((float *)to)[i] = f;
    }
}

CAM_ALWAYS_INLINE void cast_to(cam_dtype to_dtype, const cam_cast_args *args, int64_t begin, int64_t end) {
    switch (args->from.dtype) {
    case CAM_F16:
        cast_run(to_dtype, args->to.data, CAM_F16, args->from.data, begin, end);
        break;
    case CAM_BF16:
        cast_run(to_dtype, args->to.data, CAM_BF16, args->from.data, begin, end);
        break;
    case CAM_F64:
        cast_run(to_dtype, args->to.data, CAM_F64, args->from.data, begin, end);
        break;
    default:
        cast_run(to_dtype, args->to.data, CAM_F32, args->from.data, begin, end);
        break;
    }
}

cam_status CAM_CPU_NAME(cam_cpu_cast)(cam_backend *backend, const cam_cast_args *args) {
    enum { RUN = 1 << 14 };
    int64_t n = cam_tensor_count(args->to);
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t begin = 0; begin < n; begin += RUN) {
        int64_t end = cam_cpu_min(begin + RUN, n);
        if (args->to.dtype == CAM_F16)
            cast_to(CAM_F16, args, begin, end);
        else if (args->to.dtype == CAM_BF16)
            cast_to(CAM_BF16, args, begin, end);
        else
            cast_to(CAM_F32, args, begin, end);
    }
    return CAM_OK;
}
