/* opening.c: see opening_internal.h. There is one opening at a time; only the main thread calls these functions. */
#include "clock.h"
#include "opening_internal.h"
#include "phases.h"
#include "threads.h"
#include <errno.h>
#include <string.h>
#include <time.h>

static struct {
    int is_begun;
    pthread_t thread;
    cam_device_options options;
    cam_status (*open)(const cam_device_options *options, cam_backend **backend);
    cam_backend *backend;
    cam_failure outcome;
    double seconds;
} opening;

static void *run(void *context) {
    (void)context;
    double begin_s = cam_now_s();
    cam_status st = opening.open(&opening.options, &opening.backend);
    cam_failure_set_aside(&opening.outcome, cam_memory_check(st));
    opening.seconds = cam_now_s() - begin_s;
    return NULL;
}

void cam_opening_begin(const cam_device_options *options,
                       cam_status (*open)(const cam_device_options *options, cam_backend **backend)) {
    if (opening.is_begun)
        return;
    opening.options = *options;
    opening.open = open;
    opening.is_begun = cam_thread_start(&opening.thread, run, NULL);
}

static int is_alike(const cam_device_options *a, const cam_device_options *b) {
    return a->device == b->device && a->threads == b->threads && a->tf32 == b->tf32 && a->attention == b->attention &&
           a->untuned == b->untuned && a->group == b->group;
}

int cam_opening_take(const cam_device_options *options, cam_backend **backend, cam_status *st) {
    if (!opening.is_begun || !is_alike(options, &opening.options))
        return 0;
    pthread_join(opening.thread, NULL);
    cam_phases_beside("opening the device", opening.seconds);
    *backend = opening.backend;
    *st = opening.outcome.status == CAM_OK ? CAM_OK : cam_failure_report(&opening.outcome);
    memset(&opening, 0, sizeof opening);
    return 1;
}

int cam_opening_end(double wait_s) {
    struct timespec until;
    if (!opening.is_begun)
        return 1;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)wait_s;
    if (pthread_timedjoin_np(opening.thread, NULL, &until) != 0)
        return 0;
    cam_backend_close(opening.backend);
    memset(&opening, 0, sizeof opening);
    return 1;
}
