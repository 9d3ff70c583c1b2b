/* json_edit.c: see json_edit_internal.h. */
#include "json_edit_internal.h"
#include <string.h>

static const char *skip_space(const char *at) {
    return at + strspn(at, " \t\r\n");
}

/* The end of a string that begins at `at`, with its quotes. */
static const char *string_end(const char *at) {
    for (at++; *at != '\0' && *at != '"'; at++)
        if (*at == '\\' && at[1] != '\0')
            at++;
    return *at == '\0' ? at : at + 1;
}

/* The end of a value: where its own nesting is closed, at ',', ']' or '}'. */
static const char *value_end(const char *at) {
    int depth = 0;
    while (*at != '\0') {
        if (depth == 0 && strchr(",}]", *at))
            break;
        if (*at == '"') {
            at = string_end(at);
            continue;
        }
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        at++;
    }
    while (at[-1] == ' ' || at[-1] == '\n' || at[-1] == '\r' || at[-1] == '\t')
        at--;
    return at;
}

/* The value of `key` in the object that begins at `at`; NULL = none. */
static const char *find_value(const char *at, const char *key) {
    size_t length = strlen(key);
    if (*at == '\0')
        return NULL;
    for (at = skip_space(at + 1); *at == '"';) {
        const char *name = at + 1, *end = string_end(at), *value = skip_space(end);
        if (*value != ':')
            return NULL;
        value = skip_space(value + 1);
        if ((size_t)(end - name) == length + 1 && strncmp(name, key, length) == 0)
            return value;
        at = skip_space(value_end(value));
        if (*at == ',')
            at = skip_space(at + 1);
    }
    return NULL;
}

void cam_json_cut(const cam_strbuf *text, const char *key, cam_strbuf *value) {
    const char *found = find_value(skip_space(cam_strbuf_text(text)), key);
    cam_strbuf_clear(value);
    if (found)
        cam_strbuf_append(value, found, (size_t)(value_end(found) - found));
}

void cam_json_edit(cam_strbuf *text, const char *key, const char *value) {
    cam_strbuf out = CAM_STRBUF_INIT;
    const char *begin = cam_strbuf_text(text), *object = skip_space(begin), *old = find_value(object, key);
    if (*object == '\0') /* no memory for it */
        return;
    const char *rest = old ? value_end(old) : object + 1;
    cam_strbuf_append(&out, begin, (size_t)((old ? old : rest) - begin));
    if (old)
        cam_strbuf_puts(&out, value);
    else
        cam_strbuf_put_all(&out, "\n  \"", key, "\": ", value, *skip_space(rest) == '}' ? "\n" : ",", NULL);
    cam_strbuf_puts(&out, rest);
    cam_strbuf_release(text);
    *text = out;
}
