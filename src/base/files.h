/* files.h: reads, maps and durably writes files. The message of a failed system call names the full path.
 *
 * A failure to read returns `kind`, which the caller chooses (CAM_E_DATA, CAM_E_MODEL or CAM_E_USAGE); a failure to
 * write returns CAM_E_STORAGE. */
#ifndef CAM_FILES_H
#define CAM_FILES_H

#include "cam/status.h"
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

/* Writes a file atomically: into a temporary file beside it, which commit syncs and renames. abandon after a failure
 * removes the temporary file; abandon after commit does nothing. */
typedef struct cam_file_writer {
    int fd;
    char *path, *temporary;
} cam_file_writer;
CAM_MUST_CHECK cam_status cam_file_writer_open(cam_file_writer *writer, const char *path);
CAM_MUST_CHECK cam_status cam_file_writer_write(cam_file_writer *writer, const void *bytes, size_t count);
CAM_MUST_CHECK cam_status cam_file_writer_commit(cam_file_writer *writer);
void cam_file_writer_abandon(cam_file_writer *writer);
CAM_MUST_CHECK cam_status cam_file_write(const char *path, const void *bytes, size_t count); /* open, write, commit */
CAM_MUST_CHECK cam_status cam_file_copy(const char *from, const char *to);

int cam_file_exists(const char *path);
int cam_file_is_regular(const char *path); /* no folder, pipe or device */
/* True where both paths lead to the same file or folder. */
int cam_file_is_same(const char *a, const char *b);
int cam_file_exists_in(const char *folder, const char *name);
int cam_directory_exists(const char *path);
/* Makes a folder and its missing parents. */
CAM_MUST_CHECK cam_status cam_directory_make(const char *path);
CAM_MUST_CHECK cam_status cam_directory_sync(const char *path);

/* Gives "folder/name", to be freed. */
char *cam_path_join(const char *folder, const char *name);
/* Replaces a "~" at the beginning by the home folder: "~", "~/name". Sets *expanded, to be freed. Fails with `kind` for
 * "~user" and where there is no home folder. */
CAM_MUST_CHECK cam_status cam_path_expand(const char *path, cam_status kind, char **expanded);
/* True for a path with "$NAME" or "${NAME}", which a shell would have replaced. */
int cam_path_has_variable(const char *path);
/* What to add to the message that a path is not there: a hint about variables of the shell, or "". `error` is errno. */
const char *cam_path_hint(const char *path, int error);
/* The absolute path, for messages, to be freed. */
char *cam_path_absolute(const char *path);

#ifdef __cplusplus
}
#endif
#endif
