/* backends.h: opens the device that a command computes on, and the collectives between ranks. */
#ifndef CAM_BACKENDS_H
#define CAM_BACKENDS_H

#include "cam/backend.h"
#include "cam/comm.h"
#include "device_options.h"
#include "group.h"
#include "strbuf.h"

/* The threads for a rank's work outside the device: its part of the processors that the process may use, at least 1. */
int cam_host_threads(const cam_group *group);

/* auto takes a GPU if one can be used. On a GPU, the table of cam_backends_table is used if the file exists. With
 * several ranks, each takes the GPU with its rank number on its machine, or its part of the machine's processors.
 * CAM_E_UNSUPPORTED for cudnn on the CPU; CAM_E_DATA for a file that is not a table, or if the file that
 * CAM_MATMUL_TABLE names does not exist. */
CAM_MUST_CHECK cam_status cam_backends_open(const cam_device_options *options, cam_backend **backend);
/* Begins to open the GPU that cam_backends_open will be asked for with the same options, in a thread of its own: it gets
 * ready while the main thread reads the data. Nothing begins for the CPU, in a program that is built without CUDA, and
 * with several ranks, which open together. */
void cam_backends_begin(const cam_device_options *options);
/* Closes what was begun and then not used, once the user knows why. 0 where the device does not answer within ten
 * seconds: the process then has to end without cleaning up. */
int cam_backends_end(void);
/* The path of the table of matmul choices for this machine's GPU, which `tune` writes; the file need not exist; the
 * caller frees it. It is the file that CAM_MATMUL_TABLE names, else matmul-GPU.txt (such as "matmul-NVIDIA-H200.txt")
 * in the folder cam-train of the user's cache. *path is NULL if CAM_MATMUL_TABLE is "none". CAM_E_DEVICE or
 * CAM_E_UNSUPPORTED if there is no GPU. */
CAM_MUST_CHECK cam_status cam_backends_table(char **path);
/* The collectives of a group whose ranks have all opened a backend; NULL with one rank. MPI on CPUs, NCCL on GPUs,
 * unless the environment sets CAM_COMM to "mpi" or "nccl"; with "nccl", one rank gets a communicator, too. CAM_E_DEVICE
 * if the ranks' devices do not give the same bits. */
CAM_MUST_CHECK cam_status cam_backends_connect(cam_group *group, cam_backend *backend, cam_comm **comm);
/* Appends a line for each backend, for --version. */
void cam_backends_describe(cam_strbuf *out);

#endif
