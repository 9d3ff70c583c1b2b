/* threads.h: how many threads the process works with, and whether the system starts them. OpenMP ends the process where
 * a thread cannot be started, and takes any number from its environment: so each parallel region names its number,
 * which was tried before. */
#ifndef CAM_THREADS_H
#define CAM_THREADS_H

#include "cam/status.h"
#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The number for work without a device, such as tokenization. Set it before other threads run. At first it is the
 * number of processors in the affinity mask. */
void cam_threads_set(int count);
int cam_threads(void);
/* CAM_E_MEMORY where the system does not let this process have `count` threads. A number that went well is not tried
 * again. */
CAM_MUST_CHECK cam_status cam_threads_try(int count);

/* Starts a thread that blocks all signals: those of the process reach the main thread, which handles them. To be joined by
 * pthread_join. 0 where the system starts none. */
int cam_thread_start(pthread_t *thread, void *(*run)(void *context), void *context);

#ifdef __cplusplus
}
#endif
#endif
