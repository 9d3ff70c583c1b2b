/* tokenizer.h: text to token ids, equal to those of Hugging Face's tokenizers.
 *
 * A tokenizer is opened from a model folder. Where the folder has `tokenizer.json`, this file is used, with the
 * pipeline that it describes: model (Unigram or WordPiece), normalizer, pre-tokenizer, added tokens, post-processor. A
 * warning names the first difference between its vocabulary and that of `sentencepiece.bpe.model` in the same folder.
 * Otherwise `sentencepiece.bpe.model` is used, with the ids of the tokenizer class. `tokenizer_config.json` and
 * `added_tokens.json` beside them add tokens, and the first says which side of a long text is kept.
 *
 * Texts are UTF-8; an invalid byte counts as one unknown character. A text X becomes `<s> X </s>`, or what the
 * post-processor says. Special tokens written in it ("<mask>") become their ids; of a Unigram model, neighbouring
 * unknown characters of a word become one `<unk>`.
 *
 * An open tokenizer is read-only: any number of threads may use it.
 * Source: Kudo 2018 (unigram model); Devlin et al. 2019 (WordPiece); huggingface/tokenizers for the pipeline;
 * transformers 5 for the files. */
#ifndef CAM_TOKENIZER_H
#define CAM_TOKENIZER_H

#include "cam/status.h"
#include "cancel.h"
#include "strbuf.h"
#include "token_ids.h"
#include "tokenizer_class.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_tokenizer cam_tokenizer;

/* `tokenizer_class` must outlive the tokenizer. CAM_E_MODEL where the folder has neither file, or the file is damaged,
 * holds another kind of model, or needs a step that is not implemented (the message names it). *tokenizer is NULL after
 * a failure. */
CAM_MUST_CHECK cam_status cam_tokenizer_open(const char *folder, const cam_tokenizer_class *tokenizer_class,
                                             cam_tokenizer **tokenizer);
/* The same for a model with `rows` rows of embeddings, at least 1: a vocabulary with more pieces is refused before it
 * is built, and cam_tokenizer_check_rows holds. */
CAM_MUST_CHECK cam_status cam_tokenizer_open_for(const char *folder, const cam_tokenizer_class *tokenizer_class,
                                                 int32_t rows, cam_tokenizer **tokenizer);
void cam_tokenizer_close(cam_tokenizer *tokenizer); /* NULL does nothing */

/* Compares the vocabulary with the rows of the model's embeddings, and forgets special tokens that have no row.
 * CAM_E_MODEL where there are more pieces than rows, an added token that is not special without a row, or fewer than
 * half as many pieces as rows; a warning where there are fewer than 9 for 10 rows. */
CAM_MUST_CHECK cam_status cam_tokenizer_check_rows(cam_tokenizer *tokenizer, int32_t rows);

cam_special_ids cam_tokenizer_special_ids(const cam_tokenizer *tokenizer);
/* "model_max_length" of the folder's tokenizer_config.json; INT32_MAX where it has none or a larger one. */
int32_t cam_tokenizer_model_max_length(const cam_tokenizer *tokenizer);
int32_t cam_tokenizer_vocab_size(const cam_tokenizer *tokenizer); /* all ids are below it */
/* The piece of an id ("▁de"), owned by the tokenizer; NULL where `id` is no id. */
const char *cam_tokenizer_piece(const cam_tokenizer *tokenizer, int32_t id);

/* For masked language models. A special token is one of transformers' all_special_ids: it is no part of a text. A piece
 * continues a word where it has no "▁" at its beginning (Unigram), or the "##" (WordPiece); a special token does not. */
int cam_tokenizer_is_special(const cam_tokenizer *tokenizer, int32_t id);
int cam_tokenizer_continues_word(const cam_tokenizer *tokenizer, int32_t id);
/* The number of special tokens before and behind the ids of a text. */
void cam_tokenizer_around(const cam_tokenizer *tokenizer, int32_t *before, int32_t *behind);
/* A hash of all files of the tokenizer: with equal ones, equal texts have equal ids. */
uint64_t cam_tokenizer_identity(const cam_tokenizer *tokenizer);

/* Replaces the contents of `out` by `<s> X </s>`. At most max_length ids, both ends included: the first max_length - 2
 * ids of X are kept, or the last ones where the folder's truncation_side is "left" (0 = no limit; otherwise at least
 * 2). *truncated, unless NULL, is 1 where ids of X were removed.
 * Errors: CAM_E_MEMORY; CAM_E_MODEL where the normalizer makes a text many times longer. */
CAM_MUST_CHECK cam_status cam_tokenizer_encode(const cam_tokenizer *tokenizer, cam_text text, int32_t max_length,
                                               cam_ids *out, int *truncated);

/* Encodes n texts with at most cam_threads() threads (threads.h); the result does not depend on their number. All poll
 * `cancel` (may be NULL); CAM_E_STOPPED once it is requested. CAM_E_MEMORY also for threads that cannot be started. */
CAM_MUST_CHECK cam_status cam_tokenizer_encode_all(const cam_tokenizer *tokenizer, const cam_text *texts, int64_t n,
                                                   int32_t max_length, const cam_cancel *cancel, cam_token_rows *out);

/* Appends one line to `warnings` where more than 1 % of the tokens between the special ones are unknown: the share, and
 * up to five words that hold unknown tokens. `rows` are the rows of `texts`, as cam_tokenizer_encode_all gave them.
 * Errors: CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_tokenizer_warn_of_unknown(const cam_tokenizer *tokenizer, const cam_text *texts,
                                                        const cam_token_rows *rows, cam_strbuf *warnings);

/* Writes the tokenizer into the folder `to`, in Hugging Face's layout, so that transformers 4 and 5 give the same ids:
 * the files of the opened folder as they were when it was opened, and tokenizer_config.json and special_tokens_map.json
 * also where the folder has none. "model_max_length" becomes the least of the folder's and
 * `max_tokens`, the longest row that the model reads. "tokenizer_class" becomes PreTrainedTokenizerFast, which reads
 * tokenizer.json as it is, where the class would build another pipeline than this file describes.
 * Errors: CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_tokenizer_save(const cam_tokenizer *tokenizer, int32_t max_tokens, const char *to);
/* At least the bytes that cam_tokenizer_save writes. */
size_t cam_tokenizer_saved_bytes(const cam_tokenizer *tokenizer);

#ifdef __cplusplus
}
#endif
#endif
