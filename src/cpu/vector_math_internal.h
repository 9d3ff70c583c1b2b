/* vector_math_internal.h: exp, the normal distribution and tanh in C without branches, which compilers vectorise.
 *
 * The coefficients are our own minimax fits (Remez exchange in double precision). A NaN gives a NaN.
 */
#ifndef CAM_VECTOR_MATH_INTERNAL_H
#define CAM_VECTOR_MATH_INTERNAL_H

#include "vector_internal.h"

CAM_ALWAYS_INLINE float cam_float_of_bits(uint32_t u) {
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
CAM_ALWAYS_INLINE uint32_t cam_bits_of_float(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

/* e^x: x = n ln 2 + r with |r| <= ln 2 / 2. A result below the smallest normal number is 0, one above the largest is
 * infinity. Within 1.2 ulp of double precision over the whole range. */
CAM_ALWAYS_INLINE float cam_expf(float x) {
    const float to_integer = 12582912.0f; /* 1.5 * 2^23: adding it leaves the rounded integer in the low bits */
    float c = x < -126.0f * 0.69314718f ? -126.0f * 0.69314718f : x;
    c = c > 89.0f ? 89.0f : c;
    float shifted = c * 1.44269504f + to_integer;
    float n = shifted - to_integer;
    float r = c - n * 0.693359375f; /* ln 2 in two parts, the first exact in nine bits */
    r = r + n * 2.12194440e-4f;
    float p = 1.39561023e-3f;
    p = p * r + 8.37516195e-3f;
    p = p * r + 4.16660828e-2f;
    p = p * r + 1.66664151e-1f;
    p = p * r + 5.00000017e-1f;
    p = p * (r * r) + r + 1.0f;
    /* 2^n in two factors, since n may be 128 */
    uint32_t bits = cam_bits_of_float(shifted) - cam_bits_of_float(to_integer);
    uint32_t half = (uint32_t)((int32_t)bits >> 1);
    float scaled = p * cam_float_of_bits((half + 127u) << 23) * cam_float_of_bits((bits - half + 127u) << 23);
    return x < -126.0f * 0.69314718f ? 0.0f : scaled;
}

/* bell = phi(u) sqrt(2 pi) = exp(-u^2 / 2), and Phi(u), the normal distribution's integral: with t = |u| and
 * w = t / (t + 2), Phi(-t) = exp(-t^2 / 2) g(w), g a polynomial. Nothing cancels on either side of 0.
 * Against double precision over |u| <= 13: Phi within 1.6 * 2^-24, u Phi within 2.1 * 2^-24 |u|, Phi + u phi within
 * 2.4 * 2^-24. */
CAM_ALWAYS_INLINE float cam_normal_integral(float u, float *bell) {
    float t = u < 0.0f ? -u : u;
    t = t > 64.0f ? 64.0f : t; /* Phi is 0 or 1 there already; an infinite t would make the quotient NaN */
    float w = t / (t + 2.0f);
    float g = -4.32366485e-2f;
    g = g * w + 1.44915131e-1f;
    g = g * w - 1.70002016e-1f;
    g = g * w + 1.10087778e-1f;
    g = g * w - 7.24124023e-2f;
    g = g * w - 2.13300886e-2f;
    g = g * w + 9.48282264e-3f;
    g = g * w + 1.38248282e-1f;
    g = g * w + 2.02128512e-1f;
    g = g * w - 7.97885283e-1f;
    g = g * w + 0.5f;
    *bell = cam_expf(-0.5f * u * u);
    float tail = *bell * g;
    return u < 0.0f ? tail : 1.0f - tail;
}

/* tanh: a polynomial near 0, 1 - 2 / (e^2|x| + 1) elsewhere. Within 1.4 ulp of double precision. */
CAM_ALWAYS_INLINE float cam_tanhf(float x) {
    float s = x * x;
    float p = 2.12274625e-3f;
    p = p * s - 8.15628103e-3f;
    p = p * s + 2.16926073e-2f;
    p = p * s - 5.39453785e-2f;
    p = p * s + 1.33331959e-1f;
    p = p * s - 3.33333306e-1f;
    float near = x + x * (s * p);
    float t = x < 0.0f ? -x : x;
    float far = 1.0f - 2.0f / (cam_expf(t + t) + 1.0f);
    far = x < 0.0f ? -far : far;
    return s < 0.4f ? near : far;
}

#endif
