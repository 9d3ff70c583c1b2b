/* unigram_viterbi_internal.h: the last word on segmentations that are as good as one another. Internal to the tokenizer. */
#ifndef CAM_UNIGRAM_VITERBI_INTERNAL_H
#define CAM_UNIGRAM_VITERBI_INTERNAL_H

#include "token_ids.h"
#include "vocabulary_internal.h"

/* The best path into a byte position of a word. */
typedef struct cam_viterbi_node {
    double score;
    size_t begin; /* where its last piece begins */
    int32_t id;   /* of that piece; -1 = no path ends here */
} cam_viterbi_node;

/* Scratch of one thread; a zeroed struct is empty, to be freed by free(paths). */
typedef struct cam_viterbi {
    cam_viterbi_node *paths;
    size_t capacity;
} cam_viterbi;

/* Replaces ids[begin..] of `out` by the segmentation of `word` whose scores, added from left to right in double
 * precision, are highest, the first found winning a tie. SentencePiece adds in single precision, so that of two orders
 * of the same pieces ("..." "." and "." "...") rounding makes it take another than Hugging Face's tokenizers. Scores
 * are the exact doubles of the file, as in transformers 5; tokenizers' own file reader is off by a unit in the last
 * place now and then, which shows only in such ties ("iiiiiiiiiiiiiii").
 * Source: huggingface/tokenizers models/unigram, encode_optimized. */
CAM_MUST_CHECK cam_status cam_viterbi_word(cam_viterbi *viterbi, const cam_vocabulary *model, const char *word,
                                           size_t length, size_t begin, cam_ids *out);

#endif
