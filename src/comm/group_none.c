/* group_none.c: the group of a program that was built without MPI: always one rank. */
#include "group.h"
#include "launcher_internal.h"

cam_status cam_group_open(cam_group *group) {
    *group = (cam_group){.ranks = 1, .local_ranks = 1, .timeout_s = CAM_GROUP_TIMEOUT_S, .reporter = -1};
    const char *launcher = cam_launcher();
    return launcher ? cam_fail(CAM_E_USAGE,
                               "started by a launcher (%s is set), but this cam-train was built without MPI; install "
                               "libopenmpi-dev and build again, or start it alone",
                               launcher)
                    : CAM_OK;
}

cam_status cam_group_agree_status(cam_group *group, const char *where, cam_status status) {
    (void)group, (void)where;
    return status;
}

cam_status cam_group_all_gather(cam_group *group, const char *where, void *data, const size_t *begin) {
    (void)group, (void)where, (void)data, (void)begin;
    return CAM_OK;
}

cam_status cam_group_broadcast(cam_group *group, const char *where, void *data, size_t bytes) {
    (void)group, (void)where, (void)data, (void)bytes;
    return CAM_OK;
}

cam_status cam_group_require_equal(cam_group *group, const char *what, uint64_t value) {
    (void)group, (void)what, (void)value;
    return CAM_OK;
}

cam_status cam_group_sum(cam_group *group, const char *where, long long *value) {
    (void)group, (void)where, (void)value;
    return CAM_OK;
}

cam_status cam_group_poll(cam_group *group) {
    (void)group;
    return CAM_OK;
}

cam_status cam_group_finish(cam_group *group, cam_status status) {
    (void)group;
    return status;
}

cam_status cam_group_finalize(cam_group *group, cam_status status) {
    (void)group;
    return status;
}

const char *cam_group_build(void) {
    return "none: built without MPI";
}
