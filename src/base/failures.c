/* failures.c: see failures.h. */
#include "failures.h"

cam_status cam_failures_take(cam_failures *failures, cam_status st) {
    if (st == CAM_OK || st == CAM_E_STOPPED || st == CAM_E_MEMORY || st == CAM_E_INTERNAL)
        return st;
    failures->count++;
    if (failures->first == CAM_OK)
        failures->first = st;
    cam_strbuf_put_all(&failures->messages, failures->messages.length ? "\n" : "", cam_status_message(), NULL);
    return CAM_OK;
}

cam_status cam_failures_status(const cam_failures *failures) {
    if (failures->first == CAM_OK)
        return CAM_OK;
    return cam_fail_again(failures->first, cam_strbuf_text(&failures->messages));
}

void cam_failures_release(cam_failures *failures) {
    cam_strbuf_release(&failures->messages);
    *failures = (cam_failures){0};
}
