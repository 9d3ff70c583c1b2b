/* normalizer_internal.h: the steps that change a text before it is split into words.
 *
 * Each step does the same as the step of that name in huggingface/tokenizers, oddities included: ids must be equal. */
#ifndef CAM_NORMALIZER_INTERNAL_H
#define CAM_NORMALIZER_INTERNAL_H

#include "charsmap_internal.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

/* The regular expressions that tokenizer files use: alternatives of one character class each, repeated or not
 * (" {2,}", "\s{2,}|[\n\r\t]"). Greedy, first alternative first. */
enum { CAM_PATTERN_ALTERNATIVES = 4, CAM_PATTERN_CHARACTERS = 8 };
typedef struct cam_pattern {
    struct cam_pattern_class {
        int any_space; /* \s: White_Space, as in Oniguruma */
        int count;
        uint32_t characters[CAM_PATTERN_CHARACTERS];
        long at_least, at_most;
    } alternatives[CAM_PATTERN_ALTERNATIVES];
    int count;
} cam_pattern;

/* Nonzero where `expression` has this form. */
int cam_pattern_compile(cam_pattern *pattern, const char *expression);

typedef enum cam_normal_kind {
    CAM_NORMAL_CHARSMAP,
    CAM_NORMAL_STRIP,
    CAM_NORMAL_REPLACE,        /* the literal `find` */
    CAM_NORMAL_REPLACE_PATTERN /* what `pattern` matches */
} cam_normal_kind;

typedef struct cam_normal_step {
    cam_normal_kind kind;
    cam_charsmap charsmap;
    int strip_left, strip_right;
    cam_pattern pattern;
    char *find, *content; /* owned */
} cam_normal_step;
void cam_normal_step_release(cam_normal_step *step);

/* Runs all steps over `text` in place; `spare` is scratch. */
void cam_normalize(const cam_normal_step *steps, size_t count, cam_strbuf *text, cam_strbuf *spare);

#endif
