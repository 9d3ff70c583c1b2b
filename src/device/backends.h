/* backends.h: the devices that this program can compute on.
 */
#ifndef CAM_BACKENDS_H
#define CAM_BACKENDS_H

#include "cam/backend.h"
#include "cam/comm.h"
#include "group.h"
#include "strbuf.h"

typedef struct cam_device_options {
    const char *device;    /* "auto", "cpu" or "cuda" */
    int threads;           /* of the CPU; 0 = what the process may use */
    int tf32;              /* on CUDA, f32 products may be rounded */
    const char *attention; /* "auto", "native" or "cudnn" */
    int untuned;           /* CUDA's products without a table */
    int explain;           /* log why auto takes the CPU, where this program could have used a GPU */
    cam_group *group;      /* ranks that open theirs together, one device each; NULL: alone */
} cam_device_options;

/* auto takes a GPU where one can be used. On a GPU the table of cam_backends_table is used where it is there.
 * Of several ranks each takes the GPU of its number on its machine, or its share of the processors.
 * CAM_E_USAGE for a name that is none; CAM_E_DATA for a file that is no table, or that CAM_MATMUL_TABLE names and is
 * not there. */
CAM_MUST_CHECK cam_status cam_backends_open(const cam_device_options *options, cam_backend **backend);
/* Where the products' choices for this machine's GPU lie (`tune` writes them there), whether or not they do; to be
 * freed: the file that CAM_MATMUL_TABLE names, else matmul-GPU.txt, "matmul-NVIDIA-H200.txt" say, in the folder
 * cam-train of the user's cache. *path is NULL where CAM_MATMUL_TABLE is "none". CAM_E_DEVICE and CAM_E_UNSUPPORTED
 * where there is no GPU.
 */
CAM_MUST_CHECK cam_status cam_backends_table(char **path);
/* The collectives of a group whose ranks have all opened a backend; NULL for one rank alone. On CPUs MPI, on GPUs NCCL;
 * CAM_COMM in the environment, "mpi" or "nccl", says otherwise, and "nccl" also gives one rank its own.
 * CAM_E_DEVICE where the ranks' devices do not compute alike. */
CAM_MUST_CHECK cam_status cam_backends_connect(cam_group *group, cam_backend *backend, cam_comm **comm);
/* A line for each, for --version. */
void cam_backends_describe(cam_strbuf *out);

#endif
