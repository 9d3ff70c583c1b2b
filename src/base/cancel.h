/* cancel.h: a request, such as a signal, to end long work early. Long work polls it and returns CAM_E_STOPPED. */
#ifndef CAM_CANCEL_H
#define CAM_CANCEL_H

typedef struct cam_cancel {
    int (*requested)(void *context); /* NULL: never requested; called from any thread */
    void *context;
} cam_cancel;

/* Nonzero once the request was made. `cancel` may be NULL. */
static inline int cam_cancel_requested(const cam_cancel *cancel) {
    return cancel && cancel->requested && cancel->requested(cancel->context);
}

#endif
