/* status.c: the thread-local message behind cam_status. */
#include "cam/status.h"
#include "utf8.h"
#include "visible.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char message[CAM_STATUS_MESSAGE_BYTES];
static _Thread_local int lacks_memory;

static const struct {
    const char *name;
    int exit_code;
} codes[] = {
#define ROW(status, exit_code, text) {#status, CAM_EXIT_##exit_code},
    CAM_STATUS_CODES(ROW)
#undef ROW
};

const char *cam_status_name(cam_status status) {
    return codes[status].name;
}

int cam_status_exit_code(cam_status status) {
    return codes[status].exit_code;
}

const char *cam_status_message(void) {
    return message;
}

void cam_status_clear(void) {
    message[0] = '\0';
    lacks_memory = 0;
}

void cam_memory_note(void) {
    lacks_memory = 1;
}

static const char no_memory[] = "no memory for a text";

/* Takes a text of CAM_STATUS_MESSAGE_BYTES whose whole length is `length`. */
static cam_status take(cam_status status, char *text, size_t length) {
    if (lacks_memory && status != CAM_E_MEMORY) {
        status = CAM_E_MEMORY;
        length = (size_t)snprintf(text, CAM_STATUS_MESSAGE_BYTES, "%s", no_memory);
    }
    if (length >= CAM_STATUS_MESSAGE_BYTES)
        cam_utf8_truncate(text, CAM_STATUS_MESSAGE_BYTES);
    memcpy(message, text, CAM_STATUS_MESSAGE_BYTES);
    return status;
}

#undef cam_fail /* see status.h */
cam_status cam_fail(cam_status status, const char *format, ...) {
    char text[CAM_STATUS_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    size_t length = cam_visible_vprint(text, sizeof text, format, args);
    va_end(args);
    return take(status, text, length);
}

#undef cam_fail_again
cam_status cam_fail_again(cam_status status, const char *again) {
    char text[CAM_STATUS_MESSAGE_BYTES];
    return take(status, text, cam_visible_copy(text, sizeof text, again, strlen(again), "\n"));
}

cam_status cam_memory_check(cam_status st) {
    if (!lacks_memory || st == CAM_E_MEMORY)
        return st;
    return cam_fail(CAM_E_MEMORY, "%s", no_memory);
}

void cam_failure_set_aside(cam_failure *failure, cam_status status) {
    failure->status = status;
    memcpy(failure->message, message, sizeof failure->message);
    cam_status_clear();
}

cam_status cam_failure_report(const cam_failure *failure) {
    return cam_fail_again(failure->status, failure->message);
}

void cam_bug(const char *file, int line, const char *format, ...) {
    char text[CAM_STATUS_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    cam_visible_vprint(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "internal fault at %s:%d: %s\n", file, line, text);
    abort();
}
