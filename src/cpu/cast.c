/* cast.c: between number formats, rounding to nearest even, once: a double goes through a float rounded to odd, from
 * which the second rounding gives what one would have.
 */
#include "cpu.h"
#include "vector_math.h"

static float float_of_bf16(uint16_t h) {
    return cam_float_of_bits((uint32_t)h << 16);
}

static uint16_t bf16_of_float(float f) {
    uint32_t u = cam_bits_of_float(f);
    uint32_t rounded = (u + 0x7FFFu + (u >> 16 & 1u)) >> 16;
    return (uint16_t)((u & 0x7FFFFFFFu) > 0x7F800000u ? (u >> 16) | 0x40u : rounded);
}

/* Subnormal halves are multiples of 2^-24, which float multiplication places exactly. */
static float float_of_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31u, mantissa = h & 0x3FFu;
    float small = (float)mantissa * 0x1p-24f;
    uint32_t bits = exponent == 31u  ? 0x7F800000u | mantissa << 13
                    : exponent == 0u ? cam_bits_of_float(small)
                                     : (exponent + 112u) << 23 | mantissa << 13;
    return cam_float_of_bits(sign | bits);
}

/* Below 2^-14 the result is a multiple of 2^-24: adding 0.5 makes float arithmetic round to just that. */
static uint16_t f16_of_float(float f) {
    uint32_t u = cam_bits_of_float(f), sign = u >> 16 & 0x8000u, magnitude = u & 0x7FFFFFFFu;
    uint32_t small = cam_bits_of_float(cam_float_of_bits(magnitude) + 0.5f) - 0x3F000000u;
    uint32_t normal = (magnitude - (112u << 23) + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
    uint32_t bits = magnitude > 0x7F800000u    ? 0x7E00u | (magnitude >> 13 & 0x3FFu)
                    : magnitude >= 0x47800000u ? 0x7C00u
                    : magnitude < 0x38800000u  ? small
                                               : normal;
    return (uint16_t)(sign | bits);
}

static float float_to_odd(double d) {
    float f = (float)d;
    uint32_t u = cam_bits_of_float(f);
    double back = (double)f, size = d < 0.0 ? -d : d, back_size = back < 0.0 ? -back : back;
    if (size != size || back == d || size > 0x1.fffffffp127)
        return f;
    if (back_size > size)
        u--; /* towards zero */
    return cam_float_of_bits(u | 1u);
}

static float load(cam_tensor t, int64_t i, int to_odd) {
    switch (t.dtype) {
    case CAM_F16:
        return float_of_f16(((const uint16_t *)t.data)[i]);
    case CAM_BF16:
        return float_of_bf16(((const uint16_t *)t.data)[i]);
    case CAM_F64:
        return to_odd ? float_to_odd(((const double *)t.data)[i]) : (float)((const double *)t.data)[i];
    default:
        return ((const float *)t.data)[i];
    }
}

cam_status CAM_CPU_NAME(cam_cpu_cast)(cam_backend *backend, const cam_cast_args *args) {
    int64_t n = cam_tensor_count(args->to);
    cam_tensor from = args->from;
#pragma omp parallel num_threads(cam_cpu_threads(backend))
    if (args->to.dtype == CAM_F32) {
        float *to = args->to.data;
#pragma omp for schedule(static)
        for (int64_t i = 0; i < n; i++)
            to[i] = load(from, i, 0);
    } else if (args->to.dtype == CAM_BF16) {
        uint16_t *to = args->to.data;
#pragma omp for schedule(static)
        for (int64_t i = 0; i < n; i++)
            to[i] = bf16_of_float(load(from, i, 1));
    } else {
        uint16_t *to = args->to.data;
#pragma omp for schedule(static)
        for (int64_t i = 0; i < n; i++)
            to[i] = f16_of_float(load(from, i, 1));
    }
    return CAM_OK;
}
