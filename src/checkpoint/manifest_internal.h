/* manifest_internal.h: manifest.json, the list of a checkpoint's files. A part's list, part-R.json, has the same form.
 *
 *     {"format":1,"run_id":"...","step":30,"files":[{"name":"...","bytes":12,"sha256":"..."}],"manifest_sha256":"..."}
 *
 * One line, without spaces. manifest_sha256 is that of the bytes before its comma, so that a change of any byte is found. */
#ifndef CAM_MANIFEST_INTERNAL_H
#define CAM_MANIFEST_INTERNAL_H

#include "sha256.h"
#include "strbuf.h"

#define CAM_MANIFEST_NAME "manifest.json"

typedef struct cam_manifest_file {
    char *name;
    uint64_t bytes;
    char sha256[CAM_SHA256_DIGITS + 1];
} cam_manifest_file;

/* A zeroed struct is empty. */
typedef struct cam_manifest {
    char *run_id;
    int64_t step;
    cam_manifest_file *files;
    size_t count;
} cam_manifest;

CAM_MUST_CHECK cam_status cam_manifest_write(const char *path, const cam_manifest *manifest);
/* CAM_E_MODEL with the path and what is wrong, CAM_E_MEMORY; *manifest is then empty. */
CAM_MUST_CHECK cam_status cam_manifest_read(const char *path, cam_manifest *manifest);
/* The same for folder/manifest.json. */
CAM_MUST_CHECK cam_status cam_manifest_read_in(const char *folder, cam_manifest *manifest);
/* Moves the files of `from`, which is left without any, to the end of `to`. */
CAM_MUST_CHECK cam_status cam_manifest_append(cam_manifest *to, cam_manifest *from);
void cam_manifest_release(cam_manifest *manifest);

#endif
