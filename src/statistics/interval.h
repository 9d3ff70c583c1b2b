/* interval.h: an estimate with its confidence interval. */
#ifndef CAM_INTERVAL_H
#define CAM_INTERVAL_H

typedef struct cam_interval {
    double value, low, high;
} cam_interval;

#endif
