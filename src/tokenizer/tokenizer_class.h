/* tokenizer_class.h: the properties of a tokenizer class of transformers that a tokenizer's files do not hold. */
#ifndef CAM_TOKENIZER_CLASS_H
#define CAM_TOKENIZER_CLASS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The texts of the special tokens, and the ids of SentencePiece's pieces. Ids count in this order: `front`, then the
 * pieces of sentencepiece.bpe.model from number `first_piece` on, then the mask token. The pieces before `first_piece`
 * are unk, bos and eos, in this order; their ids are in `front`. The classes are in src/hf/family.c. */
enum { CAM_TOKENIZER_FRONT = 6 };
typedef struct cam_tokenizer_class {
    const char *name; /* "CamembertTokenizer", as tokenizer_config.json has it */
    const char *bos, *eos, *pad, *unk, *mask;
    struct cam_front_piece {
        const char *text;
        double score;
        int renamed;              /* transformers 5 writes another name into tokenizer.json */
    } front[CAM_TOKENIZER_FRONT]; /* ends at a NULL text; empty: the class reads tokenizer.json only */
    int first_piece;              /* 1 .. 3 */
} cam_tokenizer_class;

typedef struct cam_special_ids {
    int32_t bos, unk;       /* `bos` is the first token of a row */
    int32_t eos, pad, mask; /* -1 where the tokenizer has none; `eos` is the last token of a row */
} cam_special_ids;

#ifdef __cplusplus
}
#endif
#endif
