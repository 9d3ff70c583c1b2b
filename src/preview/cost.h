/* cost.h: what a run will cost on this machine, in time and memory, before it is made.
 *
 * Memory is the trainer's own plan, and what stands beside it. Time is the floating-point work of the run's matrix
 * products, divided by the speed of such products here, which is measured in at most 0.1 s. The share of all other work
 * is a constant, found as cost.c says.
 */
#ifndef CAM_COST_H
#define CAM_COST_H

#include "run.h"

typedef struct cam_cost {
    double seconds;    /* negative: not known, on a device that only queues work */
    double bytes;      /* on the device */
    double host_bytes; /* beside them on the host, for saves and checkpoints; 0 where the device is the host */
} cam_cost;

/* A run as it is configured, or with another share of the model frozen and other epochs. */
typedef struct cam_cost_case {
    int frozen; /* the head alone is trained: freeze=encoder */
    double epochs;
} cam_cost_case;

/* The speed of products with the shapes of the run, on `threads` threads that have a processor each: floating-point
 * operations a second; 0 on a device that only queues work. *share is the part of the time of these processors that the
 * products got, up to 1: other programs had the rest. 1 where the products are too short to tell. The run is sound.
 * CAM_E_MEMORY, CAM_E_DEVICE. */
CAM_MUST_CHECK cam_status cam_cost_measure(const cam_run *run, cam_backend *backend, int threads, double *speed,
                                           double *share);

/* The cost at this speed; `other` (NULL: as configured). Errors: those of cam_trainer_plan_memory. */
CAM_MUST_CHECK cam_status cam_cost_of(const cam_run *run, cam_backend *backend, double speed,
                                      const cam_cost_case *other, cam_cost *cost);

/* Appends "about 3 minutes": seconds, minutes or hours, with one or two digits. */
void cam_cost_put_time(cam_strbuf *out, double seconds);

#endif
