/* checkpoint_folder_internal.h: the names that a checkpoint's folder has in its life, and its removal.
 *
 *     .checkpoint-N.tmp-TOKEN  staged; its file "lock" is locked by the living writer
 *     .checkpoint-N.old-K      complete, while another takes its place where two folders cannot be exchanged
 *     checkpoint-N             complete
 *     .checkpoint-N.gone-K     being removed: its files go first, its manifest last
 *     checkpoint-N.moved-K     what had this name and was no checkpoint of the run */
#ifndef CAM_CHECKPOINT_FOLDER_INTERNAL_H
#define CAM_CHECKPOINT_FOLDER_INTERNAL_H

#include "cam/status.h"
#include <stdint.h>

#define CAM_CHECKPOINT_LOCK "lock"

/* True for anything of this name, also a link that leads nowhere. */
int cam_checkpoint_exists(const char *path);
/* N of "checkpoint-N", as cam-train writes it; -1 for other names. */
int64_t cam_checkpoint_step_of(const char *name);

/* All give a path to be freed. */
char *cam_checkpoint_stage_path(const char *folder, int64_t step, const char *token);
/* "part-3.json", "part-3.failed" of the staged folder */
char *cam_checkpoint_part_path(const char *stage, int part, const char *end);
/* The first name that nothing has, K from 1: kind is "old" or "gone". */
char *cam_checkpoint_hidden_path(const char *folder, int64_t step, const char *kind);

/* Renames what has the name of a checkpoint to checkpoint-N.moved-K, with a warning. */
CAM_MUST_CHECK cam_status cam_checkpoint_move_aside(const char *folder, int64_t step);

/* Removes a staged folder that was never published with all that is in it; what is there no more is no failure. It loses its name first, so that
 * other parts find it no more. */
CAM_MUST_CHECK cam_status cam_checkpoint_remove_stage(const char *stage);
/* Removes a complete checkpoint, which has any of the names above: its files by its manifest. Files of others keep their
 * folder under a visible name; a warning says so. */
CAM_MUST_CHECK cam_status cam_checkpoint_remove(const char *folder, int64_t step, const char *path);
/* Unlinks the files that a staged folder has besides those of the checkpoint: lists of parts, the lock. */
CAM_MUST_CHECK cam_status cam_checkpoint_clear_stage(const char *stage);

#endif
