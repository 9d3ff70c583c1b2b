/* watchdog.c: see watchdog.h. */
#include "watchdog.h"
#include "clock.h"
#include "threads.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* How long the abort may take; the group's timeout if that is shorter. */
static const double abort_s = 10;

struct cam_watchdog {
    cam_group *group;
    cam_comm *comm;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int closing;
    cam_step_progress (*progress)(void *context);
    void *context;
    const char *where; /* the call that was entered; NULL: none */
    cam_step_progress last;
    double since_s; /* the last progress, or the beginning of the wait */
};

/* Whether a step or a call is pending and the timeout is over. The caller holds the lock. */
static int has_timed_out(cam_watchdog *w) {
    cam_step_progress now = w->progress ? w->progress(w->context) : (cam_step_progress){0, 0};
    int pending = w->where || now.submitted > now.reported;
    if (!pending || now.reported != w->last.reported || w->since_s == 0)
        w->since_s = cam_now_s();
    w->last = now;
    return cam_now_s() - w->since_s > w->group->timeout_s;
}

static void *abort_comm(void *context) {
    cam_watchdog *w = context;
    w->comm->calls->abort(w->comm);
    return NULL;
}

/* The time of CLOCK_REALTIME in `s` seconds. */
static struct timespec deadline_in(double s) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    double at = (double)t.tv_nsec * 1e-9 + s;
    t.tv_sec += (time_t)at;
    t.tv_nsec = (long)((at - (double)(time_t)at) * 1e9);
    return t;
}

void cam_watchdog_exit(cam_watchdog *w) {
    pthread_t thread;
    if (!w)
        return;
    double timeout_s = w->group->timeout_s;
    struct timespec deadline = deadline_in(timeout_s < abort_s ? timeout_s : abort_s);
    if (pthread_create(&thread, NULL, abort_comm, w) == 0)
        (void)pthread_timedjoin_np(thread, NULL, &deadline);
    w->group->exit_lost_peer(CAM_E_PEER);
}

static void exit_timed_out(cam_watchdog *w) {
    char where[96];
    if (w->where)
        snprintf(where, sizeof where, "%s", w->where);
    else
        snprintf(where, sizeof where, "step %lld", (long long)w->last.reported + 1);
    cam_fail(CAM_E_PEER, "rank %d waited %g s at %s for the other ranks; ddp_timeout sets how long", w->group->rank,
             w->group->timeout_s, where);
    cam_watchdog_exit(w);
}

static void *run_thread(void *context) {
    cam_watchdog *w = context;
    double interval_s = w->group->timeout_s / 20 < 1 ? w->group->timeout_s / 20 : 1;
    pthread_mutex_lock(&w->lock);
    while (!w->closing) {
        struct timespec wake = deadline_in(interval_s);
        pthread_cond_timedwait(&w->changed, &w->lock, &wake);
        if (!w->closing && has_timed_out(w))
            exit_timed_out(w);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

cam_status cam_watchdog_open(cam_group *group, cam_comm *comm, cam_watchdog **watchdog) {
    cam_status st = CAM_OK;
    *watchdog = NULL;
    if (!comm || !comm->calls->abort)
        return CAM_OK;
    cam_watchdog *w = calloc(1, sizeof *w);
    if (!w)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a watchdog");
    w->group = group;
    w->comm = comm;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    if (!cam_thread_start(&w->thread, run_thread, w)) {
        free(w);
        CAM_FAIL(CAM_E_MEMORY, "no thread for a watchdog could be started");
    }
    *watchdog = w;
out:
    return st;
}

void cam_watchdog_close(cam_watchdog *w) {
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->closing = 1;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

static void set(cam_watchdog *w, cam_step_progress (*progress)(void *context), void *context, const char *where) {
    pthread_mutex_lock(&w->lock);
    w->progress = progress;
    w->context = context;
    w->where = where;
    w->since_s = cam_now_s();
    pthread_mutex_unlock(&w->lock);
}

void cam_watchdog_watch(cam_watchdog *w, cam_step_progress (*progress)(void *context), void *context) {
    if (w)
        set(w, progress, context, w->where);
}

void cam_watchdog_enter(cam_watchdog *w, const char *where) {
    if (w)
        set(w, w->progress, w->context, where);
}

void cam_watchdog_leave(cam_watchdog *w) {
    if (w)
        set(w, w->progress, w->context, NULL);
}
