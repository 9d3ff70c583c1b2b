/* vocabulary_internal.h: the contents of a folder's tokenizer files.
 *
 * Invariant after cam_vocabulary_finish: piece i is Hugging Face's id i, and every added token's id is below
 * vocab_size. */
#ifndef CAM_VOCABULARY_INTERNAL_H
#define CAM_VOCABULARY_INTERNAL_H

#include "name_set.h"
#include "normalizer_internal.h"
#include "splitter_internal.h"
#include "strbuf.h"
#include "text_order_internal.h"
#include "tokenizer_class.h"

/* Far above those of any model: they bound time and memory, and cam_viterbi_step holds them. */
enum { CAM_PIECES_MAX = 1 << 20, CAM_PIECE_BYTES = 1024 };

typedef struct cam_piece {
    char *text; /* owned; no NUL inside; "" where the id has no piece */
    double score;
} cam_piece;

/* A token that is found in the text before segmentation. */
typedef struct cam_added_token {
    char *text; /* owned */
    size_t length;
    int32_t id;
    int lstrip, rstrip; /* removes the space before or behind it */
    int normalized;     /* matched in the normalized text, not in the raw one */
    int single_word;    /* only where no word character is beside it */
    int special;
} cam_added_token;

typedef enum cam_vocabulary_kind { CAM_VOCABULARY_UNIGRAM, CAM_VOCABULARY_WORDPIECE } cam_vocabulary_kind;

/* The special tokens around a text, in order: the post-processor. */
enum { CAM_AROUND_IDS = 4 };
typedef struct cam_around {
    int32_t ids[CAM_AROUND_IDS];
    size_t count;
} cam_around;

typedef struct cam_vocabulary {
    const cam_tokenizer_class *tokenizer_class; /* set before anything is read */
    cam_vocabulary_kind kind;
    cam_piece *pieces;
    size_t count, capacity;
    int32_t most_pieces;    /* the rows of the model's embeddings; 0 = not known */
    cam_text_order by_text; /* the pieces */
    cam_added_token *added;
    size_t added_count, added_capacity;
    cam_name_set added_names;
    int32_t *added_first; /* of each name, its first token */
    cam_normal_step *steps;
    size_t step_count;
    cam_split_step *splits;
    size_t split_count;
    cam_around before, behind; /* `before` is not empty */
    int truncate_left;         /* a text that is too long loses its beginning */
    int32_t unk_piece;         /* the model's unknown piece; `special.unk` is the same id */
    int32_t vocab_size;        /* above all ids, added tokens included */
    cam_special_ids special;

    double lowest_score; /* Unigram: of all pieces; an unknown character is worth 10 less */

    char *continuation; /* WordPiece: "##", owned */
    size_t continuation_bytes;
    cam_text_range continuing; /* the pieces that begin with it */
    int32_t word_characters;   /* a longer word is unknown */
} cam_vocabulary;

/* The most steps of a normalizer, and of a pre-tokenizer; every text goes through all of them. */
enum { CAM_VOCABULARY_STEPS = 128 };

void cam_vocabulary_release(cam_vocabulary *vocabulary);
/* CAM_E_MODEL where `count` pieces are more than the model has rows, or more than a million. Before they are built. */
CAM_MUST_CHECK cam_status cam_vocabulary_check_count(const cam_vocabulary *vocabulary, size_t count);
/* Appends a copy of `text`. CAM_E_MODEL beyond a million pieces, for more than 1,024 bytes, for a score that is not
 * finite. */
CAM_MUST_CHECK cam_status cam_vocabulary_add(cam_vocabulary *vocabulary, const char *text, size_t length, double score);
/* Sets piece `id`, below a million; ids that were not set before it get the text "". CAM_E_MODEL where it is set. */
CAM_MUST_CHECK cam_status cam_vocabulary_set(cam_vocabulary *vocabulary, int64_t id, const char *text, size_t length);
/* Appends a zeroed entry. CAM_E_MODEL for more than 1,024 bytes. */
CAM_MUST_CHECK cam_status cam_vocabulary_add_token(cam_vocabulary *vocabulary, const char *text,
                                                   cam_added_token **token);
/* The added token with this text, as the files have it; NULL = none. */
cam_added_token *cam_vocabulary_added(const cam_vocabulary *vocabulary, const char *text);
/* Each appends a step. CAM_E_MODEL beyond CAM_VOCABULARY_STEPS. */
CAM_MUST_CHECK cam_status cam_vocabulary_add_step(cam_vocabulary *vocabulary, cam_normal_kind kind,
                                                  cam_normal_step **step);
CAM_MUST_CHECK cam_status cam_vocabulary_add_split(cam_vocabulary *vocabulary, cam_split_kind kind,
                                                   cam_split_behavior behavior, cam_split_step **step);
/* Makes by_text, once all pieces are there. */
CAM_MUST_CHECK cam_status cam_vocabulary_finish(cam_vocabulary *vocabulary);
/* Sets `before` and `behind` to the bos and eos of the tokenizer class. CAM_E_MODEL where they are no pieces. */
CAM_MUST_CHECK cam_status cam_vocabulary_surround(cam_vocabulary *vocabulary);
/* The id of a piece, the last where several have this text; -1 where none has it. Needs `by_text`. */
int32_t cam_vocabulary_find(const cam_vocabulary *vocabulary, const char *text);
/* The piece, the last of several, that is nothing but the `depth` bytes that `in` has in common; -1 = none. */
int32_t cam_vocabulary_whole(const cam_vocabulary *vocabulary, cam_text_range in, size_t depth);
/* Nonzero where a later piece has the text of piece i, which is then never produced. Needs `by_text`. */
int cam_vocabulary_is_hidden(const cam_vocabulary *vocabulary, size_t i);

/* Reads tokenizer.json. */
CAM_MUST_CHECK cam_status cam_vocabulary_from_json(cam_vocabulary *vocabulary, const char *text, size_t length);
/* Reads sentencepiece.bpe.model, with the ids of the tokenizer class. */
CAM_MUST_CHECK cam_status cam_vocabulary_from_proto(cam_vocabulary *vocabulary, const char *bytes, size_t length);
/* Appends the ModelProto for SentencePiece: piece numbers are ids, no normalization. */
void cam_vocabulary_to_proto(const cam_vocabulary *vocabulary, cam_strbuf *out);

#endif
