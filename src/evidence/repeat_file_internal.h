/* repeat_file_internal.h: the file of a finished training: the logits of its held-out rows.
 */
#ifndef CAM_REPEAT_FILE_INTERNAL_H
#define CAM_REPEAT_FILE_INTERNAL_H

#include "repeat.h"

/* "PREFIX-SEED-FOLD.bin"; the caller frees it. */
char *cam_repeat_file_path(const cam_repeat_task *task, int64_t job);
CAM_MUST_CHECK cam_status cam_repeat_file_write(const cam_repeat_task *task, int64_t job,
                                                const cam_repeat_result *result);
/* Takes what the file holds. A file that is absent, damaged or of another task leaves the result as it is: the training is
 * made again. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_repeat_file_read(const cam_repeat_task *task, int64_t job, cam_repeat_result *result);

#endif
