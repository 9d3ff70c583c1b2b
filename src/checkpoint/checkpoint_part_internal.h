/* checkpoint_part_internal.h: the files of one part, written into the staged folder. */
#ifndef CAM_CHECKPOINT_PART_INTERNAL_H
#define CAM_CHECKPOINT_PART_INTERNAL_H

#include "checkpoint.h"
#include "manifest_internal.h"

/* What a message about a full disk says. */
typedef struct cam_checkpoint_room {
    uint64_t needed;   /* bytes of this part's files */
    double free_bytes; /* before the first was written */
} cam_checkpoint_room;

/* Adds up the files, and fails where the file system has less room than the files in memory take. */
CAM_MUST_CHECK cam_status cam_checkpoint_check_room(const cam_checkpoint *checkpoint, cam_checkpoint_room *room);
/* Fails with the message of errno for `name` in the checkpoint (NULL: for the checkpoint). */
CAM_MUST_CHECK cam_status cam_checkpoint_fail(const cam_checkpoint *checkpoint, const cam_checkpoint_room *room,
                                              const char *verb, const char *name);

/* Writes and syncs the files, and hashes them meanwhile. Appends them to *manifest. After a failure the files that it has
 * made are removed, so that there is room to say so. */
CAM_MUST_CHECK cam_status cam_checkpoint_write_part(const cam_checkpoint *checkpoint, const cam_checkpoint_room *room,
                                                    const char *stage, cam_manifest *manifest);

#endif
