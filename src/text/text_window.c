/* text_window.c: see text_window.h. */
#include "text_window.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 1 << 19, MIN_READ = 1 << 12 };

cam_status cam_text_window_open(cam_text_window *window, const char *path, cam_encoding encoding, cam_syntax syntax) {
    cam_status st = CAM_OK;
    *window = (cam_text_window){.capacity = FIRST_CAPACITY};
    CAM_TRY(cam_decoder_open(&window->decoder, path, encoding, syntax));
    window->bytes = malloc(window->capacity);
    if (!window->bytes)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
out:
    if (st != CAM_OK)
        cam_text_window_close(window);
    return st;
}

cam_status cam_text_window_more(cam_text_window *window) {
    cam_status st = CAM_OK;
    size_t count;
    if (window->begin > 0) {
        memmove(window->bytes, window->bytes + window->begin, window->end - window->begin);
        window->end -= window->begin;
        window->begin = 0;
    }
    if (window->capacity - window->end < MIN_READ) {
        char *bytes = realloc(window->bytes, window->capacity * 2);
        if (!bytes)
            CAM_FAIL(CAM_E_MEMORY, "%s: no memory for a record of %zu bytes", window->decoder.name, window->end);
        window->bytes = bytes;
        window->capacity *= 2;
    }
    CAM_TRY(cam_decoder_read(&window->decoder, window->bytes + window->end, window->capacity - window->end, &count));
    window->end += count;
    window->at_end = count == 0;
    /* A file is read until the window is full, so that a long record is not split again after every block. A pipe is
     * read once, since more may not be there yet. A failure here occurs again with the next call, after the text before
     * it was used. */
    while (count > 0 && window->decoder.regular && window->capacity - window->end >= MIN_READ) {
        if (cam_decoder_read(&window->decoder, window->bytes + window->end, window->capacity - window->end, &count) !=
            CAM_OK)
            break;
        window->end += count;
        window->at_end = count == 0;
    }
out:
    return st;
}

void cam_text_window_close(cam_text_window *window) {
    cam_decoder_close(&window->decoder);
    free(window->bytes);
    window->bytes = NULL;
}
