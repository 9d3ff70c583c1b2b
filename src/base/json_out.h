/* json_out.h: JSON written key by key into a strbuf.
 *
 *     cam_json json;
 *     cam_json_begin(&json, &buf);                   {
 *     cam_json_text(&json, "event", "step");         "event":"step"
 *     cam_json_array(&json, "confusion");            ,"confusion":[
 *     cam_json_integer(&json, NULL, 3);              3
 *     cam_json_close(&json);                         ]
 *     cam_json_end(&json);                           }
 *
 * No spaces and no line end are written. `key` is an ASCII literal in an object and NULL in an array. Numbers
 * take the shortest form that reads back to the same double; NaN and infinity, which JSON does not have, are written as
 * null. Texts are escaped; bytes that are not UTF-8 become U+FFFD, so the result is always valid.
 *
 * Invariant: every cam_json_object or cam_json_array has its cam_json_close before cam_json_end (CAM_BUG otherwise).
 */
#ifndef CAM_JSON_OUT_H
#define CAM_JSON_OUT_H

#include "strbuf.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_JSON_DEPTH = 8 };

typedef struct cam_json {
    cam_strbuf *buf;
    int depth; /* open objects and arrays */
    struct {
        char closer; /* '}' or ']' */
        int used;    /* a member was written: the next one needs a comma */
    } level[CAM_JSON_DEPTH];
} cam_json;

void cam_json_begin(cam_json *json, cam_strbuf *buf); /* opens the outermost object, appending to `buf` */
void cam_json_end(cam_json *json);                    /* closes it */

void cam_json_object(cam_json *json, const char *key);
void cam_json_array(cam_json *json, const char *key);
void cam_json_close(cam_json *json); /* the innermost open object or array */

void cam_json_number(cam_json *json, const char *key, double value);
void cam_json_integer(cam_json *json, const char *key, int64_t value);
void cam_json_boolean(cam_json *json, const char *key, int value);
void cam_json_null(cam_json *json, const char *key);
void cam_json_text(cam_json *json, const char *key, const char *text); /* NULL is written as null */
/* The lines of a text as a list of texts, without empty ones: warnings. */
void cam_json_lines(cam_json *json, const char *key, const char *lines);

#ifdef __cplusplus
}
#endif
#endif
