/* packing.h: packs a batch without padding. The sequences follow each other; index arrays say where each one starts and
 * to which row a token belongs. */
#ifndef CAM_PACKING_H
#define CAM_PACKING_H

#include "cam/status.h"
#include "token_ids.h"
#include <stddef.h>
#include <stdint.h>

/* The caller's buffers. T is the total of tokens, B the number of sequences. Any pointer but ids may be NULL: that
 * array is then not written. */
typedef struct cam_packed_batch {
    int64_t token_capacity, sequence_capacity;
    int32_t *ids;         /* [T] */
    int32_t *positions;   /* [T]  first_position + (number of ids != pad before it in the sequence); of a pad id: pad */
    int32_t *token_row;   /* [T]  data row id of the token's sequence */
    int32_t *token_index; /* [T]  index in its sequence, from 0 */
    int32_t *cu_seqlens;  /* [B + 1]  where each sequence starts; the last entry is T */
    int32_t *first_token; /* [B]  packed index of each sequence's first token, <s> */
    int32_t *row_ids;     /* [B]  data row id */
    int64_t tokens;       /* out: T */
    int64_t sequences;    /* out: B */
    int64_t longest;      /* out: S */
} cam_packed_batch;

/* The number of tokens of the rows list[0 .. count - 1] together. *longest (if not NULL): tokens of the longest one. */
int64_t cam_packing_tokens(const cam_token_rows *rows, const int32_t *list, int64_t count, int64_t *longest);

/* Packs rows list[0 .. count - 1] in this order; the rest of the buffers is not written. A row may occur twice.
 * `pad_id` is Hugging Face's padding index, `first_position` the position of a sequence's first token (1 and 2 for
 * CamemBERT).
 * CAM_E_INTERNAL if a buffer is too small or a row number is out of range; then nothing is written. */
CAM_MUST_CHECK cam_status cam_packing_pack(cam_packed_batch *batch, const cam_token_rows *rows, const int32_t *list,
                                           int64_t count, int32_t pad_id, int32_t first_position);

#endif
