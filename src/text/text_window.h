/* text_window.h: a window that moves over the decoded text of a file. The text that is not consumed yet is
 * contiguous; it grows at the end. */
#ifndef CAM_TEXT_WINDOW_H
#define CAM_TEXT_WINDOW_H

#include "cam/status.h"
#include "encoding.h"
#include <stddef.h>

typedef struct cam_text_window {
    cam_decoder decoder;
    char *bytes;
    size_t capacity;
    size_t begin, end; /* unconsumed: bytes[begin] .. bytes[end - 1] */
    int at_end;        /* bytes[end - 1] is the last of the file */
} cam_text_window;

/* As cam_decoder_open. close after a failed open does nothing. */
CAM_MUST_CHECK cam_status cam_text_window_open(cam_text_window *window, const char *path, cam_encoding encoding,
                                               cam_syntax syntax);
/* Reads more text after `end`, or sets at_end. Moves the unconsumed bytes: pointers into them become invalid. */
CAM_MUST_CHECK cam_status cam_text_window_more(cam_text_window *window);
void cam_text_window_close(cam_text_window *window);

#endif
