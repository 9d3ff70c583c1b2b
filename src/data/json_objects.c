/* json_objects.c: see json_objects_internal.h. Only strings and brackets are looked at; jansson checks each object. */
#include "json_objects_internal.h"
#include <string.h>

static int is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(const char *text, size_t at, size_t length) {
    while (at < length && is_space(text[at]))
        at++;
    return at;
}

/* The index after the string at `at`, or `length`. */
static size_t string_end(const char *text, size_t at, size_t length) {
    size_t begin = ++at;
    for (const char *quote; at < length && (quote = memchr(text + at, '"', length - at)) != NULL; at++) {
        at = (size_t)(quote - text);
        size_t first = at;
        while (first > begin && text[first - 1] == '\\')
            first--;
        if ((at - first) % 2 == 0)
            return at + 1;
    }
    return length;
}

/* The index after the value at `at`; 0 where it does not end in this text. */
static size_t value_end(const char *text, size_t at, size_t length) {
    long depth = 0;
    while (at < length) {
        char c = text[at];
        if (c == '"') {
            at = string_end(text, at, length);
            if (depth == 0)
                return at < length ? at : 0;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c)))
            return at;
        depth += (c == '{') + (c == '[') - (c == '}') - (c == ']');
        at++;
        if (depth == 0 && (c == '}' || c == ']'))
            return at;
    }
    return 0;
}

/* The index after the bracket of the list of objects in a member "data" or "records" of the object at `at`, or 0. */
static size_t wrapped_list(const char *text, size_t at, size_t length) {
    for (at++; at > 0 && at < length; at++) {
        at = skip_space(text, at, length);
        if (at == length || text[at] != '"')
            return 0;
        size_t name = at, end = string_end(text, at, length);
        at = skip_space(text, end, length);
        if (at == length || text[at] != ':')
            return 0;
        at = skip_space(text, at + 1, length);
        int known = (end - name == 6 && memcmp(text + name, "\"data\"", 6) == 0) ||
                    (end - name == 9 && memcmp(text + name, "\"records\"", 9) == 0);
        if (known && at < length && text[at] == '[') {
            size_t first = skip_space(text, at + 1, length);
            return first < length && text[first] == '{' ? at + 1 : 0;
        }
        at = value_end(text, at, length);
        at = at ? skip_space(text, at, length) : length;
        if (at == length || text[at] != ',')
            return 0;
    }
    return 0;
}

/* The shape of a file whose first object begins at `at`. */
static cam_json_shape object_shape(const char *text, size_t at, size_t length, int at_end, size_t *begin) {
    size_t name = skip_space(text, at + 1, length);
    if (name < length && text[name] != '"' && text[name] != '}')
        return CAM_JSON_NONE;
    if (name < length && text[name] == '"') {
        size_t colon = skip_space(text, string_end(text, name, length), length);
        if (colon < length && text[colon] != ':')
            return CAM_JSON_NONE;
    }
    size_t end = value_end(text, at, length);
    size_t after = end ? skip_space(text, end, length) : length;
    size_t list = wrapped_list(text, at, length);
    if (list && (end == 0 || (after == length && at_end))) {
        *begin = list;
        return CAM_JSON_WRAPPED;
    }
    const char *line_end = memchr(text + at, '\n', length - at);
    size_t next = line_end ? skip_space(text, (size_t)(line_end - text), length) : length;
    int ends_on_line = end && line_end && end <= (size_t)(line_end - text);
    *begin = at;
    return !line_end || ends_on_line || next == length || text[next] == '{' ? CAM_JSON_LINES : CAM_JSON_STREAM;
}

cam_json_shape cam_json_shape_of(const char *text, size_t length, int at_end, size_t *begin) {
    size_t at = skip_space(text, 0, length);
    *begin = at;
    if (at < length && text[at] == '{')
        return object_shape(text, at, length, at_end, begin);
    if (at == length || text[at] != '[')
        return CAM_JSON_NONE;
    size_t first = skip_space(text, at + 1, length);
    if (first < length && (text[first] == '{' || text[first] == ']')) {
        *begin = at + 1;
        return CAM_JSON_LIST;
    }
    return first < length && (text[first] == '[' || text[first] == '"') ? CAM_JSON_OTHER : CAM_JSON_NONE;
}

cam_status cam_json_objects_next(cam_cells *cells, char *text, size_t length, int at_end, cam_json_shape shape,
                                 cam_cells_result *result) {
    size_t at = 0;
    cells->count = cells->used = 0;
    cells->lines = cells->before = 0;
    cells->stray = 0;
    int in_list = shape != CAM_JSON_STREAM, closed = 0;
    while (at < length && (is_space(text[at]) || (in_list && strchr(",[]", text[at]) && text[at]))) {
        closed = text[at] == ']' || (closed && text[at] != '[' && text[at] != ',');
        at++;
        if (closed && shape == CAM_JSON_WRAPPED) {
            *result = CAM_CELLS_END;
            return CAM_OK;
        }
    }
    cells->before = cam_cells_count_lines(text, at);
    if (at == length) {
        *result = !at_end ? CAM_CELLS_MORE : in_list && !closed ? CAM_CELLS_OPEN : CAM_CELLS_END;
        return CAM_OK;
    }
    if (text[at] != '{') {
        *result = CAM_CELLS_STRAY;
        return CAM_OK;
    }
    size_t end = value_end(text, at, length);
    *result = end ? CAM_CELLS_DONE : at_end ? CAM_CELLS_OPEN : CAM_CELLS_MORE;
    cells->stray = *result == CAM_CELLS_OPEN;
    if (!end)
        return CAM_OK;
    cells->used = end;
    cells->lines = cam_cells_count_lines(text, end);
    return cam_cells_add(cells, text + at, end - at, 0);
}
