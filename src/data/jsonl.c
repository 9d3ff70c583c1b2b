/* jsonl.c: see jsonl.h. jansson checks the syntax. It does not keep the literal text of a number, which is
 * then copied from the line by a scan that relies on valid syntax. */
#include "jsonl.h"
#include "json_size.h"
#include "text_fold.h"
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_VALUES = 1 << 17 };

static const char *skip_space(const char *p) {
    while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
        p++;
    return p;
}

static const char *skip_string(const char *p) {
    for (p++; *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p + 1;
}

/* The end of the value at p. The line is valid JSON. */
static const char *skip_value(const char *p) {
    int depth = 0;
    do {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        if (*p == '{' || *p == '[')
            depth++;
        if (*p == '}' || *p == ']')
            depth--;
        p++;
    } while (depth > 0 || (*p != ',' && *p != '}'));
    return p;
}

/* The literal texts of the values of a valid object, in their written order. */
typedef struct literals {
    const char *next;        /* in the object */
    const char *begin, *end; /* of the value that was read last */
} literals;

static literals literals_of(const char *line) {
    return (literals){.next = skip_space(line) + 1};
}

static void literals_read(literals *values) {
    const char *name_end = skip_string(skip_space(values->next));
    values->begin = skip_space(skip_space(name_end) + 1);
    values->end = skip_value(values->begin);
    values->next = values->end + 1;
    while (strchr(" \t\r\n", values->end[-1]))
        values->end--;
}

int cam_jsonl_find(const char *line, const char *name, size_t *begin, size_t *end) {
    literals values = literals_of(line);
    for (int more = *skip_space(values.next) != '}'; more;) {
        const char *own = skip_space(values.next) + 1, *own_end = skip_string(own - 1) - 1;
        literals_read(&values);
        more = values.next[-1] == ',';
        if (!cam_name_equal(own, (size_t)(own_end - own), name, strlen(name)))
            continue;
        *begin = (size_t)(values.begin - line);
        *end = (size_t)(values.end - line);
        return 1;
    }
    return 0;
}

/* Takes a list of labels: a JSON list, or {"choices": [...]} as Label Studio writes it. */
static cam_status take_list(const json_t *list, const char *name, cam_jsonl_value *value) {
    cam_status st = CAM_OK;
    value->is_list = 1;
    value->members = json_array_size(list);
    for (size_t i = 0; i < value->members; i++)
        if (json_is_array(json_array_get(list, i)) || json_is_object(json_array_get(list, i)))
            return cam_fail(CAM_E_DATA,
                            "\"%s\" is a list of marked places in the text; here a text has one label as a whole",
                            name);
    const json_t *first = json_array_get(list, 0);
    if (json_is_string(first)) {
        cam_strbuf_append(&value->bytes, json_string_value(first), json_string_length(first));
    } else if (first && !json_is_null(first)) {
        char *literal = json_dumps(first, JSON_ENCODE_ANY);
        if (!literal)
            CAM_FAIL(CAM_E_MEMORY, "no memory for the label \"%s\"", name);
        cam_strbuf_puts(&value->bytes, literal);
        free(literal);
    }
out:
    return st;
}

static cam_status take(const literals *literal, const json_t *member, const char *name, int is_label,
                       cam_jsonl_value *value) {
    if (value->present)
        return cam_fail(CAM_E_DATA, "two members are named \"%s\"", name);
    value->present = 1;
    const json_t *list =
        json_is_object(member) && json_object_size(member) == 1 ? json_object_get(member, "choices") : member;
    if (is_label && json_is_array(list))
        return take_list(list, name, value);
    if (json_is_string(member))
        cam_strbuf_append(&value->bytes, json_string_value(member), json_string_length(member));
    else if (json_is_object(member) || json_is_array(member))
        return cam_fail(CAM_E_DATA, "\"%s\" is %s; it must be a string%s", name,
                        json_is_array(member) ? "a list" : "an object",
                        is_label ? "" : " (of a whole column in pandas: to_json with orient=\"records\", lines=True)");
    else if (!json_is_null(member))
        cam_strbuf_append(&value->bytes, literal->begin, (size_t)(literal->end - literal->begin));
    return CAM_OK;
}

static const char *kind_of(const json_t *value) {
    return json_is_array(value) ? "a list" : json_is_string(value) ? "a string" : "a single value";
}

/* What Python writes in place of JSON. */
static const char *syntax_cure(const char *line, size_t length, const char *error) {
    if (length > 1 && line[0] == '{' && line[1] == '\'')
        return "; these are objects of Python: write each with json.dumps";
    return strstr(error, "'NaN") || strstr(error, "'nan") ? "; JSON has no NaN: write null, as pandas' to_json does"
                                                          : "";
}

static cam_status load(const char *line, size_t length, json_t **object) {
    json_error_t error;
    *object = NULL;
    if (cam_json_check_size(line, length, RECORD_VALUES, SIZE_MAX) != CAM_OK)
        return cam_fail(CAM_E_DATA, "%s", cam_status_message());
    errno = 0; /* jansson reports a syntax error where memory runs out */
    *object = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!*object && errno == ENOMEM)
        return cam_fail(CAM_E_MEMORY, "no memory for a record of %zu bytes", length);
    if (!*object)
        return cam_fail(CAM_E_DATA, "no valid JSON: %s%s", error.text, syntax_cure(line, length, error.text));
    if (!json_is_object(*object)) {
        cam_fail(CAM_E_DATA, "%s instead of an object; write one object a line", kind_of(*object));
        json_decref(*object);
        *object = NULL;
        return CAM_E_DATA;
    }
    return CAM_OK;
}

