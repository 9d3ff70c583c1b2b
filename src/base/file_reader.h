/* file_reader.h: a file that stays open while parts of it are read. A program that cuts or writes the file meanwhile causes
 * a status; a mapped file would end the process with a signal.
 *
 * Failures return the kind given to open: CAM_E_DATA, CAM_E_MODEL or CAM_E_USAGE. */
#ifndef CAM_FILE_READER_H
#define CAM_FILE_READER_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A zeroed struct is a closed reader. */
typedef struct cam_file_reader {
    char *path; /* NULL: closed */
    cam_status kind;
    int fd;
    uint64_t bytes;                /* its size when it was opened */
    int64_t changed_s, changed_ns; /* when it was written to last, by then */
} cam_file_reader;

/* After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_file_reader_open(cam_file_reader *reader, const char *path, cam_status kind);
/* Reads bytes [begin, begin + count), which lie within `bytes`. Fails where the file has become shorter. */
CAM_MUST_CHECK cam_status cam_file_reader_read(const cam_file_reader *reader, uint64_t begin, size_t count, void *to);
/* Fails where the file has been written to since it was opened. */
CAM_MUST_CHECK cam_status cam_file_reader_check(const cam_file_reader *reader);
void cam_file_reader_close(cam_file_reader *reader); /* of a closed one: does nothing */

#ifdef __cplusplus
}
#endif
#endif
