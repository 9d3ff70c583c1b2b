/* manifest.json of a checkpoint. An input that begins with '+' gets the hash that makes it whole, so that the parser behind the
 * hash is reached, too. Beside it lies the file "a" of three bytes. */
#include "checkpoint.h"
#include "checkpoint_reader.h"
#include "fuzz.h"
#include <openssl/evp.h>

static void put_sealed(const uint8_t *text, size_t size) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    cam_strbuf sealed = CAM_STRBUF_INIT;
    FUZZ_CHECK(EVP_Digest(text, size, digest, NULL, EVP_sha256(), NULL));
    cam_strbuf_append(&sealed, (const char *)text, size);
    cam_strbuf_puts(&sealed, ",\"manifest_sha256\":\"");
    for (int i = 0; i < 32; i++)
        cam_strbuf_printf(&sealed, "%02x", digest[i]);
    cam_strbuf_puts(&sealed, "\"}\n");
    fuzz_write("manifest.json", sealed.text, sealed.length);
    cam_strbuf_release(&sealed);
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_checkpoint_reader reader;
    fuzz_write("a", "abc", 3);
    if (size > 0 && data[0] == '+')
        put_sealed(data + 1, size - 1);
    else
        fuzz_write("manifest.json", data, size);
    cam_status st = cam_checkpoint_open(&reader, fuzz_folder());
    FUZZ_CHECK(st == CAM_OK || (st != CAM_E_INTERNAL && cam_status_message()[0] && reader.count == 0));
    for (size_t i = 0; i < reader.count; i++) {
        FUZZ_CHECK(cam_checkpoint_name_is_valid(reader.entries[i].name));
        FUZZ_CHECK(cam_checkpoint_find(&reader, reader.entries[i].name) == &reader.entries[i]);
    }
    if (st == CAM_OK)
        st = cam_checkpoint_verify(&reader);
    FUZZ_CHECK(st == CAM_OK || cam_status_message()[0]);
    cam_checkpoint_close(&reader);
}
