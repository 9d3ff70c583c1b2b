/* bytes_internal.h: text functions of the configuration: trimming, quoting for messages and for YAML, numbers. */
#ifndef CAM_BYTES_INTERNAL_H
#define CAM_BYTES_INTERNAL_H

#include "strbuf.h"
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The line number of an offset, from 1. */
long cam_bytes_line(const char *text, size_t offset);
/* Converts a text that begins with the mark of UTF-16 in place. False, with the text unchanged, where it has no such
 * mark or is no valid UTF-16. */
bool cam_bytes_decode_utf16(cam_strbuf *text);
/* Trims White_Space and byte-order marks from both ends of [*begin, *begin + *length). */
void cam_bytes_trim(const char **begin, size_t *length);
/* Appends the text for a message: in double quotes, escaped, at most about sixty bytes. `text` is valid UTF-8. */
void cam_bytes_quote(const char *text, cam_strbuf *out);
/* Appends a YAML scalar that every YAML reader takes for this text: plain where that is safe, else in double quotes. */
void cam_bytes_put_yaml(const char *text, cam_strbuf *out);
/* Appends the text for a YAML comment, with "?" for bytes that a comment cannot hold: the name of a file may have any.
 */
void cam_bytes_put_comment(const char *text, cam_strbuf *out);
/* Appends the shortest decimal that reads back to the same double: "42", "0.1", "2e-5". `value` is finite. */
void cam_bytes_put_number(double value, cam_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
