/* comm_nccl_none.c: replaces comm_nccl.cu in a program that is built without NCCL's header. */
#include "comm_nccl.h"

static cam_status none(void) {
    return cam_fail(CAM_E_UNSUPPORTED, "this cam-train was built without NCCL; use CAM_COMM=mpi");
}

cam_status cam_comm_nccl_id(unsigned char id[CAM_NCCL_ID_BYTES]) {
    (void)id;
    return none();
}

cam_status cam_comm_nccl_open(cam_backend *cuda, const cam_comm_nccl_options *options, cam_comm **comm) {
    (void)cuda, (void)options;
    *comm = NULL;
    return none();
}
