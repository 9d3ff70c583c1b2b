/* encoder.c: see encoder.h. */
#include "encoder.h"
#include "utf8.h"

static int is_utf8(const cam_text_encoder *encoder) {
    return encoder->encoding == CAM_ENCODING_UTF8 || encoder->encoding == CAM_ENCODING_AUTO;
}

static void put_unit(const cam_text_encoder *encoder, unsigned unit, cam_strbuf *out) {
    cam_strbuf_putc(out, (char)(encoder->big_endian ? unit >> 8 : unit & 0xFF));
    cam_strbuf_putc(out, (char)(encoder->big_endian ? unit & 0xFF : unit >> 8));
}

static void put_utf16(const cam_text_encoder *encoder, uint32_t code_point, cam_strbuf *out) {
    if (code_point < 0x10000) {
        put_unit(encoder, code_point, out);
        return;
    }
    put_unit(encoder, 0xD800 + ((code_point - 0x10000) >> 10), out);
    put_unit(encoder, 0xDC00 + ((code_point - 0x10000) & 0x3FF), out);
}

void cam_text_encoder_put_mark(const cam_text_encoder *encoder, cam_strbuf *out) {
    if (is_utf8(encoder))
        cam_strbuf_puts(out, "\xEF\xBB\xBF");
    else if (encoder->encoding == CAM_ENCODING_UTF16)
        put_unit(encoder, 0xFEFF, out);
}

size_t cam_text_encoder_put(const cam_text_encoder *encoder, const char *text, size_t length, cam_strbuf *out) {
    size_t at = 0;
    if (is_utf8(encoder)) {
        cam_strbuf_append(out, text, length);
        return length;
    }
    while (at < length) {
        uint32_t code_point;
        size_t bytes = cam_utf8_next(text + at, text + length, &code_point);
        if (encoder->encoding == CAM_ENCODING_UTF16) {
            put_utf16(encoder, code_point, out);
        } else {
            unsigned char byte = cam_encoding_byte(encoder->encoding, code_point);
            if (byte == 0)
                return at;
            cam_strbuf_putc(out, (char)byte);
        }
        at += bytes;
    }
    return length;
}
