/* comm_mpi_none.c: replaces comm_mpi.c in a program that was built without MPI. */
#include "comm_mpi.h"

cam_status cam_comm_mpi_open(cam_group *group, cam_backend *backend, cam_comm **comm) {
    (void)group, (void)backend;
    *comm = NULL;
    return cam_fail(CAM_E_UNSUPPORTED, "this cam-train was built without MPI");
}
