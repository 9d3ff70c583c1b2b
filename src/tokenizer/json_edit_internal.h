/* json_edit_internal.h: changes one value of a JSON text and leaves all other bytes as they are. */
#ifndef CAM_JSON_EDIT_INTERNAL_H
#define CAM_JSON_EDIT_INTERNAL_H

#include "strbuf.h"

/* Sets `key` of the outermost object, a valid one, to the JSON text `value`; a key that is not there is added in front.
 */
void cam_json_edit(cam_strbuf *text, const char *key, const char *value);

#endif
