/* run_distill_internal.h: the teacher of a run, and the student that begins as layers of it (the keys distill_*). */
#ifndef CAM_RUN_DISTILL_INTERNAL_H
#define CAM_RUN_DISTILL_INTERNAL_H

#include "run.h"

/* Whether the model begins as layers of the teacher. */
int cam_run_is_begun_from_teacher(const cam_config *config);
/* Finds the teacher's folder, which is that of the model where this begins as layers of it, and reads its config.json;
 * nothing where there is no teacher. CAM_E_MODEL, CAM_E_NETWORK. */
CAM_MUST_CHECK cam_status cam_run_find_teacher(cam_run *run);
/* Chooses the layers of run->model, which was read from the teacher's folder, and says which. CAM_E_USAGE where the
 * teacher has fewer. */
CAM_MUST_CHECK cam_status cam_run_choose_layers(cam_run *run);
/* Opens the teacher's weights and compares the teacher with the run: tokenizer, labels, sizes. The data are read and
 * tokenised. CAM_E_MODEL, CAM_E_USAGE, CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_run_check_teacher(cam_run *run);

#endif
