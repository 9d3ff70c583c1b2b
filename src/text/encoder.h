/* encoder.h: UTF-8 text to the encodings that the decoder (encoding.h) reads, so that a table can be written back as it
 * was. */
#ifndef CAM_ENCODER_H
#define CAM_ENCODER_H

#include "encoding.h"
#include "strbuf.h"
#include <stddef.h>

typedef struct cam_text_encoder {
    cam_encoding encoding; /* AUTO is UTF-8 */
    int big_endian;        /* UTF-16 */
} cam_text_encoder;

/* Appends the byte-order mark; nothing in an encoding that has none. */
void cam_text_encoder_put_mark(const cam_text_encoder *encoder, cam_strbuf *out);
/* Appends valid UTF-8 text and returns `length`; or stops before the first character that the encoding lacks, and
 * returns its offset. */
size_t cam_text_encoder_put(const cam_text_encoder *encoder, const char *text, size_t length, cam_strbuf *out);

#endif
