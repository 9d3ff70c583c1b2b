/* piece_kinds.c: see piece_kinds_internal.h. */
#include "cam/masking.h"
#include "piece_kinds_internal.h"
#include <stdlib.h>

cam_status cam_piece_kinds_find(const cam_tokenizer *tokenizer, int32_t rows, const char *folder,
                                unsigned char **kinds) {
    if (cam_tokenizer_special_ids(tokenizer).mask < 0)
        return cam_fail(CAM_E_MODEL, "the tokenizer of \"%s\" has no <mask>: no masked language model can have it",
                        folder);
    unsigned char *kind = calloc((size_t)rows, 1);
    *kinds = kind;
    if (!kind)
        return cam_fail(CAM_E_MEMORY, "no memory for a vocabulary of %d rows", rows);
    for (int32_t id = 0; id < rows; id++)
        kind[id] = !cam_tokenizer_piece(tokenizer, id) || cam_tokenizer_is_special(tokenizer, id) ? CAM_PIECE_SPECIAL
                   : cam_tokenizer_continues_word(tokenizer, id)                                  ? CAM_PIECE_CONTINUES
                                                                                                  : 0;
    return CAM_OK;
}
