/* filler.h: opens the folder of a masked language model to guess the words of masked places, for `fill`. */
#ifndef CAM_FILLER_H
#define CAM_FILLER_H

#include "camembert.h"
#include "model_folder.h"
#include "scorer.h"
#include "tokenizer.h"

typedef struct cam_filler {
    cam_model_config config;
    cam_tokenizer *tokenizer;
    unsigned char *piece_kind;
    cam_parameters params;
    cam_camembert model;
    cam_device_masking masking;
    cam_scorer scorer;
    int32_t max_length; /* tokens that the model reads at most */
} cam_filler;

/* CAM_E_MODEL if the folder has no lm_head, or its tokenizer no <mask>. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_filler_open(cam_filler *filler, cam_backend *backend, const char *folder);
void cam_filler_close(cam_filler *filler);

/* Sets *filled, for the caller to free, to the `best` likeliest pieces of each <mask> of a text, the likeliest first:
 * [*places * best]. CAM_E_USAGE where the text has no <mask>, or is longer than the model reads; CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_filler_fill(cam_filler *filler, cam_text text, int64_t best, cam_filled **filled,
                                          int64_t *places);

#endif
