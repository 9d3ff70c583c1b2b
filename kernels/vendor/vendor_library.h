/* vendor_library.h: finds and loads NVIDIA's shared libraries at their first use, so that the program also starts on
 * machines without them.
 */
#ifndef CAM_VENDOR_LIBRARY_H
#define CAM_VENDOR_LIBRARY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads a library by its file name, "libcublasLt.so.13": as the dynamic linker finds it, else from the folders where
 * the CUDA toolkit ($CUDA_HOME, /usr/local/cuda*) and the packages of Python ($VIRTUAL_ENV, $CONDA_PREFIX, the
 * system's) have it. The result is for dlsym. NULL: it cannot be loaded, and `reason` says why, in at most `bytes`
 * bytes. The library stays in memory until the process ends, because its code may have threads of its own, and
 * functions that run at exit. */
void *cam_vendor_library_open(const char *name, char *reason, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
