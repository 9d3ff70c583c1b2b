/* checkpoint.h: the folders `checkpoint-N` in a run's output folder, from which a stopped run goes on. A checkpoint is a
 * step, the id of its run, and named files; what the files hold is the caller's.
 *
 * A checkpoint is complete once its folder has its name. Until then its files lie in the staged folder
 * `.checkpoint-N.tmp-TOKEN`, which its writer locks. manifest.json, written last, has the size and the SHA-256 of each
 * file, and its own SHA-256. checkpoint_reader.h reads a checkpoint, checkpoint_writer.h writes one behind the caller.
 *
 * Invariant: a killed writer leaves every earlier checkpoint as it was, and at most hidden folders, which the next
 * writer removes. What belongs to another run, and what nobody can read, is never removed.
 *
 * Errors: CAM_E_STORAGE where the system fails, CAM_E_MEMORY; others are named below. Messages name full paths. */
#ifndef CAM_CHECKPOINT_H
#define CAM_CHECKPOINT_H

#include "cam/status.h"
#include "cancel.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- writing ------------------------------------------------------------------------------------------------------- */

typedef struct cam_checkpoint_file {
    const char *name;  /* unique over all parts; cam_checkpoint_name_is_valid */
    const void *bytes; /* its contents; nobody may write them before the checkpoint is written */
    size_t count;
    const char
        *like; /* instead of bytes: a file that nobody writes in place. It is cloned, else hard-linked, else copied */
} cam_checkpoint_file;

typedef struct cam_checkpoint {
    const char *folder; /* the run's output folder; may lead through a descriptor (/proc/self/fd/7) */
    const char *run_id;
    int64_t step; /* N, 0 or more */
    /* Several parts write the files of one checkpoint, each its own. Part 0 makes the staged folder, waits for the lists of
     * the others and publishes the checkpoint. parts == 0 stands for one part. */
    int part, parts;
    const char *token; /* of the staged folder, the same for all parts: "<host>-<pid>" of part 0 */
    const cam_checkpoint_file *files;
    size_t count;
    int64_t keep;             /* how many checkpoints of the run stay; 0: all */
    int64_t best_step;        /* its checkpoint always stays, as do the newest and the one just written; -1: none */
    double timeout_s;         /* of part 0 for the others' lists, and of the others for the staged folder */
    const cam_cancel *cancel; /* or NULL; once it is requested, these two waits end with CAM_E_PEER */
} cam_checkpoint;

/* A file's name in a checkpoint: 1 to 200 bytes, no slash, no dot at the beginning, no control character, and none of the
 * names that this box uses itself (manifest.json, lock, part-...). */
int cam_checkpoint_name_is_valid(const char *name);

/* Writes a checkpoint, or a part of one. CAM_OK of part 0 means that the whole is on the disk under its name; CAM_OK of
 * another part, that this part is on the disk. An earlier checkpoint of the same run and step is replaced, by one rename
 * where the system can exchange two folders. A folder of that name that is no checkpoint of this run gets another name,
 * checkpoint-N.moved-1, and a warning says so. Old checkpoints are removed last; what fails there is a warning.
 *
 * After a failure nothing of the checkpoint is left under its name. CAM_E_STORAGE says how many bytes are needed where
 * there is no room. CAM_E_PEER: other parts failed, or did not come in time. CAM_E_STORAGE of a part that does not see
 * the staged folder.
 *
 * Before the first write of a run with several parts, call cam_checkpoint_remove_leftovers: a part would take the staged
 * folder of a killed run with the same token for the new one. */
CAM_MUST_CHECK cam_status cam_checkpoint_write(const cam_checkpoint *checkpoint);

/* --- what a folder has --------------------------------------------------------------------------------------------- */

typedef struct cam_checkpoint_found {
    int64_t step;
    char *path; /* folder/checkpoint-N */
} cam_checkpoint_found;

/* The complete checkpoints of a run, newest first; of any run where run_id is NULL. A folder that does not exist has none.
 * `damaged` (or NULL) gets a line for each checkpoint-N whose manifest cannot be used. Release in any case. */
CAM_MUST_CHECK cam_status cam_checkpoint_list(const char *folder, const char *run_id, cam_checkpoint_found **found,
                                              size_t *count, cam_strbuf *damaged);
void cam_checkpoint_list_release(cam_checkpoint_found *found, size_t count);

/* folder/checkpoint-N, to be freed. */
char *cam_checkpoint_path(const char *folder, int64_t step);

/* --- removing ------------------------------------------------------------------------------------------------------ */

/* Removes what killed writers left, and puts back a checkpoint that they were replacing. The staged folder of a living
 * writer stays. cam_checkpoint_write does it, too. */
CAM_MUST_CHECK cam_status cam_checkpoint_remove_leftovers(const char *folder);
/* Removes every checkpoint of a run: first its name, then its files, those that the manifest names. A folder with other
 * files keeps them, and its name; a warning says so. */
CAM_MUST_CHECK cam_status cam_checkpoint_remove_run(const char *folder, const char *run_id);

#ifdef __cplusplus
}
#endif
#endif
