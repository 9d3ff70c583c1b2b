/* A SentencePiece model, of CamemBERT or, where its length is even, of XLM-RoBERTa. What is accepted encodes texts. */
#include "fuzz_tokenizer.h"

void fuzz_one(const uint8_t *data, size_t size) {
    fuzz_write("sentencepiece.bpe.model", data, size);
    cam_tokenizer *tokenizer = fuzz_open(cam_families[size % 2 ? 0 : 1].tokenizer_class);
    if (tokenizer)
        fuzz_encode(tokenizer);
    cam_tokenizer_close(tokenizer);
}
