/* json_file.c: see json_file.h. */
#include "json_file.h"
#include "files.h"
#include "json_size.h"
#include <errno.h>
#include <stdlib.h>

enum { FILE_BYTES = 1 << 24, FILE_VALUES = 1 << 20 };

cam_status cam_json_file_parse(const char *path, const cam_strbuf *text, json_t **root) {
    json_error_t error;
    *root = NULL;
    if (cam_json_check_size(cam_strbuf_text(text), text->length, FILE_VALUES, CAM_JSON_LEVELS) != CAM_OK)
        return cam_fail(CAM_E_MODEL, "\"%s\": %s", path, cam_status_message());
    errno = 0; /* jansson reports a syntax error where memory runs out */
    *root = json_loadb(cam_strbuf_text(text), text->length, JSON_DECODE_INT_AS_REAL, &error);
    if (!*root && errno == ENOMEM)
        return cam_fail(CAM_E_MEMORY, "no memory for \"%s\"", path);
    if (!json_is_object(*root))
        return cam_fail(CAM_E_MODEL, "%s:%d: this is not a JSON object", path, *root ? 1 : error.line);
    return CAM_OK;
}

cam_status cam_json_file_read(const char *folder, const char *name, json_t **root) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, name);
    *root = NULL;
    if (!cam_file_exists(path))
        goto out;
    CAM_TRY(cam_file_read(path, FILE_BYTES, CAM_E_MODEL, &text));
    CAM_TRY(cam_json_file_parse(path, &text, root));
out:
    cam_strbuf_release(&text);
    free(path);
    return st;
}
