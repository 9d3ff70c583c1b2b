/* tokenizer.h: text to token ids, equal to Hugging Face's fast tokenizers for CamemBERT and XLM-RoBERTa.
 *
 * A tokenizer is opened from a model folder. Where the folder has `sentencepiece.bpe.model`, and the tokenizer class
 * has the ids of its pieces, this file is used; a warning names the first difference between its vocabulary and that of
 * `tokenizer.json` in the same folder. Otherwise `tokenizer.json` is used, with the pipeline that it describes
 * (normalizer, pre-tokenizer, added tokens). In both cases SentencePiece segments the words, on a model built in memory
 * whose piece numbers are Hugging Face's ids.
 *
 * Texts are UTF-8; an invalid byte counts as one unknown character. A text X becomes `<s> X </s>`. Special tokens
 * written in it ("<mask>") become their ids; neighbouring unknown characters of a word become one `<unk>`.
 *
 * An open tokenizer is read-only: any number of threads may use it.
 * Source: Kudo 2018 (unigram model); huggingface/tokenizers for the pipeline. */
#ifndef CAM_TOKENIZER_H
#define CAM_TOKENIZER_H

#include "cam/status.h"
#include "cancel.h"
#include "token_ids.h"
#include "tokenizer_class.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_tokenizer cam_tokenizer;

/* `tokenizer_class` must outlive the tokenizer. CAM_E_MODEL where the folder has neither file, or the file is damaged,
 * holds no unigram model, or needs a step that is not implemented (the message names it). *tokenizer is NULL after a
 * failure. */
CAM_MUST_CHECK cam_status cam_tokenizer_open(const char *folder, const cam_tokenizer_class *tokenizer_class,
                                             cam_tokenizer **tokenizer);
void cam_tokenizer_close(cam_tokenizer *tokenizer); /* NULL does nothing */

cam_special_ids cam_tokenizer_special_ids(const cam_tokenizer *tokenizer);
int32_t cam_tokenizer_vocab_size(const cam_tokenizer *tokenizer); /* all ids are below it */
/* The piece of an id ("▁de"), owned by the tokenizer; NULL where `id` is no id. */
const char *cam_tokenizer_piece(const cam_tokenizer *tokenizer, int32_t id);

/* Replaces the contents of `out` by `<s> X </s>`. At most max_length ids, both ends included: the first max_length - 2
 * ids of X are kept (0 = no limit; otherwise at least 2). *truncated, unless NULL, is 1 where ids of X were removed.
 * Errors: CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_tokenizer_encode(const cam_tokenizer *tokenizer, cam_text text, int32_t max_length,
                                               cam_ids *out, int *truncated);

/* Encodes n texts on all threads of OpenMP; the result does not depend on their number. All threads poll `cancel` (may
 * be NULL); CAM_E_STOPPED once it is requested. */
CAM_MUST_CHECK cam_status cam_tokenizer_encode_all(const cam_tokenizer *tokenizer, const cam_text *texts, int64_t n,
                                                   int32_t max_length, const cam_cancel *cancel, cam_token_rows *out);

/* Writes the tokenizer into the folder `to`, in Hugging Face's layout: copies the tokenizer files of the opened folder
 * as they are on disk now, and writes tokenizer_config.json and special_tokens_map.json where the folder has none.
 * Errors: CAM_E_STORAGE, CAM_E_MODEL. */
CAM_MUST_CHECK cam_status cam_tokenizer_save(const cam_tokenizer *tokenizer, const char *to);

#ifdef __cplusplus
}
#endif
#endif
