/* window.h: the decoded text of a file as a window that moves over it: what has not been consumed lies in one piece,
 * grows at its end and loses its front.
 */
#ifndef CAM_TEXT_WINDOW_INTERNAL_H
#define CAM_TEXT_WINDOW_INTERNAL_H

#include "cam/status.h"
#include "encoding.h"
#include <stddef.h>

typedef struct cam_text_window {
    cam_decoder decoder;
    char *bytes;
    size_t capacity;
    size_t begin, end; /* unconsumed: bytes[begin] .. bytes[end - 1] */
    int at_end;        /* nothing will follow bytes[end - 1] */
} cam_text_window;

/* As cam_decoder_open. close after a failed open does nothing. */
CAM_MUST_CHECK cam_status cam_text_window_open(cam_text_window *window, const char *path, cam_encoding encoding);
/* More text behind `end`, or at_end. Moves the unconsumed bytes: pointers into them die. */
CAM_MUST_CHECK cam_status cam_text_window_more(cam_text_window *window);
void cam_text_window_close(cam_text_window *window);

#endif
