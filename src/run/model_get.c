/* model_get.c: see model_get.h. */
#include "model_get.h"
#include "hub.h"

cam_status cam_model_get(cam_group *group, const char *name, const char *revision, cam_model_needs needs,
                         const cam_cancel *cancel, char **folder) {
    cam_hub_options options = {.cancel = cancel};
    *folder = NULL;
    if (cam_group_ranks(group) == 1)
        return cam_hub_get(name, revision, needs, &options, folder);
    double timeout_s = group->timeout_s;
    cam_status st = group->local_rank == 0 ? cam_hub_get(name, revision, needs, &options, folder) : CAM_OK;
    group->timeout_s = CAM_MODEL_GET_S;
    st = cam_group_agree_status(group, "get the model", st);
    group->timeout_s = timeout_s;
    if (st == CAM_OK && group->local_rank != 0)
        st = cam_model_locate(name, revision, needs, folder);
    return st;
}
