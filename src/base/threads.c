/* threads.c: see threads.h. */
#include "threads.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_int chosen; /* 0 = none was set */
static atomic_int known_good = 1;

void cam_threads_set(int count) {
    CAM_ASSERT(count >= 1);
    atomic_store(&chosen, count);
}

int cam_threads(void) {
    cpu_set_t set;
    int count = atomic_load(&chosen);
    if (count == 0)
        count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count;
}

static void *wait_for(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

cam_status cam_threads_try(int count) {
    cam_status st = CAM_OK;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    int started = 0, error = 0, others = count - 1;
    if (count <= atomic_load(&known_good))
        return CAM_OK;
    pthread_t *threads = calloc((size_t)others, sizeof *threads);
    if (!threads)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %d threads", count);
    pthread_mutex_lock(&gate); /* all of them at once */
    while (started < others && (error = pthread_create(&threads[started], NULL, wait_for, &gate)) == 0)
        started++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (error)
        CAM_FAIL(CAM_E_MEMORY,
                 "the system starts only %d of %d threads for this process (%s); its limits are those of "
                 "ulimit -u and ulimit -v, or of a container",
                 started + 1, count, strerror(error));
    atomic_store(&known_good, count);
out:
    free(threads);
    return st;
}

int cam_thread_start(pthread_t *thread, void *(*run)(void *context), void *context) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int started = pthread_create(thread, NULL, run, context) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}
