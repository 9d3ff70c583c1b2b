/* normalizer_json.c: reads the normalizer of tokenizer.json. */
#include "tokenizer_json_internal.h"
#include <stdlib.h>
#include <utf8proc.h>

static int base64_digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found ? (int)(found - digits) : -1;
}

/* *blob is to be freed. */
static cam_status base64_decode(const char *text, char **blob, size_t *bytes) {
    size_t length = strlen(text);
    char *out = malloc(length / 4 * 3 + 3);
    uint32_t group = 0;
    unsigned bits = 0;
    *bytes = 0;
    if (!out)
        return cam_fail(CAM_E_MEMORY, "no memory for the character map");
    while (length > 0 && text[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0) {
            free(out);
            return cam_fail(CAM_E_MODEL, "its precompiled character map is not base64");
        }
        group = group << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[(*bytes)++] = (char)(group >> bits);
        }
    }
    *blob = out;
    return CAM_OK;
}

static cam_status check_content(const char *content) {
    size_t length = strlen(content);
    return length > CAM_NORMAL_CONTENT
               ? cam_fail(CAM_E_MODEL, "its normalizer writes a text of %zu bytes for each match; at most %d are read",
                          length, CAM_NORMAL_CONTENT)
               : CAM_OK;
}

static cam_status read_replace(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *pattern = json_object_get(object, "pattern");
    const char *find = json_string_value(json_object_get(pattern, "String"));
    const char *expression = json_string_value(json_object_get(pattern, "Regex"));
    const char *content = json_string_value(json_object_get(object, "content"));
    cam_normal_step *step;
    if (!content || (!find && !expression) || (find && find[0] == '\0'))
        CAM_FAIL(CAM_E_MODEL, "its normalizer \"Replace\" is incomplete");
    CAM_TRY(check_content(content));
    CAM_TRY(cam_vocabulary_add_step(vocabulary, find ? CAM_NORMAL_REPLACE : CAM_NORMAL_REPLACE_PATTERN, &step));
    step->content = strdup(content);
    step->find = find ? strdup(find) : NULL;
    if (!step->content || (find && !step->find))
        CAM_FAIL(CAM_E_MEMORY, "no memory for the normalizer");
    if (!find)
        CAM_TRY(cam_json_read_pattern(expression, "normalizer replaces", &step->pattern));
out:
    return st;
}

static cam_status read_charsmap(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const char *text = json_string_value(json_object_get(object, "precompiled_charsmap"));
    char *blob = NULL;
    size_t bytes = 0;
    cam_normal_step *step;
    if (!text || text[0] == '\0') /* an empty map changes nothing */
        goto out;
    CAM_TRY(cam_vocabulary_add_step(vocabulary, CAM_NORMAL_CHARSMAP, &step));
    CAM_TRY(base64_decode(text, &blob, &bytes));
    CAM_TRY(cam_charsmap_init(&step->charsmap, blob, bytes));
out:
    return st;
}

static cam_status read_prepend(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const char *content = json_string_value(json_object_get(object, "prepend"));
    cam_normal_step *step;
    if (!content)
        CAM_FAIL(CAM_E_MODEL, "its normalizer \"Prepend\" is incomplete");
    CAM_TRY(check_content(content));
    CAM_TRY(cam_vocabulary_add_step(vocabulary, CAM_NORMAL_PREPEND, &step));
    step->content = strdup(content);
    if (!step->content)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the normalizer");
out:
    return st;
}

static cam_status read_strip(cam_vocabulary *vocabulary, const json_t *object) {
    cam_normal_step *step;
    cam_status st = cam_vocabulary_add_step(vocabulary, CAM_NORMAL_STRIP, &step);
    if (st == CAM_OK) {
        step->strip_left = cam_json_flag(object, "strip_left", 1);
        step->strip_right = cam_json_flag(object, "strip_right", 1);
    }
    return st;
}

static cam_status add_form(cam_vocabulary *vocabulary, int form) {
    cam_normal_step *step;
    cam_status st = cam_vocabulary_add_step(vocabulary, CAM_NORMAL_UNICODE_FORM, &step);
    if (st == CAM_OK)
        step->form = UTF8PROC_STABLE | form;
    return st;
}

/* Steps in the order in which BertNormalizer does them. Where strip_accents is null, accents go with upper case. */
static cam_status read_bert(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    cam_normal_step *step;
    int lowercase = cam_json_flag(object, "lowercase", 1);
    if (cam_json_flag(object, "clean_text", 1))
        CAM_TRY(cam_vocabulary_add_step(vocabulary, CAM_NORMAL_CLEAN, &step));
    if (cam_json_flag(object, "handle_chinese_chars", 1))
        CAM_TRY(cam_vocabulary_add_step(vocabulary, CAM_NORMAL_ISOLATE_CHINESE, &step));
    if (cam_json_flag(object, "strip_accents", lowercase)) {
        CAM_TRY(add_form(vocabulary, UTF8PROC_DECOMPOSE));
        CAM_TRY(cam_vocabulary_add_step(vocabulary, CAM_NORMAL_REMOVE_ACCENTS, &step));
    }
    if (lowercase)
        CAM_TRY(cam_vocabulary_add_step(vocabulary, CAM_NORMAL_LOWERCASE, &step));
out:
    return st;
}

/* The steps that are only a name. Returns 0 where `type` is none of them. */
static int read_named(cam_vocabulary *vocabulary, const char *type, cam_status *st) {
    static const struct {
        const char *type;
        cam_normal_kind kind;
        int form;
    } names[] = {
        {"NFC", CAM_NORMAL_UNICODE_FORM, UTF8PROC_COMPOSE},
        {"NFD", CAM_NORMAL_UNICODE_FORM, UTF8PROC_DECOMPOSE},
        {"NFKC", CAM_NORMAL_UNICODE_FORM, UTF8PROC_COMPOSE | UTF8PROC_COMPAT},
        {"NFKD", CAM_NORMAL_UNICODE_FORM, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT},
        {"StripAccents", CAM_NORMAL_REMOVE_MARKS, 0},
        {"Lowercase", CAM_NORMAL_LOWERCASE, 0},
        {"Nmt", CAM_NORMAL_NMT, 0},
    };
    cam_normal_step *step;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(type, names[i].type) == 0) {
            *st = names[i].form ? add_form(vocabulary, names[i].form)
                                : cam_vocabulary_add_step(vocabulary, names[i].kind, &step);
            return 1;
        }
    return 0;
}

cam_status cam_vocabulary_read_normalizer(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const char *type = cam_json_type(object);
    const json_t *member;
    size_t i;
    if (!object || json_is_null(object))
        goto out;
    if (strcmp(type, "Sequence") == 0) {
        json_array_foreach(json_object_get(object, "normalizers"), i, member)
            CAM_TRY(cam_vocabulary_read_normalizer(vocabulary, member));
    } else if (strcmp(type, "Precompiled") == 0) {
        CAM_TRY(read_charsmap(vocabulary, object));
    } else if (strcmp(type, "Strip") == 0) {
        CAM_TRY(read_strip(vocabulary, object));
    } else if (strcmp(type, "Replace") == 0) {
        CAM_TRY(read_replace(vocabulary, object));
    } else if (strcmp(type, "Prepend") == 0) {
        CAM_TRY(read_prepend(vocabulary, object));
    } else if (strcmp(type, "BertNormalizer") == 0) {
        CAM_TRY(read_bert(vocabulary, object));
    } else if (!read_named(vocabulary, type, &st)) {
        CAM_FAIL(CAM_E_MODEL, "its normalizer \"%s\" is not implemented", type);
    }
out:
    return st;
}
