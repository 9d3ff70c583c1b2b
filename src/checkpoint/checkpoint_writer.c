/* checkpoint_writer.c: see checkpoint_writer.h. Invariant: `lock` guards all that follows it; `busy` is 1 from start until
 * the thread has written the checkpoint. */
#include "checkpoint_writer.h"
#include "clock.h"
#include "threads.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct cam_checkpoint_writer {
    pthread_t thread;
    atomic_int given_up;
    cam_cancel cancel; /* once given_up is set */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int busy, closing;
    cam_checkpoint checkpoint;
    cam_failure failure; /* the first one that nobody has waited for; its status is CAM_OK where there is none */
};

static void keep_outcome(cam_checkpoint_writer *w, cam_status st) {
    if (st != CAM_OK && w->failure.status == CAM_OK)
        cam_failure_set_aside(&w->failure, st);
    cam_status_clear(); /* a lack of memory is over with this checkpoint */
}

static int is_given_up(void *context) {
    return atomic_load((atomic_int *)context);
}

static void *run_thread(void *context) {
    enum { NICE = 10 };
    cam_checkpoint_writer *w = context;
    /* of this thread, on Linux, and of those that it starts; without it the write is as fast as the caller */
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE);
    pthread_mutex_lock(&w->lock);
    while (!w->closing) {
        if (!w->busy) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        pthread_mutex_unlock(&w->lock);
        cam_status st = cam_checkpoint_write(&w->checkpoint);
        pthread_mutex_lock(&w->lock);
        keep_outcome(w, st);
        w->busy = 0;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

cam_status cam_checkpoint_writer_open(cam_checkpoint_writer **writer) {
    cam_status st = CAM_OK;
    cam_checkpoint_writer *w = calloc(1, sizeof *w);
    *writer = NULL;
    if (!w)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a writer of checkpoints");
    atomic_init(&w->given_up, 0);
    w->cancel = (cam_cancel){.requested = is_given_up, .context = &w->given_up};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    if (!cam_thread_start(&w->thread, run_thread, w)) {
        free(w);
        CAM_FAIL(CAM_E_MEMORY, "no thread to write checkpoints could be started");
    }
    *writer = w;
out:
    return st;
}

void cam_checkpoint_writer_start(cam_checkpoint_writer *w, const cam_checkpoint *checkpoint) {
    pthread_mutex_lock(&w->lock);
    CAM_ASSERT(!w->busy);
    w->checkpoint = *checkpoint;
    w->checkpoint.cancel = &w->cancel;
    w->busy = 1;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

int cam_checkpoint_writer_is_busy(cam_checkpoint_writer *w) {
    pthread_mutex_lock(&w->lock);
    int busy = w->busy;
    pthread_mutex_unlock(&w->lock);
    return busy;
}

int cam_checkpoint_writer_wait_at_most(cam_checkpoint_writer *w, double seconds) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* the clock of pthread_cond_timedwait */
    int64_t end_ns = until.tv_nsec + (int64_t)(seconds * 1e9);
    until.tv_sec += end_ns / 1000000000;
    until.tv_nsec = end_ns % 1000000000;
    pthread_mutex_lock(&w->lock);
    for (int ended = 0; w->busy && !ended;)
        ended = pthread_cond_timedwait(&w->changed, &w->lock, &until) == ETIMEDOUT;
    int busy = w->busy;
    pthread_mutex_unlock(&w->lock);
    return busy;
}

void cam_checkpoint_writer_give_up(cam_checkpoint_writer *w) {
    if (w)
        atomic_store(&w->given_up, 1);
}

cam_status cam_checkpoint_writer_wait(cam_checkpoint_writer *w, double *waited_s) {
    double begin_s = cam_now_s();
    pthread_mutex_lock(&w->lock);
    while (w->busy)
        pthread_cond_wait(&w->changed, &w->lock);
    cam_status st = w->failure.status;
    if (st != CAM_OK)
        cam_failure_report(&w->failure);
    w->failure.status = CAM_OK;
    pthread_mutex_unlock(&w->lock);
    if (waited_s)
        *waited_s = cam_now_s() - begin_s;
    return st;
}

void cam_checkpoint_writer_close(cam_checkpoint_writer *w) {
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    while (w->busy)
        pthread_cond_wait(&w->changed, &w->lock);
    w->closing = 1;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}