enum { PLAIN_MEMBERS = 8 };

typedef struct span {
    const char *text;
    size_t length;
} span;

static const char *skip_space_to(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p;
}

/* Reads a string without escapes and the space after it, and returns their end; NULL where there is none. */
static const char *plain_string(const char *p, const char *end, span *string) {
    if (p == end || *p != '"')
        return NULL;
    const char *start = ++p;
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    if (p == end || *p != '"')
        return NULL;
    *string = (span){start, (size_t)(p - start)};
    return skip_space_to(p + 1, end);
}

/* The number of members of a flat object whose names differ and whose values are all strings without escapes; 0 where
 * the line is anything else. */
static size_t plain_members(const char *p, const char *end, span *names, span *values) {
    p = skip_space_to(p, end);
    if (p == end || *p != '{')
        return 0;
    for (size_t count = 0; count < PLAIN_MEMBERS; count++) {
        p = plain_string(skip_space_to(p + 1, end), end, &names[count]);
        if (!p || p == end || *p != ':')
            return 0;
        for (size_t i = 0; i < count; i++)
            if (names[i].length == names[count].length &&
                memcmp(names[i].text, names[count].text, names[i].length) == 0)
                return 0;
        p = plain_string(skip_space_to(p + 1, end), end, &values[count]);
        if (!p || p == end)
            return 0;
        if (*p == '}')
            return skip_space_to(p + 1, end) == end ? count + 1 : 0;
        if (*p != ',')
            return 0;
    }
    return 0;
}

/* Fast path for plain lines. 0 where jansson must read the line, also to report its errors. */
static int read_plain(const char *line, size_t length, const char *text_name, const char *label_name,
                      cam_jsonl_value *text, cam_jsonl_value *label) {
    span names[PLAIN_MEMBERS], values[PLAIN_MEMBERS];
    size_t count = plain_members(line, line + length, names, values);
    const span *found[2] = {NULL, NULL};
    for (size_t i = 0; i < count; i++) {
        int is_text = cam_name_equal(names[i].text, names[i].length, text_name, strlen(text_name));
        if (!is_text && !cam_name_equal(names[i].text, names[i].length, label_name, strlen(label_name)))
            continue;
        const span **place = &found[is_text ? 0 : 1];
        if (*place)
            return 0;
        *place = &values[i];
    }
    text->present = found[0] != NULL;
    label->present = found[1] != NULL;
    if (found[0])
        cam_strbuf_append(&text->bytes, found[0]->text, found[0]->length);
    if (found[1])
        cam_strbuf_append(&label->bytes, found[1]->text, found[1]->length);
    return count > 0;
}

cam_status cam_jsonl_read(const char *line, size_t length, const char *text_name, const char *label_name,
                          cam_jsonl_value *text, cam_jsonl_value *label) {
    cam_status st = CAM_OK;
    json_t *object = NULL, *member;
    const char *key;
    cam_strbuf_clear(&text->bytes);
    cam_strbuf_clear(&label->bytes);
    text->present = label->present = label->is_list = 0;
    if (read_plain(line, length, text_name, label_name, text, label))
        goto out;
    CAM_TRY(load(line, length, &object));
    literals literal = literals_of(line);
    json_object_foreach(object, key, member) {
        literals_read(&literal);
        if (cam_name_equal(key, strlen(key), text_name, strlen(text_name)))
            CAM_TRY(take(&literal, member, text_name, 0, text));
        else if (cam_name_equal(key, strlen(key), label_name, strlen(label_name)))
            CAM_TRY(take(&literal, member, label_name, 1, label));
    }
out:
    json_decref(object);
    return st;
}

void cam_jsonl_names(const char *line, size_t length, size_t limit, cam_strbuf *out) {
    json_t *object, *member;
    const char *key;
    if (load(line, length, &object) != CAM_OK)
        return;
    json_object_foreach(object, key, member) {
        (void)member;
        if (limit-- == 0) {
            cam_strbuf_puts(out, ", ...");
            break;
        }
        cam_strbuf_printf(out, "%s\"%s\"", out->length ? ", " : "", key);
    }
    json_decref(object);
}

cam_status cam_jsonl_each(const char *line, size_t length, cam_jsonl_visit visit, void *context) {
    cam_status st = CAM_OK;
    cam_jsonl_value value = {.bytes = CAM_STRBUF_INIT};
    json_t *object = NULL, *member;
    const char *key;
    CAM_TRY(load(line, length, &object));
    literals literal = literals_of(line);
    json_object_foreach(object, key, member) {
        literals_read(&literal);
        value.present = value.is_list = 0;
        cam_strbuf_clear(&value.bytes);
        st = json_is_null(member) ? CAM_E_DATA : take(&literal, member, key, 1, &value);
        if (st == CAM_OK && (!value.is_list || value.members == 1))
            CAM_TRY(visit(context, key, cam_strbuf_text(&value.bytes), value.bytes.length));
        if (st != CAM_E_DATA && st != CAM_OK)
            goto out;
        st = CAM_OK;
    }
out:
    cam_strbuf_release(&value.bytes);
    json_decref(object);
    return st;
}
