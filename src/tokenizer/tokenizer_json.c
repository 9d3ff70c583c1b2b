/* tokenizer_json.c: reads tokenizer.json, the file of huggingface/tokenizers.
 *
 * It supports the parts that the files of CamemBERT and its relatives have: a Unigram model, the normalizers
 * Precompiled, Strip and Replace, the pre-tokenizers WhitespaceSplit and Metaspace. Anything else is refused by name:
 * an ignored step would silently give other ids. */
#include "vocabulary_internal.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *type_of(const json_t *object) {
    const char *type = json_string_value(json_object_get(object, "type"));
    return type ? type : "?";
}

static int flag_of(const json_t *object, const char *key, int fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

/* --- normalizer -------------------------------------------------------------------------------------------------- */

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

static cam_status read_replace(cam_vocabulary *model, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *pattern = json_object_get(object, "pattern");
    const char *find = json_string_value(json_object_get(pattern, "String"));
    const char *expression = json_string_value(json_object_get(pattern, "Regex"));
    const char *content = json_string_value(json_object_get(object, "content"));
    cam_normal_step *step;
    if (!content || (!find && !expression) || (find && find[0] == '\0'))
        CAM_FAIL(CAM_E_MODEL, "its normalizer \"Replace\" is incomplete");
    CAM_TRY(cam_vocabulary_add_step(model, find ? CAM_NORMAL_REPLACE : CAM_NORMAL_REPLACE_PATTERN, &step));
    step->content = strdup(content);
    step->find = find ? strdup(find) : NULL;
    if (!step->content || (find && !step->find))
        CAM_FAIL(CAM_E_MEMORY, "no memory for the normalizer");
    if (!find && !cam_pattern_compile(&step->pattern, expression))
        CAM_FAIL(CAM_E_MODEL, "its normalizer replaces the pattern \"%s\", which is not implemented", expression);
out:
    return st;
}

static cam_status read_charsmap(cam_vocabulary *model, const json_t *object) {
    cam_status st = CAM_OK;
    const char *text = json_string_value(json_object_get(object, "precompiled_charsmap"));
    char *blob = NULL;
    size_t bytes = 0;
    cam_normal_step *step;
    if (!text || text[0] == '\0') /* an empty map changes nothing */
        goto out;
    CAM_TRY(cam_vocabulary_add_step(model, CAM_NORMAL_CHARSMAP, &step));
    CAM_TRY(base64_decode(text, &blob, &bytes));
    CAM_TRY(cam_charsmap_init(&step->charsmap, blob, bytes));
out:
    return st;
}

static cam_status read_normalizer(cam_vocabulary *model, const json_t *object) {
    cam_status st = CAM_OK;
    const char *type = type_of(object);
    const json_t *member;
    cam_normal_step *step;
    size_t i;
    if (!object || json_is_null(object))
        goto out;
    if (strcmp(type, "Sequence") == 0) {
        json_array_foreach(json_object_get(object, "normalizers"), i, member) CAM_TRY(read_normalizer(model, member));
    } else if (strcmp(type, "Precompiled") == 0) {
        CAM_TRY(read_charsmap(model, object));
    } else if (strcmp(type, "Strip") == 0) {
        CAM_TRY(cam_vocabulary_add_step(model, CAM_NORMAL_STRIP, &step));
        step->strip_left = flag_of(object, "strip_left", 1);
        step->strip_right = flag_of(object, "strip_right", 1);
    } else if (strcmp(type, "Replace") == 0) {
        CAM_TRY(read_replace(model, object));
    } else {
        CAM_FAIL(CAM_E_MODEL, "its normalizer \"%s\" is not implemented", type);
    }
out:
    return st;
}

/* --- pre-tokenizer ----------------------------------------------------------------------------------------------- */

static cam_status read_metaspace(cam_vocabulary *model, const json_t *object) {
    const char *replacement = json_string_value(json_object_get(object, "replacement"));
    const char *scheme = json_string_value(json_object_get(object, "prepend_scheme"));
    int prepend = flag_of(object, "add_prefix_space", 1); /* the older form of prepend_scheme */
    if (model->metaspace)
        return cam_fail(CAM_E_MODEL, "its pre-tokenizer has two \"Metaspace\"");
    if (!replacement || strcmp(replacement, "\u2581") != 0)
        return cam_fail(CAM_E_MODEL, "its pre-tokenizer replaces spaces by another mark than \"\u2581\"");
    if (scheme && strcmp(scheme, "always") != 0 && strcmp(scheme, "never") != 0)
        return cam_fail(CAM_E_MODEL, "its pre-tokenizer's prepend_scheme \"%s\" is not implemented", scheme);
    model->metaspace = 1;
    model->metaspace_prepend = prepend && (!scheme || strcmp(scheme, "always") == 0);
    model->metaspace_split = flag_of(object, "split", 1);
    return CAM_OK;
}

static cam_status read_pre_tokenizer(cam_vocabulary *model, const json_t *object) {
    cam_status st = CAM_OK;
    const char *type = type_of(object);
    const json_t *member;
    size_t i;
    if (!object || json_is_null(object))
        goto out;
    if (strcmp(type, "Sequence") == 0) {
        json_array_foreach(json_object_get(object, "pretokenizers"), i, member)
            CAM_TRY(read_pre_tokenizer(model, member));
    } else if (strcmp(type, "WhitespaceSplit") == 0) {
        if (model->metaspace)
            CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer splits after \"Metaspace\", which is not implemented");
        model->whitespace_split = 1;
    } else if (strcmp(type, "Metaspace") == 0) {
        CAM_TRY(read_metaspace(model, object));
    } else {
        CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer \"%s\" is not implemented", type);
    }
