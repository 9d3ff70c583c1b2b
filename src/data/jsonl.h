/* jsonl.h: reads one line of JSON Lines. */
#ifndef CAM_JSONL_H
#define CAM_JSONL_H

#include "cam/status.h"
#include "strbuf.h"
#include <stddef.h>

typedef struct cam_jsonl_value {
    cam_strbuf bytes; /* kept between lines */
    int present;
    int is_list;    /* a list, or {"choices": [...]}; `bytes` is its first member; the label only */
    size_t members; /* of the list */
} cam_jsonl_value;

/* Reads the object in line[0 .. length - 1], and from it the members named text_name and label_name (names are compared
 * trimmed, in NFC). A string is taken as it is; a number, true or false as its literal text; null as "". A missing
 * member has present == 0. CAM_E_DATA with the reason, without file and line: invalid JSON, no object, a member twice,
 * a list or an object as the text, an object as the label or in its list, a NUL in a string, more than about 100,000
 * values. */
CAM_MUST_CHECK cam_status cam_jsonl_read(const char *line, size_t length, const char *text_name, const char *label_name,
                                         cam_jsonl_value *text, cam_jsonl_value *label);

/* Finds the literal value of a member in a line that cam_jsonl_read has read, with a NUL behind it: line[*begin] up to, without it,
 * line[*end]. 0 where no member has this name, written without escapes. */
int cam_jsonl_find(const char *line, const char *name, size_t *begin, size_t *end);

/* Appends the member names of an object as `"a", "b"`, at most `limit` of them; nothing where the line is no object. */
void cam_jsonl_names(const char *line, size_t length, size_t limit, cam_strbuf *out);

/* Calls `visit` for each member whose value is a string, a number, true or false, or a list of one of these, in written
 * order. CAM_E_DATA as above; a failing visit ends the loop with its status. */
typedef cam_status (*cam_jsonl_visit)(void *context, const char *name, const char *value, size_t length);
CAM_MUST_CHECK cam_status cam_jsonl_each(const char *line, size_t length, cam_jsonl_visit visit, void *context);

#endif
