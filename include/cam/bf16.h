/* bf16.h: f32 to bf16 and back, and the two halves of a split weight; the same bits on the host and in kernels.
 *
 * A bf16 is the upper half of an f32. Both are handled as their bits: uint16_t and uint32_t.
 */
#ifndef CAM_BF16_H
#define CAM_BF16_H

#include "cam/host_device.h"
#include <stdint.h>
#include <string.h>

/* Rounds to nearest, ties to even; a value above the largest bf16 becomes infinity. A NaN stays a NaN: its payload is
 * truncated and its quiet bit set. Without branches, so that compilers vectorise loops over it. */
static inline CAM_HOST_DEVICE uint16_t cam_bf16_of_bits(uint32_t f32) {
    uint32_t rounded = (f32 + 0x7FFFu + (f32 >> 16 & 1u)) >> 16;
    return (uint16_t)((f32 & 0x7FFFFFFFu) > 0x7F800000u ? (f32 >> 16) | 0x40u : rounded);
}

/* Exact. */
static inline CAM_HOST_DEVICE uint32_t cam_bits_of_bf16(uint16_t bf16) {
    return (uint32_t)bf16 << 16;
}

/* The same conversions for a float, on the host. */
static inline uint16_t cam_bf16_of_f32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return cam_bf16_of_bits(bits);
}

static inline float cam_f32_of_bf16(uint16_t bf16) {
    uint32_t bits = cam_bits_of_bf16(bf16);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The halves of a split weight (CAM_CHUNK_SPLIT in cam/ops.h). `high` is the bf16 that matrix products read; `low` is
 * signed; together they give the f32 bit for bit. `high` is rounded to nearest, ties away from zero: with ties to even,
 * `low` would not fit into 16 bits. */
static inline CAM_HOST_DEVICE uint16_t cam_split_high(uint32_t f32) {
    return (uint16_t)((f32 + 0x8000u) >> 16);
}

static inline CAM_HOST_DEVICE uint16_t cam_split_low(uint32_t f32) {
    return (uint16_t)f32;
}

static inline CAM_HOST_DEVICE uint32_t cam_split_join(uint16_t high, uint16_t low) {
    int32_t added = (int16_t)low;
    return cam_bits_of_bf16(high) + (uint32_t)added;
}

#endif
