/* member.c: see member_internal.h. */
#include "files.h"
#include "json_size.h"
#include "member_internal.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { FILE_BYTES = 1 << 30, FILE_VALUES = 1 << 24 };

double cam_member_number(const json_t *object, const char *key) {
    const json_t *member = json_object_get(object, key);
    return json_is_number(member) ? json_number_value(member) : NAN;
}

int64_t cam_member_integer(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

const char *cam_member_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int cam_member_is_true(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

const json_t *cam_member_object(const json_t *object, const char *key) {
    const json_t *member = json_object_get(object, key);
    return json_is_object(member) && json_object_size(member) > 0 ? member : NULL;
}

const json_t *cam_member_list(const json_t *object, const char *key) {
    const json_t *member = json_object_get(object, key);
    return json_is_array(member) && json_array_size(member) > 0 ? member : NULL;
}

cam_status cam_member_file_read(const char *folder, const char *name, json_t **root) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    json_error_t error;
    char *path = cam_path_join(folder, name), *full = NULL;
    *root = NULL;
    CAM_TRY(cam_memory_check(CAM_OK));
    if (!cam_file_exists(path))
        goto out;
    full = cam_path_absolute(path);
    CAM_TRY(cam_file_read(path, FILE_BYTES, CAM_E_DATA, &text));
    if (cam_json_check_size(cam_strbuf_text(&text), text.length, FILE_VALUES, CAM_JSON_LEVELS) != CAM_OK)
        CAM_FAIL(CAM_E_DATA, "\"%s\": %s", full, cam_status_message());
    errno = 0; /* jansson reports a syntax error where memory runs out */
    *root = json_loadb(cam_strbuf_text(&text), text.length, 0, &error);
    if (!*root && errno == ENOMEM)
        CAM_FAIL(CAM_E_MEMORY, "no memory for \"%s\"", full);
    if (!json_is_object(*root))
        CAM_FAIL(CAM_E_DATA, "%s:%d: this is not a JSON object", full, *root ? 1 : error.line);
out:
    if (st != CAM_OK) {
        json_decref(*root);
        *root = NULL;
    }
    cam_strbuf_release(&text);
    free(path);
    free(full);
    return st;
}
