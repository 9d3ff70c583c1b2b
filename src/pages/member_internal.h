/* member_internal.h: members of JSON objects that a page shows. A member that is absent or of another type is no error:
 * the page leaves it out. */
#ifndef CAM_MEMBER_INTERNAL_H
#define CAM_MEMBER_INTERNAL_H

#include "cam/status.h"
#include <jansson.h>
#include <stdint.h>

double cam_member_number(const json_t *object, const char *key);    /* NAN where it is no number */
int64_t cam_member_integer(const json_t *object, const char *key);  /* 0 where it is no integer */
const char *cam_member_text(const json_t *object, const char *key); /* "" where it is no text */
int cam_member_is_true(const json_t *object, const char *key);
/* The object or list; NULL where it is none or has no elements. */
const json_t *cam_member_object(const json_t *object, const char *key);
const json_t *cam_member_list(const json_t *object, const char *key);

/* Reads the JSON object folder/name; *root is NULL where there is no such file. CAM_E_DATA where it is no JSON object,
 * CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_member_file_read(const char *folder, const char *name, json_t **root);

#endif
