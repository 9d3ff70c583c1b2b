/* model_tokenizer.h: opens the tokenizer of a Hugging Face folder, with the ids that its model was trained with. */
#ifndef CAM_MODEL_TOKENIZER_H
#define CAM_MODEL_TOKENIZER_H

#include "tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opens the folder's tokenizer. Its class is chosen as in transformers' AutoTokenizer: "tokenizer_class" of
 * tokenizer_config.json, else of config.json, else the class of the family of config.json's model_type (family.h). A
 * class that is not in the table reads tokenizer.json only. The vocabulary is compared with vocab_size of
 * config.json.
 * Errors: those of cam_tokenizer_open and cam_tokenizer_check_rows; CAM_E_MODEL where the model_type, or a class without tokenizer.json, is not
 * supported. */
CAM_MUST_CHECK cam_status cam_model_tokenizer_open(const char *folder, cam_tokenizer **tokenizer);

#ifdef __cplusplus
}
#endif
#endif
