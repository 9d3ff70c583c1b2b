/* tokenizer_internal.h: struct cam_tokenizer. */
#ifndef CAM_TOKENIZER_INTERNAL_H
#define CAM_TOKENIZER_INTERNAL_H

#include "encoder_internal.h"
#include "tokenizer.h"
#include "tokenizer_files_internal.h"

struct cam_tokenizer {
    char *folder; /* that was opened */
    cam_tokenizer_files files;
    cam_pipeline pipeline;
    int is_json;             /* tokenizer.json was read */
    double model_max_length; /* of tokenizer_config.json; 0 = it has none */
};

/* After a vocabulary was read: adds what tokenizer_config.json and added_tokens.json say. The first is
 * optional, and so is each of its keys. CAM_E_MODEL, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_vocabulary_configure(cam_vocabulary *vocabulary, const cam_tokenizer_files *files,
                                                   double *model_max_length);

#endif
