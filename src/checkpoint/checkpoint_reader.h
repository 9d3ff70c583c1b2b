/* checkpoint_reader.h: an open checkpoint. Its files stay open, so that what was verified is what is read, also where the
 * checkpoint is removed or renamed meanwhile. A manifest is not trusted.
 *
 * Errors: CAM_E_MODEL, which names the file and what is wrong with it; CAM_E_MEMORY. */
#ifndef CAM_CHECKPOINT_READER_H
#define CAM_CHECKPOINT_READER_H

#include "cam/status.h"
#include "file_reader.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_checkpoint_entry {
    char *name;
    uint64_t bytes;
    const char *sha256;   /* 64 hexadecimal digits, of the manifest */
    cam_file_reader file; /* of exactly `bytes` bytes when it was opened */
} cam_checkpoint_entry;

typedef struct cam_checkpoint_reader {
    char *path;
    char *run_id;
    int64_t step;
    cam_checkpoint_entry *entries; /* in the order of the manifest */
    size_t count;
    struct cam_manifest *manifest;
} cam_checkpoint_reader;

/* Reads the manifest, opens every file and compares the sizes. A zeroed struct is closed; after a failure *reader is. */
CAM_MUST_CHECK cam_status cam_checkpoint_open(cam_checkpoint_reader *reader, const char *path);
/* Computes the SHA-256 of every file, several files at once. The message is about the first that is wrong. */
CAM_MUST_CHECK cam_status cam_checkpoint_verify(const cam_checkpoint_reader *reader);
/* The file of that name; NULL where there is none. */
const cam_checkpoint_entry *cam_checkpoint_find(const cam_checkpoint_reader *reader, const char *name);
/* Reads bytes [begin, begin + count) of a file; fails where it has fewer. */
CAM_MUST_CHECK cam_status cam_checkpoint_read(const cam_checkpoint_entry *entry, uint64_t begin, size_t count,
                                              void *to);
void cam_checkpoint_close(cam_checkpoint_reader *reader); /* of a closed one: does nothing */

#ifdef __cplusplus
}
#endif
#endif
