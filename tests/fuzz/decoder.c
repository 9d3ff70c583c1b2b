/* A file in any encoding: a byte for it, then the file. What is decoded is valid UTF-8 without NUL, and written in that
 * encoding it is the same text again. */
#include "encoder.h"
#include "encoding.h"
#include "fuzz.h"
#include "utf8.h"

/* Reads all of it; 0 where it is refused. */
static int decode(const char *path, cam_encoding encoding, cam_strbuf *out, cam_text_encoder *form) {
    cam_decoder decoder;
    char block[512];
    size_t count = 1;
    cam_status st = cam_decoder_open(&decoder, path, encoding, CAM_SYNTAX_KEYS);
    *form = (cam_text_encoder){decoder.encoding, decoder.big_endian};
    while (st == CAM_OK && count > 0) {
        st = cam_decoder_read(&decoder, block, sizeof block, &count);
        if (st == CAM_OK)
            cam_strbuf_append(out, block, count);
    }
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_DATA && cam_status_message()[0]));
    cam_decoder_close(&decoder);
    return st == CAM_OK;
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_strbuf text = CAM_STRBUF_INIT, bytes = CAM_STRBUF_INIT, again = CAM_STRBUF_INIT;
    cam_encoding encoding = (cam_encoding)(fuzz_byte(&data, &size) % CAM_CHOICE_COUNT_encoding);
    cam_text_encoder form, unused;
    char *path = fuzz_path("text");
    fuzz_write("text", data, size);
    if (decode(path, encoding, &text, &form)) {
        const char *decoded = cam_strbuf_text(&text);
        FUZZ_CHECK(cam_utf8_valid_prefix(decoded, text.length) == text.length);
        FUZZ_CHECK(!memchr(decoded, 0, text.length));
        cam_text_encoder_put_mark(&form, &bytes);
        FUZZ_CHECK(cam_text_encoder_put(&form, decoded, text.length, &bytes) == text.length);
        fuzz_write("text", cam_strbuf_text(&bytes), bytes.length);
        FUZZ_CHECK(decode(path, form.encoding, &again, &unused));
        FUZZ_CHECK(again.length == text.length && memcmp(cam_strbuf_text(&again), decoded, text.length) == 0);
    }
    cam_strbuf_release(&text);
    cam_strbuf_release(&bytes);
    cam_strbuf_release(&again);
    free(path);
}
