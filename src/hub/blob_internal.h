/* blob_internal.h: the files of a repository in the Hugging Face cache. */
#ifndef CAM_BLOB_INTERNAL_H
#define CAM_BLOB_INTERNAL_H

#include "http_internal.h"

/* The folders of one model, of one commit. */
typedef struct cam_hub_folders {
    char *repository, *blobs, *snapshot, *refs, *locks;
} cam_hub_folders;

/* Names the folders; makes none. */
void cam_hub_folders_init(cam_hub_folders *folders, const char *id, const char *commit);
void cam_hub_folders_release(cam_hub_folders *folders);

/* A file of the repository, as the Hub describes it. */
typedef struct cam_hub_file {
    const char *name; /* without a folder */
    char *etag;       /* 64 hex digits: SHA-256; 40: SHA-1 of the git object */
    long long size;
} cam_hub_file;

/* True for a text that is one of the two hashes. */
int cam_hub_is_hash(const char *etag);

/* How many bytes of the file must still be downloaded. */
long long cam_hub_missing_bytes(const cam_hub_folders *folders, const cam_hub_file *file);

/* Makes the file part of the snapshot: downloads what is missing of its blob from `path` of the endpoint, checks it, and
 * links it. With `verify` a blob that is there is read, and replaced where it is damaged. Waits while another process
 * downloads it. A file whose hash is wrong is removed and downloaded once again.
 * CAM_OK with answer->status of 4xx or 5xx where the Hub refuses the file; `answer` is zeroed or from the last call.
 * CAM_E_NETWORK, CAM_E_STORAGE, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_hub_file_get(cam_http *http, const cam_hub_folders *folders, const cam_hub_file *file,
                                           const char *path, int verify, cam_http_answer *answer);

/* Sets *is_right: the file has the hash. CAM_E_STORAGE, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_hub_hash_check(const char *path, const char *etag, const cam_cancel *cancel,
                                             int *is_right);

#endif
