/* conversions_internal.h: the values of a checkpoint as f32. */
#ifndef CAM_CONVERSIONS_INTERNAL_H
#define CAM_CONVERSIONS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

typedef struct cam_conversion {
    const char *dtype; /* the name that safetensors has for it */
    size_t bytes;      /* of a value */
    /* Converts n values, at any alignment, and returns non-zero where one of them is not finite as f32. */
    uint32_t (*convert)(float *restrict dst, const unsigned char *restrict src, size_t n);
} cam_conversion;

/* NULL where values of the dtype cannot be read. */
const cam_conversion *cam_conversion_of(const char *dtype);

#endif
