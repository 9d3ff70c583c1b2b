/* vocabulary_internal.h: the contents of a tokenizer file, of either kind.
 *
 * Invariant after cam_vocabulary_finish: piece i is Hugging Face's id i, unk, bos, eos and pad are ids, and every added
 * token's id is below vocab_size. */
#ifndef CAM_VOCABULARY_INTERNAL_H
#define CAM_VOCABULARY_INTERNAL_H

#include "normalizer_internal.h"
#include "strbuf.h"
#include "tokenizer_class.h"

typedef struct cam_piece {
    char *text; /* owned; no NUL inside */
    double score;
} cam_piece;

/* A token that is found in the text before segmentation. */
typedef struct cam_added_token {
    char *text; /* owned */
    size_t length;
    int32_t id;
    int lstrip, rstrip; /* removes the space before or behind it */
    int normalized;     /* matched in the normalized text, not in the raw one */
} cam_added_token;

typedef struct cam_vocabulary {
    const cam_tokenizer_class *tokenizer_class; /* set before anything is read */
    cam_piece *pieces;
    size_t count, capacity;
    uint32_t *by_text; /* piece numbers in the order of their texts, equal texts by number */
    cam_added_token *added;
    size_t added_count;
    cam_normal_step *steps;
    size_t step_count;
    int whitespace_split; /* words end at Unicode space, which is dropped */
    int metaspace;        /* ' ' becomes "▁" */
    int metaspace_prepend, metaspace_split;
    double lowest_score; /* of all pieces: an unknown character is worth 10 less */
    int32_t unk_piece;   /* the model's unknown piece; `special.unk` is the same id */
    int32_t vocab_size;
    cam_special_ids special;
} cam_vocabulary;

void cam_vocabulary_release(cam_vocabulary *vocabulary);
/* Appends a copy of `text`. CAM_E_MODEL beyond 4 million pieces or for a score that is not finite. */
CAM_MUST_CHECK cam_status cam_vocabulary_add(cam_vocabulary *vocabulary, const char *text, size_t length, double score);
/* Appends a zeroed entry. */
CAM_MUST_CHECK cam_status cam_vocabulary_add_token(cam_vocabulary *vocabulary, const char *text,
                                                   cam_added_token **token);
CAM_MUST_CHECK cam_status cam_vocabulary_add_step(cam_vocabulary *vocabulary, cam_normal_kind kind,
                                                  cam_normal_step **step);
/* Makes by_text and the special ids, once all pieces are there. */
CAM_MUST_CHECK cam_status cam_vocabulary_finish(cam_vocabulary *vocabulary);
/* The id of a piece, the last where several have this text; -1 where none has it. Needs `by_text`. */
int32_t cam_vocabulary_find(const cam_vocabulary *vocabulary, const char *text);
/* Nonzero where a later piece has the text of piece i, which is then never produced. Needs `by_text`. */
int cam_vocabulary_is_hidden(const cam_vocabulary *vocabulary, size_t i);

/* Reads tokenizer.json. Added tokens with ids from `vocab_limit` on are ignored; 0 = the size of the vocabulary. */
CAM_MUST_CHECK cam_status cam_vocabulary_from_json(cam_vocabulary *vocabulary, const char *text, size_t length,
                                                   int64_t vocab_limit);
/* Reads vocab_size from a config.json; 0 where it has none. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_tokenizer_vocab_limit(const char *text, size_t length, int64_t *limit);
/* Reads sentencepiece.bpe.model, with the ids of the tokenizer class. */
CAM_MUST_CHECK cam_status cam_vocabulary_from_proto(cam_vocabulary *vocabulary, const char *bytes, size_t length);
/* Appends the ModelProto for SentencePiece: piece numbers are ids, no normalization. */
void cam_vocabulary_to_proto(const cam_vocabulary *vocabulary, cam_strbuf *out);

#endif
