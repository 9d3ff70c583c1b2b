/* normalizer_internal.h: the steps that change a text before it is cut into words. Internal to the tokenizer.
 *
 * Each step does what the step of the same name in huggingface/tokenizers does, quirks included: ids must be equal.
 */
#ifndef CAM_NORMALIZER_INTERNAL_H
#define CAM_NORMALIZER_INTERNAL_H

#include "cam/status.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

/* SentencePiece's precompiled character map: a double-array trie whose values are offsets of NUL-ended replacements. */
typedef struct cam_charsmap {
    char *blob; /* owned */
    const unsigned char *units;
    size_t unit_count;
    const char *replacements;
    size_t replacement_bytes;
    unsigned char keeps_ascii[128]; /* the character is no key of the map */
} cam_charsmap;

/* Takes `blob` (malloc'ed), also when it fails: CAM_E_MODEL where it is none. */
CAM_MUST_CHECK cam_status cam_charsmap_init(cam_charsmap *map, char *blob, size_t bytes);
void cam_charsmap_release(cam_charsmap *map);
/* Appends `text` as the map rewrites it. Like tokenizers and unlike SentencePiece: an extended grapheme cluster shorter
 * than 6 bytes is replaced whole by what its *shortest* prefix in the map says; else character by character. */
void cam_charsmap_apply(const cam_charsmap *map, const char *text, size_t length, cam_strbuf *out);

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

/* Nonzero where `expression` is one of these. */
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
