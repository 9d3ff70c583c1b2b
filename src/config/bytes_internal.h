/* bytes_internal.h: texts as the configuration needs them: quoting for messages and for YAML, outer space; numbers. */
#ifndef CAM_BYTES_INTERNAL_H
#define CAM_BYTES_INTERNAL_H

#include "strbuf.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The line, from 1, that offset lies on. */
long cam_bytes_line(const char *text, size_t offset);
/* [*begin, *begin + *length) without White_Space and byte-order marks at both ends. */
void cam_bytes_trim(const char **begin, size_t *length);
/* In double quotes, escaped, and cut after some sixty bytes: for a message. `text` is valid UTF-8. */
void cam_bytes_quote(const char *text, cam_strbuf *out);
/* As a YAML scalar that every YAML reader takes for this text: plain where that is safe, else in double quotes. */
void cam_bytes_put_yaml(const char *text, cam_strbuf *out);

/* With "?" for bytes that a YAML comment cannot hold, whatever a file is called. */
void cam_bytes_put_comment(const char *text, cam_strbuf *out);
/* The shortest decimal that reads back to the same double: "42", "0.1", "2e-5". `value` is finite. */
void cam_bytes_put_number(double value, cam_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
