/* jsonl_internal.h: one line of JSON Lines as a text and a label.
 */
#ifndef CAM_JSONL_INTERNAL_H
#define CAM_JSONL_INTERNAL_H

#include "cam/status.h"
#include "strbuf.h"
#include <stddef.h>

typedef struct cam_jsonl_value {
    cam_strbuf bytes; /* kept between lines */
    int present;
} cam_jsonl_value;

/* Reads the object in line[0 .. length - 1] and takes from it the members called text_name and label_name (trimmed,
 * NFC). A string is taken as it is, a number, true or false as its literal text, null as "". A member that is not there
 * has present == 0. CAM_E_DATA with the reason alone (no file, no line): no JSON, no object, a member twice, a list or
 * an object where a value is due, a NUL in a string. */
CAM_MUST_CHECK cam_status cam_jsonl_read(const char *line, size_t length, const char *text_name, const char *label_name,
                                         cam_jsonl_value *text, cam_jsonl_value *label);

/* The member names of an object line as `"a", "b"`, at most `limit` of them; empty where the line is no object. */
void cam_jsonl_names(const char *line, size_t length, size_t limit, cam_strbuf *out);

/* Shows each member of an object line whose value is a string, a number, true or false, in written order. CAM_E_DATA as
 * above; a failing visit ends the walk with its status. */
typedef cam_status (*cam_jsonl_visit)(void *context, const char *name, const char *value, size_t length);
CAM_MUST_CHECK cam_status cam_jsonl_each(const char *line, size_t length, cam_jsonl_visit visit, void *context);

#endif
