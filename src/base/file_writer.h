/* file_writer.h: a file that appears whole under its name, or not at all.
 *
 *     cam_file_writer writer = CAM_FILE_WRITER_CLOSED;
 *     CAM_TRY(cam_file_writer_open(&writer, path));
 *     CAM_TRY(cam_file_writer_write(&writer, bytes, count));
 *     CAM_TRY(cam_file_writer_commit(&writer));
 * out:
 *     cam_file_writer_abandon(&writer);
 *
 * The bytes go into a temporary file beside it, NAME.cam-tmp-PID. commit syncs it, closes it, gives it its name and syncs
 * the folder; an old file of that name stays as it is until then, also where it is mapped. The temporary file is locked
 * while its process lives, so that the next writer of the same file can tell a leftover of a killed one, and removes it.
 *
 * Errors: CAM_E_STORAGE; where there is no room, the message says how much is needed. */
#ifndef CAM_FILE_WRITER_H
#define CAM_FILE_WRITER_H

#include "cam/status.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_file_writer {
    int fd;   /* of the temporary file; -1: closed */
    int lock; /* the same file: the lock outlives the closing of fd, until the file has its name */
    char *path, *temporary;
    uint64_t bytes;   /* that the whole file will have; 0: not known */
    uint64_t written; /* so far */
} cam_file_writer;

#define CAM_FILE_WRITER_CLOSED                                                                                         \
    { .fd = -1, .lock = -1 }

CAM_MUST_CHECK cam_status cam_file_writer_open(cam_file_writer *writer, const char *path);
/* Says how large the file is going to be, and takes the room for it where the file system can: a full disk is found
 * before anything is written. */
CAM_MUST_CHECK cam_status cam_file_writer_reserve(cam_file_writer *writer, uint64_t bytes);
CAM_MUST_CHECK cam_status cam_file_writer_write(cam_file_writer *writer, const void *bytes, size_t count);
/* Writes and empties a text that grows line by line, once it has a block of 1 MiB; with `all` whatever it has. */
CAM_MUST_CHECK cam_status cam_file_writer_drain(cam_file_writer *writer, cam_strbuf *text, int all);
CAM_MUST_CHECK cam_status cam_file_writer_commit(cam_file_writer *writer);
/* Removes the temporary file. After commit, or of a closed writer, it does nothing. */
void cam_file_writer_abandon(cam_file_writer *writer);
CAM_MUST_CHECK cam_status cam_file_write(const char *path, const void *bytes, size_t count); /* all of these */

/* Removes temporary files of killed writers of this file. open does it, too. Where files cannot be locked, nobody knows
 * whose they are, and they stay. */
void cam_file_remove_leftovers(const char *path);

#ifdef __cplusplus
}
#endif
#endif
