/* cancel.h: a request to end long work early, such as a signal. Work that takes long asks for it now and then and returns
 * CAM_E_STOPPED.
 */
#ifndef CAM_CANCEL_H
#define CAM_CANCEL_H

typedef struct cam_cancel {
    int (*requested)(void *context); /* NULL: never requested; called from any thread */
    void *context;
} cam_cancel;

/* Nonzero once the work is to end. `cancel` may be NULL. */
static inline int cam_cancel_requested(const cam_cancel *cancel) {
    return cancel && cancel->requested && cancel->requested(cancel->context);
}

#endif
