/* tokenizer_json_internal.h: the readers of the parts of tokenizer.json. */
#ifndef CAM_TOKENIZER_JSON_INTERNAL_H
#define CAM_TOKENIZER_JSON_INTERNAL_H

#include "vocabulary_internal.h"
#include <jansson.h>
#include <string.h>

/* "type" of a part; "?" where it has none. */
static inline const char *cam_json_type(const json_t *object) {
    const char *type = json_string_value(json_object_get(object, "type"));
    return type ? type : "?";
}

static inline int cam_json_flag(const json_t *object, const char *key, int fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

/* Nonzero where `object` has a text under `key`, and it is `text`. */
static inline int cam_json_is(const json_t *object, const char *key, const char *text) {
    const char *value = json_string_value(json_object_get(object, key));
    return value && strcmp(value, text) == 0;
}

/* Compiles an expression into *pattern, to be freed. `use` is what the file does with it, for the message: "normalizer
 * replaces". CAM_E_MODEL where it is not implemented, CAM_E_MEMORY; *pattern is NULL then. */
CAM_MUST_CHECK cam_status cam_json_read_pattern(const char *expression, const char *use, cam_pattern **pattern);

/* Each reads a part, which may be absent or null. CAM_E_MODEL naming a step that is not implemented. */
CAM_MUST_CHECK cam_status cam_vocabulary_read_normalizer(cam_vocabulary *vocabulary, const json_t *object);
CAM_MUST_CHECK cam_status cam_vocabulary_read_pre_tokenizer(cam_vocabulary *vocabulary, const json_t *object);

/* Adds an added token, or changes the one that has this content: its id stays then, and so does an id that the
 * vocabulary has for the content. `object` is an entry of "added_tokens" or "added_tokens_decoder". */
CAM_MUST_CHECK cam_status cam_vocabulary_read_added(cam_vocabulary *vocabulary, const json_t *object, int64_t id);

#endif
