/* segmenter_internal.h: SentencePiece as three C functions. No exception leaves them. */
#ifndef CAM_SEGMENTER_INTERNAL_H
#define CAM_SEGMENTER_INTERNAL_H

#include "token_ids.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_segmenter cam_segmenter;

/* `proto` is a serialized ModelProto. CAM_E_MODEL with SentencePiece's message where it refuses the model. */
CAM_MUST_CHECK cam_status cam_segmenter_open(const char *proto, size_t bytes, cam_segmenter **segmenter);
void cam_segmenter_close(cam_segmenter *segmenter);
/* Appends the piece numbers of `text`, in which spaces are written as "▁". */
CAM_MUST_CHECK cam_status cam_segmenter_encode(const cam_segmenter *segmenter, const char *text, size_t length,
                                               cam_ids *out);

#ifdef __cplusplus
}
#endif
#endif
