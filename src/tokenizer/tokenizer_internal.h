/* tokenizer_internal.h: struct cam_tokenizer. */
#ifndef CAM_TOKENIZER_INTERNAL_H
#define CAM_TOKENIZER_INTERNAL_H

#include "encoder_internal.h"
#include "tokenizer.h"

struct cam_tokenizer {
    char *folder; /* that was opened */
    cam_pipeline pipeline;
};

#endif
