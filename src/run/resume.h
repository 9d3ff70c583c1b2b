/* resume.h: what becomes of an earlier run in the output folder. A stopped one with the same settings goes on. A finished
 * one stays as it is, and any other one is refused; both are replaced where overwrite_output_dir is set. */
#ifndef CAM_RESUME_H
#define CAM_RESUME_H

#include "run_record.h"

/* Sets run->resume and run->is_occupied from what lies in output_dir. CAM_E_USAGE where there is a run that cannot go on,
 * whatever the data are: resume_from_checkpoint is none, or the folder has no readable run.json. Rank 0 only. */
CAM_MUST_CHECK cam_status cam_resume_find(cam_run *run);
/* Compares the run, whose data and model have been read, with the one that cam_resume_find has found. CAM_E_USAGE with all
 * differences; CAM_E_MODEL where resume_from_checkpoint names no checkpoint of that run. Rank 0 only. */
CAM_MUST_CHECK cam_status cam_resume_decide(cam_run *run);
/* What rank 0 has decided becomes known to all ranks. */
CAM_MUST_CHECK cam_status cam_resume_share(cam_run *run);

/* Appends a line that says what will become of the run: "resume   checkpoint-12 of ...". Nothing for a new run. */
void cam_resume_put(const cam_run *run, cam_strbuf *out);

#endif
