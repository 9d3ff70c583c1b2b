/* clock.h: seconds of a clock that never goes back; only differences mean something.
 */
#ifndef CAM_CLOCK_H
#define CAM_CLOCK_H

#include <time.h>

static inline double cam_now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
