/* pre_tokenizer_json.c: reads the pre-tokenizer of tokenizer.json. */
#include "tokenizer_json_internal.h"
#include <stdlib.h>

static int has_metaspace(const cam_vocabulary *vocabulary) {
    for (size_t i = 0; i < vocabulary->split_count; i++)
        if (vocabulary->splits[i].kind == CAM_SPLIT_METASPACE)
            return 1;
    return 0;
}

/* "first" depends on where a word began in the raw text, which is not known once a normalizer has changed it. */
static int is_first_known(const cam_vocabulary *vocabulary) {
    return vocabulary->split_count == 0 || vocabulary->step_count == 0;
}

static cam_status read_metaspace(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const char *scheme = json_string_value(json_object_get(object, "prepend_scheme"));
    cam_split_step *step;
    if (!scheme) /* the older form */
        scheme = cam_json_flag(object, "add_prefix_space", 1) ? "always" : "never";
    cam_prepend prepend = strcmp(scheme, "always") == 0  ? CAM_PREPEND_ALWAYS
                          : strcmp(scheme, "first") == 0 ? CAM_PREPEND_FIRST
                                                         : CAM_PREPEND_NEVER;
    if (has_metaspace(vocabulary))
        CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer has two \"Metaspace\", which is not implemented");
    if (!cam_json_is(object, "replacement", "\u2581"))
        CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer \"Metaspace\" replaces spaces by another mark than \"\u2581\"");
    if (prepend == CAM_PREPEND_NEVER && strcmp(scheme, "never") != 0)
        CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer's prepend_scheme \"%s\" is not implemented", scheme);
    if (prepend == CAM_PREPEND_FIRST && !is_first_known(vocabulary))
        CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer splits a normalized text before a \"Metaspace\" with prepend_scheme "
                              "\"first\", which is not implemented");
    CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_METASPACE, CAM_SPLIT_MERGED_WITH_NEXT, &step));
    step->prepend = prepend;
    step->metaspace_split = cam_json_flag(object, "split", 1);
out:
    return st;
}

static cam_status read_behavior(const json_t *object, cam_split_behavior fallback, cam_split_behavior *behavior) {
    static const struct {
        const char *name;
        cam_split_behavior behavior;
    } names[] = {{"Removed", CAM_SPLIT_REMOVED},
                 {"Isolated", CAM_SPLIT_ISOLATED},
                 {"MergedWithPrevious", CAM_SPLIT_MERGED_WITH_PREVIOUS},
                 {"MergedWithNext", CAM_SPLIT_MERGED_WITH_NEXT},
                 {"Contiguous", CAM_SPLIT_CONTIGUOUS}};
    const char *given = json_string_value(json_object_get(object, "behavior"));
    *behavior = fallback;
    for (size_t i = 0; given && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(given, names[i].name) == 0) {
            *behavior = names[i].behavior;
            return CAM_OK;
        }
    return given ? cam_fail(CAM_E_MODEL, "its pre-tokenizer's behavior \"%s\" is not implemented", given) : CAM_OK;
}

static cam_status add_pattern(cam_vocabulary *vocabulary, cam_split_behavior behavior, int inverted,
                              const char *expression) {
    cam_status st = CAM_OK;
    cam_split_step *step;
    CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_PATTERN, behavior, &step));
    step->inverted = inverted;
    CAM_TRY(cam_json_read_pattern(expression, "pre-tokenizer splits at", &step->pattern));
out:
    return st;
}

static cam_status add_text(cam_vocabulary *vocabulary, cam_split_behavior behavior, int inverted, const char *text) {
    cam_split_step *step;
    cam_status st = cam_vocabulary_add_split(vocabulary, CAM_SPLIT_TEXT, behavior, &step);
    if (st != CAM_OK)
        return st;
    step->inverted = inverted;
    step->text = strdup(text);
    return step->text ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for the pre-tokenizer");
}

static cam_status read_split(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *pattern = json_object_get(object, "pattern");
    const char *text = json_string_value(json_object_get(pattern, "String"));
    const char *expression = json_string_value(json_object_get(pattern, "Regex"));
    int inverted = cam_json_flag(object, "invert", 0);
    cam_split_behavior behavior;
    CAM_TRY(read_behavior(object, CAM_SPLIT_REMOVED, &behavior));
    if (expression)
        CAM_TRY(add_pattern(vocabulary, behavior, inverted, expression));
    else if (text && text[0] != '\0')
        CAM_TRY(add_text(vocabulary, behavior, inverted, text));
    else
        CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer \"Split\" is incomplete");
out:
    return st;
}

static cam_status read_delimiter(cam_vocabulary *vocabulary, const json_t *object) {
    const char *text = json_string_value(json_object_get(object, "delimiter"));
    if (!text || text[0] == '\0')
        return cam_fail(CAM_E_MODEL, "its pre-tokenizer \"CharDelimiterSplit\" is incomplete");
    return add_text(vocabulary, CAM_SPLIT_REMOVED, 0, text);
}

static cam_status read_one(cam_vocabulary *vocabulary, const char *type, const json_t *object) {
    cam_status st = CAM_OK;
    cam_split_step *step;
    cam_split_behavior behavior;
    if (strcmp(type, "Metaspace") == 0) {
        CAM_TRY(read_metaspace(vocabulary, object));
    } else if (strcmp(type, "WhitespaceSplit") == 0) {
        CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_SPACE, CAM_SPLIT_REMOVED, &step));
    } else if (strcmp(type, "Whitespace") == 0) {
        CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_SPACE, CAM_SPLIT_REMOVED, &step));
        CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_WORD_CHARACTER, CAM_SPLIT_CONTIGUOUS, &step));
    } else if (strcmp(type, "BertPreTokenizer") == 0) {
        CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_SPACE, CAM_SPLIT_REMOVED, &step));
        CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_PUNCTUATION, CAM_SPLIT_ISOLATED, &step));
    } else if (strcmp(type, "Punctuation") == 0) {
        CAM_TRY(read_behavior(object, CAM_SPLIT_ISOLATED, &behavior));
        CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_PUNCTUATION, behavior, &step));
    } else if (strcmp(type, "Digits") == 0) {
        behavior = cam_json_flag(object, "individual_digits", 0) ? CAM_SPLIT_ISOLATED : CAM_SPLIT_CONTIGUOUS;
        CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_NUMERIC, behavior, &step));
    } else if (strcmp(type, "CharDelimiterSplit") == 0) {
        CAM_TRY(read_delimiter(vocabulary, object));
    } else if (strcmp(type, "Split") == 0) {
        CAM_TRY(read_split(vocabulary, object));
    } else {
        CAM_FAIL(CAM_E_MODEL, "its pre-tokenizer \"%s\" is not implemented", type);
    }
out:
    return st;
}

cam_status cam_vocabulary_read_pre_tokenizer(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const char *type = cam_json_type(object);
    const json_t *member;
    size_t i;
    if (!object || json_is_null(object))
        goto out;
    if (strcmp(type, "Sequence") == 0) {
        json_array_foreach(json_object_get(object, "pretokenizers"), i, member)
            CAM_TRY(cam_vocabulary_read_pre_tokenizer(vocabulary, member));
    } else {
        CAM_TRY(read_one(vocabulary, type, object));
    }
out:
    return st;
}
