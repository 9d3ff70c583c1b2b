/* decoder_fail_internal.h: what the decoder says about a byte that it cannot read. */
#ifndef CAM_DECODER_FAIL_INTERNAL_H
#define CAM_DECODER_FAIL_INTERNAL_H

#include "cam/status.h"
#include "encoding.h"

/* For the byte at `begin`: CAM_OK where the caller accepts damage and the file is UTF-8 with damage; the byte then
 * becomes a NUL. Otherwise CAM_E_DATA with the encoding that fits the whole file, or with none. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_decoder_judge_byte(cam_decoder *decoder);

/* The UTF-16 unit at raw[at]. */
static inline unsigned cam_decoder_utf16_unit(const cam_decoder *d, size_t at) {
    unsigned first = d->raw[at], second = d->raw[at + 1];
    return d->big_endian ? first << 8 | second : second << 8 | first;
}

#endif
