/* files.h: reads, maps and copies files. file_writer.h writes them; paths.h has paths and folders.
 *
 * The message of a failed system call names the full path. A failure to read returns `kind`, which the caller chooses
 * (CAM_E_DATA, CAM_E_MODEL or CAM_E_USAGE); a failure to write returns CAM_E_STORAGE. */
#ifndef CAM_FILES_H
#define CAM_FILES_H

#include "cam/status.h"
#include "file_writer.h"
#include "paths.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Appends a whole file (standard input for "-") to `out`; fails with `kind` where it is larger than `max_bytes`. */
CAM_MUST_CHECK cam_status cam_file_read(const char *path, size_t max_bytes, cam_status kind, cam_strbuf *out);

/* A file mapped read-only. An empty file maps to bytes == NULL, size == 0. */
typedef struct cam_mapping {
    const unsigned char *bytes;
    size_t size;
} cam_mapping;
CAM_MUST_CHECK cam_status cam_file_map(const char *path, cam_status kind, cam_mapping *map);
void cam_file_unmap(cam_mapping *map);

CAM_MUST_CHECK cam_status cam_file_copy(const char *from, const char *to);

int cam_file_exists(const char *path);
int cam_file_is_regular(const char *path); /* no folder, pipe or device */
/* True where both paths lead to the same file or folder. */
int cam_file_is_same(const char *a, const char *b);
int cam_file_exists_in(const char *folder, const char *name);

#ifdef __cplusplus
}
#endif
#endif
