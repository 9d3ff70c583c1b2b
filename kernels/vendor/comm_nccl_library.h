/* comm_nccl_library.h: NCCL as comm_nccl.cu calls it. comm_nccl_library.cu loads it; tests/simt has calls of its own.
 */
#ifndef CAM_COMM_NCCL_LIBRARY_H
#define CAM_COMM_NCCL_LIBRARY_H

#include "cam/status.h"
#include <nccl.h>

/* X(name): nccl<name>, all that is called. */
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

/* Stays until the process ends: NCCL has threads of its own from the first id on. CAM_E_DEVICE where it cannot be
 * loaded or lacks a call. */
CAM_MUST_CHECK cam_status cam_nccl_load(cam_nccl_library *library);

#endif
