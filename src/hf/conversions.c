/* conversions.c: see conversions_internal.h. The loops have no branches, so that compilers vectorise them. */
#include "cam/bf16.h"
#include "conversions_internal.h"
#include <string.h>

static const uint32_t f32_exponent = 0x7f800000;

static uint32_t convert_f32(float *restrict dst, const unsigned char *restrict src, size_t n) {
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, src + 4 * i, sizeof bits);
        memcpy(dst + i, &bits, sizeof bits);
        bad |= (bits & f32_exponent) == f32_exponent;
    }
    return bad;
}

static uint32_t convert_f64(float *restrict dst, const unsigned char *restrict src, size_t n) {
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        double value;
        uint32_t bits;
        memcpy(&value, src + 8 * i, sizeof value);
        dst[i] = (float)value;
        memcpy(&bits, dst + i, sizeof bits);
        bad |= (bits & f32_exponent) == f32_exponent;
    }
    return bad;
}

static uint32_t convert_bf16(float *restrict dst, const unsigned char *restrict src, size_t n) {
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, src + 2 * i, sizeof half);
        uint32_t bits = cam_bits_of_bf16(half);
        memcpy(dst + i, &bits, sizeof bits);
        bad |= (bits & f32_exponent) == f32_exponent;
    }
    return bad;
}

/* The bits of the half's exponent and fraction, read as an f32, are the value times 2^-112, subnormals included. */
static uint32_t convert_f16(float *restrict dst, const unsigned char *restrict src, size_t n) {
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        float value;
        memcpy(&half, src + 2 * i, sizeof half);
        uint32_t bits = ((uint32_t)half & 0x7fff) << 13;
        memcpy(&value, &bits, sizeof value);
        value *= 0x1p112f;
        memcpy(&bits, &value, sizeof bits);
        bits |= ((uint32_t)half & 0x8000) << 16;
        memcpy(dst + i, &bits, sizeof bits);
        bad |= (half & 0x7c00) == 0x7c00;
    }
    return bad;
}

const cam_conversion *cam_conversion_of(const char *dtype) {
    static const cam_conversion conversions[] = {
        {"F32", 4, convert_f32},
        {"F16", 2, convert_f16},
        {"BF16", 2, convert_bf16},
        {"F64", 8, convert_f64},
    };
    for (size_t k = 0; k < sizeof conversions / sizeof conversions[0]; k++)
        if (strcmp(dtype, conversions[k].dtype) == 0)
            return &conversions[k];
    return NULL;
}
