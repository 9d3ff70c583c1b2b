/* json_size.c: see json_size.h. */
#include "json_size.h"
#include <string.h>

/* The place behind a string, whose text begins at `at`; strings are most of a vocabulary. */
static const char *behind_string(const char *at, const char *end) {
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

cam_status cam_json_check_size(const char *text, size_t length, size_t most_values, size_t most_levels) {
    size_t values = 0, level = 0;
    for (const char *at = text, *end = text + length; at < end;) {
        char c = *at++;
        if (c == '"') {
            at = behind_string(at, end);
            continue;
        }
        size_t opens = c == '[' || c == '{';
        values += opens || c == ',' || c == ':';
        level += opens;
        level -= level > 0 && (c == ']' || c == '}');
        if (level > most_levels)
            return cam_fail(CAM_E_MODEL, "its JSON is nested deeper than %zu levels", most_levels);
        if (values > most_values)
            return cam_fail(CAM_E_MODEL, "its JSON holds more than %zu values", most_values);
    }
    return CAM_OK;
}
