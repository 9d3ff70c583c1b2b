/* tokenizer.h: text to token ids, equal to Hugging Face's fast tokenizers for CamemBERT and XLM-RoBERTa.
 *
 * A tokenizer is opened from a model folder. `sentencepiece.bpe.model` is read where the folder has it, otherwise
 * `tokenizer.json`, whose own pipeline (normalizer, pre-tokenizer, added tokens) is then followed. SentencePiece does
 * the segmentation in both cases, on a model built in memory whose piece numbers are Hugging Face's ids. Of a folder
 * with both files the first segments, and a vocabulary that differs is reported by a warning with the first difference.
 *
 * A text is UTF-8 (a byte that is not counts as one unknown character). It becomes `<s> X </s>`; literal special tokens
 * in it ("<mask>") become their ids; neighbouring unknown characters of a word become one `<unk>`.
 *
 * An open tokenizer is never written to: any number of threads may use one.
 * Source: Kudo 2018 (unigram model); huggingface/tokenizers for the pipeline.
 */
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

/* `tokenizer_class` must outlive the tokenizer. CAM_E_MODEL where neither file is there, or one is damaged, no unigram
 * model, or asks for a step that is not implemented (the message names it). *tokenizer is NULL after a failure. */
CAM_MUST_CHECK cam_status cam_tokenizer_open(const char *folder, const cam_tokenizer_class *tokenizer_class,
                                             cam_tokenizer **tokenizer);
void cam_tokenizer_close(cam_tokenizer *tokenizer); /* NULL is fine */

cam_special_ids cam_tokenizer_special_ids(const cam_tokenizer *tokenizer);
int32_t cam_tokenizer_vocab_size(const cam_tokenizer *tokenizer); /* ids are below it */
/* The piece of an id ("▁de"), owned by the tokenizer; NULL where `id` is no id. */
const char *cam_tokenizer_piece(const cam_tokenizer *tokenizer, int32_t id);

/* `<s> X </s>`, replacing what `out` held. At most max_length ids, both ends included, the first max_length - 2 of X
 * kept (0 = no limit; otherwise at least 2); *truncated, where not NULL, says whether any were cut. Errors:
 * CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_tokenizer_encode(const cam_tokenizer *tokenizer, cam_text text, int32_t max_length,
                                               cam_ids *out, int *truncated);

/* encode for n texts, on all threads of OpenMP; the result does not depend on their number. `cancel` (may be NULL) is
 * asked now and then, from any thread; CAM_E_STOPPED once it is requested. */
CAM_MUST_CHECK cam_status cam_tokenizer_encode_all(const cam_tokenizer *tokenizer, const cam_text *texts, int64_t n,
                                                   int32_t max_length, const cam_cancel *cancel, cam_token_rows *out);

/* Makes `to` a folder whose tokenizer Hugging Face loads: copies the tokenizer files of the folder that was opened
 * unchanged, and writes tokenizer_config.json and special_tokens_map.json where that folder has none. The copies come
 * from the files as they are now. Errors: CAM_E_STORAGE, CAM_E_MODEL. */
CAM_MUST_CHECK cam_status cam_tokenizer_save(const cam_tokenizer *tokenizer, const char *to);

#ifdef __cplusplus
}
#endif
#endif
