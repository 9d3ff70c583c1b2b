/* normalizer.c: see normalizer_internal.h. */
#include "normalizer_internal.h"
#include "utf8.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- patterns ---------------------------------------------------------------------------------------------------- */

typedef struct cam_pattern_class character_class;

static int class_add(character_class *class, uint32_t rune) {
    if (class->count == CAM_PATTERN_CHARACTERS)
        return 0;
    class->characters[class->count++] = rune;
    return 1;
}

/* Parses one character or escape and adds it to `class`. */
static int parse_character(const char **at, character_class *class) {
    const char *end = *at + strlen(*at);
    if (**at == '\\') {
        char escape = (*at)[1];
        *at += escape == '\0' ? 1 : 2;
        switch (escape) {
        case 's':
            class->any_space = 1;
            return 1;
        case 'n':
            return class_add(class, '\n');
        case 'r':
            return class_add(class, '\r');
        case 't':
            return class_add(class, '\t');
        case 'v':
            return class_add(class, '\v');
        case 'f':
            return class_add(class, '\f');
        default: /* an escaped punctuation mark stands for itself; \d, \p and the like are not supported */
            return escape != '\0' && strchr("\\.^$()[]{}*+?|-/", escape) ? class_add(class, (uint32_t)escape) : 0;
        }
    }
    uint32_t rune;
    *at += cam_utf8_next(*at, end, &rune);
    return class_add(class, rune);
}

static int parse_class(const char **at, character_class *class) {
    if (**at != '[')
        return **at != '\0' && !strchr(".^$()]{}*+?|", **at) && parse_character(at, class);
    ++*at;
    if (**at == '^' || **at == ']')
        return 0;
    while (**at != ']') {
        if (**at == '\0' || **at == '-' || **at == '[' || **at == '&' || !parse_character(at, class))
            return 0;
    }
    ++*at;
    return 1;
}

static int parse_count(const char **at, long *value) {
    char *end;
    if (**at < '0' || **at > '9')
        return 0;
    *value = strtol(*at, &end, 10);
    *at = end;
    return *value < 1000;
}

static int parse_repeat(const char **at, character_class *class) {
    class->at_least = class->at_most = 1;
    if (**at == '+') {
        ++*at;
        class->at_most = LONG_MAX;
    } else if (**at == '{') {
        ++*at;
        if (!parse_count(at, &class->at_least))
            return 0;
        class->at_most = class->at_least;
        if (**at == ',') {
            ++*at;
            class->at_most = LONG_MAX;
            if (**at != '}' && !parse_count(at, &class->at_most))
                return 0;
        }
        if (**at != '}')
            return 0;
        ++*at;
    }
    return class->at_least > 0 && class->at_most >= class->at_least;
}

int cam_pattern_compile(cam_pattern *pattern, const char *expression) {
    memset(pattern, 0, sizeof *pattern);
    for (const char *at = expression;; at++) {
        if (pattern->count == CAM_PATTERN_ALTERNATIVES)
            return 0;
        character_class *class = &pattern->alternatives[pattern->count++];
        if (!parse_class(&at, class) || !parse_repeat(&at, class))
            return 0;
        if (*at == '\0')
            return 1;
        if (*at != '|')
            return 0;
    }
}

static int class_holds(const character_class *class, uint32_t rune) {
    if (class->any_space && cam_is_white_space(rune))
        return 1;
    for (int i = 0; i < class->count; i++) {
        if (class->characters[i] == rune)
            return 1;
    }
    return 0;
}

/* The number of bytes that the pattern matches at `at`; 0 = no match. */
static size_t pattern_match(const cam_pattern *pattern, const char *at, const char *end) {
    for (int i = 0; i < pattern->count; i++) {
        const character_class *class = &pattern->alternatives[i];
        const char *next = at;
        long times = 0;
        while (next < end && times < class->at_most) {
            uint32_t rune;
            size_t length = cam_utf8_next(next, end, &rune);
            if (!class_holds(class, rune))
                break;
            next += length;
            times++;
        }
        if (times >= class->at_least)
            return (size_t)(next - at);
    }
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

void cam_normal_step_release(cam_normal_step *step) {
    cam_charsmap_release(&step->charsmap);
    free(step->find);
    free(step->content);
    memset(step, 0, sizeof *step);
}

static void replace_pattern(const cam_normal_step *step, const cam_strbuf *text, cam_strbuf *out) {
    const char *at = cam_strbuf_text(text), *end = at + text->length, *copied = at;
    size_t content_length = strlen(step->content);
    while (at < end) {
        size_t matched = pattern_match(&step->pattern, at, end);
        if (matched > 0) {
            cam_strbuf_append(out, copied, (size_t)(at - copied));
            cam_strbuf_append(out, step->content, content_length);
            at = copied = at + matched;
        } else {
            uint32_t rune;
            at += cam_utf8_next(at, end, &rune);
        }
    }
    cam_strbuf_append(out, copied, (size_t)(end - copied));
}

static void replace_literal(const cam_normal_step *step, const cam_strbuf *text, cam_strbuf *out) {
    const char *at = cam_strbuf_text(text), *end = at + text->length, *found;
    size_t find_length = strlen(step->find), content_length = strlen(step->content);
    while ((found = memmem(at, (size_t)(end - at), step->find, find_length)) != NULL) {
        cam_strbuf_append(out, at, (size_t)(found - at));
        cam_strbuf_append(out, step->content, content_length);
        at = found + find_length;
    }
    cam_strbuf_append(out, at, (size_t)(end - at));
}

static void strip(const cam_normal_step *step, const cam_strbuf *text, cam_strbuf *out) {
    const char *begin = cam_strbuf_text(text), *end = begin + text->length;
    uint32_t rune;
    size_t length;
    while (step->strip_left && begin < end) {
        length = cam_utf8_next(begin, end, &rune);
        if (!cam_is_white_space(rune))
            break;
        begin += length;
    }
    const char *kept = begin;
    for (const char *at = begin; at < end; at += length) {
        length = cam_utf8_next(at, end, &rune);
        if (!cam_is_white_space(rune))
            kept = at + length;
    }
    cam_strbuf_append(out, begin, (size_t)((step->strip_right ? kept : end) - begin));
}

void cam_normalize(const cam_normal_step *steps, size_t count, cam_strbuf *text, cam_strbuf *spare) {
    for (size_t i = 0; i < count; i++) {
        const cam_normal_step *step = &steps[i];
        cam_strbuf_clear(spare);
        switch (step->kind) {
        case CAM_NORMAL_CHARSMAP:
            cam_charsmap_apply(&step->charsmap, cam_strbuf_text(text), text->length, spare);
            break;
        case CAM_NORMAL_STRIP:
            strip(step, text, spare);
            break;
        case CAM_NORMAL_REPLACE:
            replace_literal(step, text, spare);
            break;
        case CAM_NORMAL_REPLACE_PATTERN:
            replace_pattern(step, text, spare);
            break;
        }
        cam_strbuf result = *spare;
        *spare = *text;
        *text = result;
    }
}
