/* download_internal.h: downloads the files of a model that are needed here. */
#ifndef CAM_DOWNLOAD_INTERNAL_H
#define CAM_DOWNLOAD_INTERNAL_H

#include "http_internal.h"
#include "hub_cache.h"

/* Makes the snapshot of the revision's newest commit complete, then points the revision at it. The weights come last, so
 * an interrupted download looks incomplete to everybody. `verify`: see cam_hub_file_get.
 * CAM_E_NETWORK, CAM_E_MODEL, CAM_E_STORAGE, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_hub_download(cam_http *http, const char *id, const char *revision, cam_model_needs needs,
                                           int verify);

#endif
