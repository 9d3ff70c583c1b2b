/* comm_nccl_library.h: the NCCL functions that comm_nccl.cu calls. comm_nccl_library.cu loads them; tests/simt has
 * stand-ins.
 */
#ifndef CAM_COMM_NCCL_LIBRARY_H
#define CAM_COMM_NCCL_LIBRARY_H

#include "cam/status.h"
#include <nccl.h>

/* X(name): the function nccl<name>. */
#define CAM_NCCL_CALLS(X)                                                                                              \
    X(AllGather)                                                                                                       \
    X(AllReduce)                                                                                                       \
    X(Broadcast)                                                                                                       \
    X(CommAbort)                                                                                                       \
    X(CommDestroy)                                                                                                     \
    X(CommFinalize)                                                                                                    \
    X(CommGetAsyncError)                                                                                               \
    X(CommInitRankConfig)                                                                                              \
    X(GetErrorString)                                                                                                  \
    X(GetLastError)                                                                                                    \
    X(GetUniqueId)                                                                                                     \
    X(GetVersion)                                                                                                      \
    X(GroupEnd)                                                                                                        \
    X(GroupStart)                                                                                                      \
    X(ReduceScatter)

typedef struct cam_nccl_library {
#define CAM_NCCL_SLOT(name) decltype(&nccl##name) name;
    CAM_NCCL_CALLS(CAM_NCCL_SLOT)
#undef CAM_NCCL_SLOT
} cam_nccl_library;

/* The library stays loaded until the process ends: NCCL runs threads of its own after the first id. CAM_E_DEVICE: it
 * cannot be loaded or lacks a function. */
CAM_MUST_CHECK cam_status cam_nccl_load(cam_nccl_library *library);

#endif
