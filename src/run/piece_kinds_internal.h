/* piece_kinds_internal.h: what each piece of a vocabulary is for masking. */
#ifndef CAM_PIECE_KINDS_INTERNAL_H
#define CAM_PIECE_KINDS_INTERNAL_H

#include "tokenizer.h"

/* Sets *kinds ([rows] CAM_PIECE_ bits of cam/masking.h) for the caller to free. Rows without a piece are special.
 * CAM_E_MODEL where the tokenizer, which is that of `folder`, has no <mask>; CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_piece_kinds_find(const cam_tokenizer *tokenizer, int32_t rows, const char *folder,
                                               unsigned char **kinds);

#endif
