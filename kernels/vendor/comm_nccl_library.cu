/* comm_nccl_library.cu: loads NCCL at its first use, so that the program also starts on machines without NCCL. */
#include "comm_nccl_library.h"
#include "vendor_library.h"
#include <dlfcn.h>

#define LIBRARY_OF_(major) "libnccl.so." #major
#define LIBRARY_OF(major)  LIBRARY_OF_(major)

cam_status cam_nccl_load(cam_nccl_library *library) {
    const char *name = LIBRARY_OF(NCCL_MAJOR);
    char reason[256];
    void *handle = cam_vendor_library_open(name, reason, sizeof reason);
    if (!handle)
        return cam_fail(CAM_E_DEVICE, "cannot load \"%s\": %s; install NCCL %d, or use CAM_COMM=mpi", name, reason,
                        NCCL_MAJOR);
#define LOAD(call)                                                                                                     \
    library->call = reinterpret_cast<decltype(library->call)>(dlsym(handle, "nccl" #call));                            \
    if (!library->call)                                                                                                \
        return cam_fail(CAM_E_DEVICE, "\"%s\" has no function \"nccl%s\"; install a newer version", name, #call);
    CAM_NCCL_CALLS(LOAD)
#undef LOAD
    return CAM_OK;
}
