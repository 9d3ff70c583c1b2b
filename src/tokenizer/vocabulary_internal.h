/* vocabulary_internal.h: what a tokenizer file says, whichever kind it was. Internal to the tokenizer.
 *
 * Invariant after cam_vocabulary_finish: piece i is Hugging Face's id i, unk, bos, eos and pad are ids, and every
 * added token's id is below vocab_size.
 */
#ifndef CAM_VOCABULARY_INTERNAL_H
#define CAM_VOCABULARY_INTERNAL_H

#include "normalizer_internal.h"
#include "strbuf.h"
#include "tokenizer_class.h"

typedef struct cam_piece {
    char *text; /* owned; no NUL inside */
    double score;
} cam_piece;

/* A token that is cut out of the text before segmentation. */
typedef struct cam_added_token {
    char *text; /* owned */
    size_t length;
    int32_t id;
    int lstrip, rstrip; /* takes the space before or behind with it */
    int normalized;     /* looked for in the normalized text, not in the raw one */
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

void cam_vocabulary_release(cam_vocabulary *model);
/* Appends; `text` is copied. CAM_E_MODEL beyond 4 million pieces or for a score that is not finite. */
CAM_MUST_CHECK cam_status cam_vocabulary_add(cam_vocabulary *model, const char *text, size_t length, double score);
/* Appends and gives the new entry, zeroed. */
CAM_MUST_CHECK cam_status cam_vocabulary_add_token(cam_vocabulary *model, const char *text, cam_added_token **token);
CAM_MUST_CHECK cam_status cam_vocabulary_add_step(cam_vocabulary *model, cam_normal_kind kind, cam_normal_step **step);
/* To be called once all pieces are there: the order by text, the special ids. */
CAM_MUST_CHECK cam_status cam_vocabulary_finish(cam_vocabulary *model);
/* The id of a piece, the last where several have this text; -1 where none has. Needs `by_text`. */
int32_t cam_vocabulary_find(const cam_vocabulary *model, const char *text);
/* Nonzero where a later piece has the text of piece i (which then can never be produced). Needs `by_text`. */
int cam_vocabulary_is_hidden(const cam_vocabulary *model, size_t i);

/* tokenizer.json. `vocab_limit`: ids of added tokens from there on are strays and left out; 0 = the size of the list.
 */
CAM_MUST_CHECK cam_status cam_vocabulary_from_json(cam_vocabulary *model, const char *text, size_t length,
                                                   int64_t vocab_limit);
/* vocab_size of a config.json; 0 where it says none. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_tokenizer_vocab_limit(const char *text, size_t length, int64_t *limit);
/* sentencepiece.bpe.model, with the ids of the tokenizer class. */
CAM_MUST_CHECK cam_status cam_vocabulary_from_proto(cam_vocabulary *model, const char *bytes, size_t length);
/* The model as a ModelProto for SentencePiece, appended: piece numbers are ids, no normalization. */
void cam_vocabulary_to_proto(const cam_vocabulary *model, cam_strbuf *out);

#endif
