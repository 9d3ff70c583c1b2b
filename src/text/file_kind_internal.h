/* file_kind_internal.h: names a file that is no text, by its first bytes. */
#ifndef CAM_FILE_KIND_INTERNAL_H
#define CAM_FILE_KIND_INTERNAL_H

#include "strbuf.h"
#include <stddef.h>

/* Appends what the file is and how to get a CSV file from it ("an Excel workbook; save it as CSV UTF-8"), and returns 1;
 * 0 where the bytes are none of the known kinds. `path` is named in commands; NULL for standard input. */
int cam_file_kind_put(cam_strbuf *out, const char *path, const unsigned char *bytes, size_t size);

#endif
