/* failures.h: failures that do not hinder the next steps, collected so that the user sees all of them at once. */
#ifndef CAM_FAILURES_H
#define CAM_FAILURES_H

#include "cam/status.h"
#include "strbuf.h"

/* A zeroed struct is empty. */
typedef struct cam_failures {
    cam_status first; /* the status of the first one */
    int count;
    cam_strbuf messages; /* of all, one a line */
} cam_failures;

/* Takes the failure of a step with its message, and gives CAM_OK. A stop, a lack of memory and an internal fault come
 * back: no other step is to be tried after these. */
CAM_MUST_CHECK cam_status cam_failures_take(cam_failures *failures, cam_status st);
/* CAM_OK where there are none; otherwise the first status, with all messages as one. */
CAM_MUST_CHECK cam_status cam_failures_status(const cam_failures *failures);
void cam_failures_release(cam_failures *failures);

#endif
