/* unknown_tokens.h: how much of a data set the vocabulary does not know. */
#ifndef CAM_UNKNOWN_TOKENS_H
#define CAM_UNKNOWN_TOKENS_H

#include "strbuf.h"
#include "tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends one line to `warnings` where more than 1 % of the tokens between the special ones are unknown: the share, and
 * up to five words that hold unknown tokens. `rows` are the rows of `texts`, as cam_tokenizer_encode_all gave them.
 * Errors: CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_warn_of_unknown_tokens(const cam_tokenizer *tokenizer, const cam_text *texts,
                                                     const cam_token_rows *rows, cam_strbuf *warnings);

#ifdef __cplusplus
}
#endif
#endif
