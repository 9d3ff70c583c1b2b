/* packing.h: one batch without padding. Sequences lie one after another; what a kernel needs to find its way lies in
 * index arrays beside them.
 */
#ifndef CAM_PACKING_H
#define CAM_PACKING_H

#include "cam/status.h"
#include "tokenizer.h" /* cam_token_rows: a tokenised data set */
#include <stddef.h>
#include <stdint.h>

/* Buffers of the caller. T tokens in all, B sequences. Any pointer but ids may be NULL: that array is then not
 * written. */
typedef struct cam_packed_batch {
    int64_t token_capacity, sequence_capacity;
    int32_t *ids;         /* [T] */
    int32_t *positions;   /* [T]  first_position + (ids != pad before it in the sequence); of a pad id: pad */
    int32_t *token_row;   /* [T]  data row id of the token's sequence */
    int32_t *token_index; /* [T]  index in its sequence, from 0 */
    int32_t *cu_seqlens;  /* [B + 1]  where each sequence starts; the last entry is T */
    int32_t *first_token; /* [B]  packed index of each sequence's first token, <s>: the head's row list */
    int32_t *row_ids;     /* [B]  data row id */
    int64_t tokens;       /* out: T */
    int64_t sequences;    /* out: B */
    int64_t longest;      /* out: S */
} cam_packed_batch;

/* How many tokens the listed rows have together, and (where not NULL) the longest of them. */
int64_t cam_packing_tokens(const cam_token_rows *rows, const int32_t *list, int64_t count, int64_t *longest);

/* Packs rows list[0 .. count - 1] in this order; the rest of the buffers is left as it was. A row may occur twice.
 * `pad_id` is Hugging Face's padding index, `first_position` the position of a sequence's first token (1 and 2 for
 * CamemBERT).
 * CAM_E_INTERNAL where a buffer is too small or a row number is out of range: nothing is written then. */
CAM_MUST_CHECK cam_status cam_packing_pack(cam_packed_batch *batch, const cam_token_rows *rows, const int32_t *list,
                                           int64_t count, int32_t pad_id, int32_t first_position);

#endif
