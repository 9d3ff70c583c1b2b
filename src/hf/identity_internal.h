/* identity_internal.h: a hash of the contents of open files. */
#ifndef CAM_IDENTITY_INTERNAL_H
#define CAM_IDENTITY_INTERNAL_H

#include "file_reader.h"

enum { CAM_IDENTITY_PIECE = 4 << 20, CAM_IDENTITY_BYTES = 32, CAM_IDENTITY_HEX_BYTES = 65 };

/* SHA-256 over the files in this order: for each its size, u64 little-endian, and the SHA-256 of each of its pieces of
 * CAM_IDENTITY_PIECE bytes, the last one shorter. Pieces are hashed on up to four threads; the result does not depend on
 * their number. `hex` has CAM_IDENTITY_HEX_BYTES bytes. Fails as the readers do, or with CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_identity_of_files(const cam_file_reader *const *files, size_t count, char *hex);

#endif
