/* tokenizer_internal.h: an open tokenizer, as the files of this box see it. */
#ifndef CAM_TOKENIZER_INTERNAL_H
#define CAM_TOKENIZER_INTERNAL_H

#include "encoder_internal.h"
#include "tokenizer.h"

struct cam_tokenizer {
    char *folder; /* where the files were found */
    cam_pipeline pipeline;
};

#endif
