/* json_edit_internal.h: reads and changes one value of a JSON text and leaves all other bytes as they are. The text is a
 * valid object. */
#ifndef CAM_JSON_EDIT_INTERNAL_H
#define CAM_JSON_EDIT_INTERNAL_H

#include "strbuf.h"

/* Replaces `value` by the JSON text of `key` in the outermost object; "" where it has no such key. */
void cam_json_cut(const cam_strbuf *text, const char *key, cam_strbuf *value);
/* Sets `key` of the outermost object to the JSON text `value`; a key that is not there is added in front. */
void cam_json_edit(cam_strbuf *text, const char *key, const char *value);

#endif
