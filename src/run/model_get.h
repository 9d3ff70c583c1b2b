/* model_get.h: the folder of a model by its name, for all ranks of a run. */
#ifndef CAM_MODEL_GET_H
#define CAM_MODEL_GET_H

#include "cancel.h"
#include "group.h"
#include "hub_cache.h"

/* How long ranks wait for one that may download a model, in seconds. A download that stands still fails by itself. */
enum { CAM_MODEL_GET_S = 24 * 3600 };

/* Sets *folder, to be freed; a model that the Hugging Face cache lacks is downloaded. The first rank of each machine
 * downloads, the others wait for it and look it up. `group` is NULL where this rank works alone.
 * Errors: those of cam_hub_get. */
CAM_MUST_CHECK cam_status cam_model_get(cam_group *group, const char *name, const char *revision, cam_model_needs needs,
                                        const cam_cancel *cancel, char **folder);

#endif
