/* repository_internal.h: what the Hub says about one revision of a model. */
#ifndef CAM_REPOSITORY_INTERNAL_H
#define CAM_REPOSITORY_INTERNAL_H

#include "blob_internal.h"

struct json_t;

typedef struct cam_hub_repository {
    const char *id, *revision;
    char commit[41];
    struct json_t *names; /* the files, as the keys of an object */
} cam_hub_repository;

/* Asks for the commit and the files. CAM_E_NETWORK, also for a model or revision that is not there; CAM_E_STOPPED.
 * Release in both cases. */
CAM_MUST_CHECK cam_status cam_hub_repository_open(cam_http *http, const char *id, const char *revision,
                                                  cam_hub_repository *repository);
/* Reads the answer to that question, {"sha": ..., "siblings": [{"rfilename": ...}, ...]}, into commit and names.
 * CAM_E_NETWORK. */
CAM_MUST_CHECK cam_status cam_hub_repository_read(const cam_http *http, const cam_http_answer *answer,
                                                  cam_hub_repository *repository);
void cam_hub_repository_release(cam_hub_repository *repository);

int cam_hub_repository_has(const cam_hub_repository *repository, const char *name);
/* Asks for the length and the hash of a file. `file->etag` is to be freed. */
CAM_MUST_CHECK cam_status cam_hub_repository_describe(cam_http *http, const cam_hub_repository *repository,
                                                      const char *name, cam_hub_file *file);
/* Gets a file into the snapshot; see cam_hub_file_get. Here a refusal is a failure. */
CAM_MUST_CHECK cam_status cam_hub_repository_get(cam_http *http, const cam_hub_repository *repository,
                                                 const cam_hub_folders *folders, const cam_hub_file *file, int verify);

/* CAM_E_NETWORK with a message that says what the Hub's refusal means for the user. `name` is a file's or NULL. */
cam_status cam_hub_refuse(const cam_http *http, const cam_hub_repository *repository, const char *name,
                          const cam_http_answer *answer);

#endif
