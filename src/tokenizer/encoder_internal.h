/* encoder_internal.h: text to ids: the pipeline, which threads share, and the encoder of one thread. */
#ifndef CAM_ENCODER_INTERNAL_H
#define CAM_ENCODER_INTERNAL_H

#include "segmenter_internal.h"
#include "strbuf.h"
#include "token_ids.h"
#include "unigram_viterbi_internal.h"
#include "vocabulary_internal.h"

/* The pipeline of an open tokenizer, read-only while it is open. A zeroed struct is empty. */
typedef struct cam_pipeline {
    cam_vocabulary vocabulary;
    cam_segmenter *segmenter;           /* of a Unigram model; NULL = another one */
    cam_text_order tokens[2];           /* [normalized]: the added tokens of that kind, by their place in the list */
    unsigned char token_begins[2][256]; /* [normalized]: the byte begins one of them */
} cam_pipeline;

/* Makes the rest from `vocabulary`, which has been read. CAM_E_MODEL, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_pipeline_prepare(cam_pipeline *pipeline);
/* Again after the list of added tokens has changed. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_pipeline_order_tokens(cam_pipeline *pipeline);
void cam_pipeline_release(cam_pipeline *pipeline);

/* An entry of the cache of words: words recur, and a look-up costs far less than a segmentation. */
enum { CAM_WORD_BYTES = 30, CAM_WORD_IDS = 8, CAM_WORD_SLOTS = 1 << 15 };
typedef struct cam_word {
    uint8_t length, count; /* length 0 = empty slot */
    char text[CAM_WORD_BYTES];
    int32_t ids[CAM_WORD_IDS];
} cam_word;

typedef struct cam_encoder {
    const cam_pipeline *pipeline;
    cam_strbuf text, spare, marked;
    cam_viterbi viterbi;
    cam_word *words; /* the cache; NULL = none */
    cam_ids *out;    /* the row that is encoded */
    size_t enough;   /* ids in `out` beyond which none are needed */
} cam_encoder;

/* Without memory for the cache the encoder works without one, slower. */
void cam_encoder_init(cam_encoder *encoder, const cam_pipeline *pipeline, int with_cache);
void cam_encoder_release(cam_encoder *encoder);
/* As cam_tokenizer_encode, but appends. */
CAM_MUST_CHECK cam_status cam_encoder_encode(cam_encoder *encoder, cam_text text, int32_t max_length, cam_ids *out,
                                             int *truncated);

#endif
