/* logits_file_internal.h: the file of a finished training: the logits of its held-out rows, and how long it took.
 */
#ifndef CAM_LOGITS_FILE_INTERNAL_H
#define CAM_LOGITS_FILE_INTERNAL_H

#include "cam/status.h"
#include <stdint.h>

/* What a file holds. `identity` is that of all on which the logits depend. */
typedef struct cam_logits_file {
    char *path;
    uint64_t identity;
    int64_t rows, labels;
    float *logits;     /* [rows, labels] */
    double times_s[2]; /* of the training, of its scoring */
} cam_logits_file;

CAM_MUST_CHECK cam_status cam_logits_file_write(const cam_logits_file *file);
/* Fills in logits, which the caller frees, and times_s. A file that is absent, damaged or of another identity or size leaves
 * them as they are: the training is made again. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_logits_file_read(cam_logits_file *file);

#endif
