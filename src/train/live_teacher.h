/* live_teacher.h: the teacher of pretraining. A corpus is too large to keep answers for, and the places that are asked for
 * change in every epoch. So it stays, and runs in every step on the texts before they are masked.
 */
#ifndef CAM_LIVE_TEACHER_H
#define CAM_LIVE_TEACHER_H

#include "camembert.h"
#include "model_folder.h"

/* A zeroed struct: none. */
typedef struct cam_live_teacher {
    cam_parameters params;
    cam_camembert model;
} cam_live_teacher;

/* Lays out its weights; no backend memory is allocated. Close it in every case. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_live_teacher_layout(cam_live_teacher *live, const cam_model_source *source,
                                                  cam_backend *backend, int bf16);
/* Allocates and loads them. CAM_E_MODEL, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_live_teacher_load(cam_live_teacher *live, const cam_model_source *source,
                                                cam_backend *backend);
void cam_live_teacher_close(cam_live_teacher *live);
/* *hidden [R,H]: its last hidden states at the query rows of the student's batch, without masks; in arena memory. */
CAM_MUST_CHECK cam_status cam_live_teacher_hidden(cam_live_teacher *live, const cam_pass *student, cam_tensor *hidden);

#endif