out:
    return st;
}

/* --- vocabulary -------------------------------------------------------------------------------------------------- */

static cam_status read_unigram(cam_vocabulary *model, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *vocab = json_object_get(object, "vocab"), *unk = json_object_get(object, "unk_id"), *entry;
    const char *type = type_of(object);
    size_t i;
    if (strcmp(type, "Unigram") != 0)
        CAM_FAIL(CAM_E_MODEL, "it holds a \"%s\" model; only unigram models (SentencePiece's) are read", type);
    if (flag_of(object, "byte_fallback", 0))
        CAM_FAIL(CAM_E_MODEL, "its model falls back to bytes, which is not implemented");
    if (!json_is_array(vocab))
        CAM_FAIL(CAM_E_MODEL, "its model has no vocabulary");
    json_array_foreach(vocab, i, entry) {
        const json_t *text = json_array_get(entry, 0), *score = json_array_get(entry, 1);
        if (!json_is_string(text) || !json_is_number(score))
            CAM_FAIL(CAM_E_MODEL, "entry %zu of its vocabulary is not a text and a number", i);
        CAM_TRY(cam_vocabulary_add(model, json_string_value(text), json_string_length(text), json_number_value(score)));
    }
    json_int_t id = json_is_integer(unk) ? json_integer_value(unk) : -1;
    if (id < 0 || (size_t)id >= model->count)
        CAM_FAIL(CAM_E_MODEL, "its \"unk_id\" is not in the vocabulary");
    model->unk_piece = (int32_t)id;
    CAM_TRY(cam_vocabulary_finish(model));
out:
    return st;
}

static cam_status read_added_token(cam_vocabulary *model, const json_t *object, int64_t vocab_limit) {
    cam_status st = CAM_OK;
    const json_t *number = json_object_get(object, "id");
    const char *text = json_string_value(json_object_get(object, "content"));
    cam_added_token *token;
    if (!text || !json_is_integer(number))
        CAM_FAIL(CAM_E_MODEL, "one of its added tokens has no id or no content");
    int64_t id = cam_vocabulary_find(model, text); /* it replaces the token's own id */
    if (id < 0)
        id = json_integer_value(number);
    if (text[0] == '\0' || id < 0 || id >= vocab_limit)
        goto out;
    if (flag_of(object, "single_word", 0))
        CAM_FAIL(CAM_E_MODEL, "its added token \"%s\" is \"single_word\", which is not implemented", text);
    CAM_TRY(cam_vocabulary_add_token(model, text, &token));
    token->id = (int32_t)id;
    token->lstrip = flag_of(object, "lstrip", 0);
    token->rstrip = flag_of(object, "rstrip", 0);
    token->normalized = flag_of(object, "normalized", !flag_of(object, "special", 0));
    if (id >= model->vocab_size)
        model->vocab_size = (int32_t)id + 1;
out:
    return st;
}

/* Where memory runs out, jansson reports a syntax error; errno is ENOMEM then. */
static json_t *load(const char *text, size_t length, json_error_t *error) {
    errno = 0;
    return json_loadb(text, length, 0, error);
}

cam_status cam_tokenizer_vocab_limit(const char *text, size_t length, int64_t *limit) {
    json_error_t error;
    json_t *root = load(text, length, &error);
    if (!root && errno == ENOMEM)
        return cam_fail(CAM_E_MEMORY, "no memory for the model's configuration");
    json_int_t size = json_integer_value(json_object_get(root, "vocab_size"));
    json_decref(root);
    *limit = size > 0 && size < INT32_MAX ? size : 0;
    return CAM_OK;
}

cam_status cam_vocabulary_from_json(cam_vocabulary *model, const char *text, size_t length, int64_t vocab_limit) {
    cam_status st = CAM_OK;
    json_error_t error;
    const json_t *token;
    size_t i;
    json_t *root = load(text, length, &error);
    if (!root && errno == ENOMEM)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the tokenizer's file");
    if (!root)
        CAM_FAIL(CAM_E_MODEL, "it is not JSON: line %d: %s", error.line, error.text);
    CAM_TRY(read_unigram(model, json_object_get(root, "model")));
    CAM_TRY(read_normalizer(model, json_object_get(root, "normalizer")));
    CAM_TRY(read_pre_tokenizer(model, json_object_get(root, "pre_tokenizer")));
    if (vocab_limit < (int64_t)model->count)
        vocab_limit = (int64_t)model->count;
    json_array_foreach(json_object_get(root, "added_tokens"), i, token)
        CAM_TRY(read_added_token(model, token, vocab_limit));
out:
    json_decref(root);
    return st;
}
