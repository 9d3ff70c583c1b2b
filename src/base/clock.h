/* clock.h: a monotonic clock; only differences between its times have a meaning. */
#ifndef CAM_CLOCK_H
#define CAM_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t cam_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double cam_now_s(void) {
    return 1e-9 * (double)cam_now_ns();
}

#endif
