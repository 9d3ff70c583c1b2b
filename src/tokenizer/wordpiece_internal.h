/* wordpiece_internal.h: segments a word with WordPiece. */
#ifndef CAM_WORDPIECE_INTERNAL_H
#define CAM_WORDPIECE_INTERNAL_H

#include "token_ids.h"
#include "vocabulary_internal.h"

/* Appends the ids of a word: at each place the longest piece that matches; behind the first one, pieces begin with the
 * vocabulary's `continuation`. A word in which no piece matches somewhere, or of more than `word_characters`
 * characters, is one unknown token.
 * Source: huggingface/tokenizers models/wordpiece. */
CAM_MUST_CHECK cam_status cam_wordpiece_word(const cam_vocabulary *vocabulary, const char *word, size_t length,
                                             cam_ids *out);

#endif
