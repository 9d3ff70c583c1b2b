/* encoder_internal.h: what one thread needs to encode texts. Internal to the tokenizer. */
#ifndef CAM_ENCODER_INTERNAL_H
#define CAM_ENCODER_INTERNAL_H

#include "segmenter_internal.h"
#include "strbuf.h"
#include "tokenizer.h"
#include "unigram_viterbi_internal.h"
#include "vocabulary_internal.h"

struct cam_tokenizer {
    char *folder; /* where the files were found */
    cam_vocabulary model;
    cam_segmenter *segmenter;
    unsigned char token_begins[2][256]; /* [normalized]: the byte begins an added token of that kind */
};

/* A word and its ids, remembered: words recur, and segmenting one costs far more than finding it again. */
enum { CAM_WORD_BYTES = 30, CAM_WORD_IDS = 8, CAM_WORD_SLOTS = 1 << 15 };
typedef struct cam_word {
    uint8_t length, count; /* length 0 = empty slot */
    char text[CAM_WORD_BYTES];
    int32_t ids[CAM_WORD_IDS];
} cam_word;

typedef struct cam_encoder {
    const cam_tokenizer *tokenizer;
    cam_strbuf text, spare;
    cam_viterbi viterbi;
    cam_word *words; /* NULL = remember none */
} cam_encoder;

/* Without memory for words it works all the same, slower. */
void cam_encoder_init(cam_encoder *encoder, const cam_tokenizer *tokenizer, int remember_words);
void cam_encoder_release(cam_encoder *encoder);
/* As cam_tokenizer_encode, but appends. */
CAM_MUST_CHECK cam_status cam_encoder_encode(cam_encoder *encoder, cam_text text, int32_t max_length, cam_ids *out,
                                             int *truncated);

#endif
