/* tokenizer_class.h: what a tokenizer class of transformers knows and a tokenizer's files do not say. */
#ifndef CAM_TOKENIZER_CLASS_H
#define CAM_TOKENIZER_CLASS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a tokenizer class of transformers knows and a tokenizer's files do not say: the contents of the special tokens,
 * and the ids of SentencePiece's pieces. The ids are, in this order: `front`, the pieces of sentencepiece.bpe.model
 * from number `first_piece` on, the mask token. The pieces before `first_piece` are the unknown one, bos and eos, in
 * this order; their ids are in `front`. The values are in the table of model families. */
enum { CAM_TOKENIZER_FRONT = 6 };
typedef struct cam_tokenizer_class {
    const char *name; /* "CamembertTokenizer", as tokenizer_config.json has it */
    const char *bos, *eos, *pad, *unk, *mask;
    struct cam_front_piece {
        const char *text;
        double score;
        int renamed;              /* transformers 5 saves it in tokenizer.json under another name */
    } front[CAM_TOKENIZER_FRONT]; /* ends at a NULL text; empty: the class reads tokenizer.json only */
    int first_piece;              /* 1 .. 3 */
} cam_tokenizer_class;

typedef struct cam_special_ids {
    int32_t bos, eos, pad, unk;
    int32_t mask; /* -1 where the vocabulary has none */
} cam_special_ids;

#ifdef __cplusplus
}
#endif
#endif
