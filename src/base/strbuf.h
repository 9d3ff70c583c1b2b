/* strbuf.h: a growing byte string, always NUL-terminated (the NUL is not counted).
 *
 * A zeroed struct (CAM_STRBUF_INIT) is empty and owns nothing. release frees the memory and leaves the buffer empty.
 *
 * Without memory a buffer fails: it is empty then, what is appended is dropped, and the lack is noted (cam_memory_note in
 * cam/status.h). It stays so until its release. What is appended next may be missing, too: whoever looks at bytes by their
 * place must look at the length first. */
#ifndef CAM_STRBUF_H
#define CAM_STRBUF_H

#include "cam/status.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_strbuf {
    char *text; /* never NULL after the first append, "" where the buffer failed; use cam_strbuf_text() before */
    size_t length;
    size_t capacity;
} cam_strbuf;

#define CAM_STRBUF_INIT                                                                                                \
    { NULL, 0, 0 }

void cam_strbuf_release(cam_strbuf *buf);
void cam_strbuf_clear(cam_strbuf *buf); /* length 0, memory kept */
const char *cam_strbuf_text(const cam_strbuf *buf);
int cam_strbuf_failed(const cam_strbuf *buf);
void cam_strbuf_append(cam_strbuf *buf, const char *bytes, size_t length);
/* Sets the length; new bytes are zero. */
void cam_strbuf_resize(cam_strbuf *buf, size_t length);
void cam_strbuf_puts(cam_strbuf *buf, const char *text);
void cam_strbuf_putc(cam_strbuf *buf, char c);
/* Appends texts; the last argument is NULL. For what a program reads: a path, a URL, YAML, JSON, CSV. */
CAM_NULL_ENDS void cam_strbuf_put_all(cam_strbuf *buf, const char *first, ...);
/* For what people read: the value of a "%s" is escaped (visible.h), so that no control character and no line end comes from
 * it. A text of several lines is no value: it goes through cam_strbuf_puts. */
CAM_PRINTF(2, 3) void cam_strbuf_printf(cam_strbuf *buf, const char *format, ...);
/* Appends a value as the "%s" of cam_strbuf_printf does. */
void cam_strbuf_put_visible(cam_strbuf *buf, const char *text, size_t length);
/* Appends the shortest decimal that reads back to the same double; "NaN", "Infinity", "-Infinity". */
void cam_strbuf_put_double(cam_strbuf *buf, double value);
/* Appends a JSON string with its quotes. The bytes must be UTF-8; quote, backslash and what visible.h calls hidden are
 * escaped. */
void cam_strbuf_put_json(cam_strbuf *buf, const char *text, size_t length);
/* Returns the text, which the caller frees, and leaves the buffer empty. NULL where it failed. */
char *cam_strbuf_detach(cam_strbuf *buf);

/* Compares two elements of an array of texts by their bytes, for qsort() and bsearch(). */
int cam_text_compare(const void *a, const void *b);

#ifdef __cplusplus
}
#endif
#endif
