/* tokenizer.json, of CamemBERT or, where its length is even, of any model. What is accepted encodes texts. */
#include "fuzz_tokenizer.h"

void fuzz_one(const uint8_t *data, size_t size) {
    fuzz_write("tokenizer.json", data, size);
    cam_tokenizer *tokenizer = fuzz_open(size % 2 ? cam_families[0].tokenizer_class : &cam_tokenizer_class_of_file);
    if (tokenizer)
        fuzz_encode(tokenizer);
    cam_tokenizer_close(tokenizer);
}
