/* unigram_viterbi_internal.h: segments a word with an exact Viterbi search in float64. */
#ifndef CAM_UNIGRAM_VITERBI_INTERNAL_H
#define CAM_UNIGRAM_VITERBI_INTERNAL_H

#include "token_ids.h"
#include "vocabulary_internal.h"

/* The last piece of the best path to a byte position of a word. */
typedef struct cam_viterbi_step {
    uint32_t id : 20;
    uint32_t bytes : 12; /* 0 = no path ends here */
} cam_viterbi_step;

/* Scratch of one thread; a zeroed struct is empty, to be freed by free(steps). Of the scores only those at the last
 * CAM_VITERBI_SCORES positions are kept, more than a piece has bytes: a word of a whole book needs 4 bytes a byte. */
enum { CAM_VITERBI_SCORES = 2 * CAM_PIECE_BYTES };
typedef struct cam_viterbi {
    cam_viterbi_step *steps;
    size_t capacity;
    double scores[CAM_VITERBI_SCORES]; /* position p: scores[p % CAM_VITERBI_SCORES] */
} cam_viterbi;

/* Replaces ids[begin..] of `out` by the segmentation of `word` with the highest sum of scores, added from left to right
 * in float64; of equal sums, the first found. SentencePiece adds in float32: of two orders of the same pieces ("..."
 * "." and "." "..."), rounding can make it choose another one than Hugging Face's tokenizers, which add in float64.
 * Scores are the exact doubles of the file, as in transformers 5. The file reader of tokenizers is sometimes off by one
 * unit in the last place, which matters only in such ties ("iiiiiiiiiiiiiii").
 * Source: huggingface/tokenizers models/unigram, encode_optimized. */
CAM_MUST_CHECK cam_status cam_viterbi_word(cam_viterbi *viterbi, const cam_vocabulary *vocabulary, const char *word,
                                           size_t length, size_t begin, cam_ids *out);

#endif
