/* pattern_internal.h: the regular expressions of tokenizer files.
 *
 * An expression is a list of alternatives; each is a sequence of character classes, repeated or not, and of tests of
 * the character before or behind: " {2,}", "\s{2,}|[\n\r\t]", "[cdjl]['’]", "\p{L}+| ?[^\s\p{L}]+", "(?<=\d)\d". Groups,
 * anchors and lazy repetition are not supported. Semantics are those of Oniguruma, which tokenizers uses: the first
 * alternative that matches, greedy. */
#ifndef CAM_PATTERN_INTERNAL_H
#define CAM_PATTERN_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

enum { CAM_PATTERN_ALTERNATIVES = 12, CAM_PATTERN_ITEMS = 8, CAM_PATTERN_RANGES = 16 };

/* A set of characters. */
typedef struct cam_character_class {
    int negated;
    int space, no_space; /* \s and \S: the property White_Space */
    uint32_t categories; /* bits of utf8proc's general categories: \d, \w, \p{..} and their opposites */
    int range_count;
    struct {
        uint32_t first, last;
    } ranges[CAM_PATTERN_RANGES];
} cam_character_class;

typedef enum cam_pattern_test { CAM_PATTERN_CONSUME, CAM_PATTERN_AHEAD, CAM_PATTERN_BEHIND } cam_pattern_test;

typedef struct cam_pattern {
    struct cam_pattern_alternative {
        int count;
        struct cam_pattern_item {
            cam_character_class class;
            cam_pattern_test test;
            int absent;             /* of AHEAD and BEHIND: there must be no such character */
            long at_least, at_most; /* of CONSUME */
        } items[CAM_PATTERN_ITEMS];
    } alternatives[CAM_PATTERN_ALTERNATIVES];
    int count;
} cam_pattern;

/* Nonzero where `expression` has this form. */
int cam_pattern_compile(cam_pattern *pattern, const char *expression);
/* The search in one text, [begin, end). What is known of earlier places is kept, so
 * that a search from place to place, in ascending order, takes time in proportion to the text. */
typedef struct cam_pattern_search {
    const cam_pattern *pattern;
    const char *begin, *end;
    struct cam_pattern_known {
        const char *fails_from, *fails_to; /* the items from this one on match at none of these places; NULL = none */
        const char *run_from, *run_to;     /* all characters between are in the class */
    } known[CAM_PATTERN_ALTERNATIVES][CAM_PATTERN_ITEMS];
} cam_pattern_search;

void cam_pattern_search_begin(cam_pattern_search *search, const cam_pattern *pattern, const char *begin,
                              const char *end);
/* The number of bytes that the pattern matches at `at`, a place in [begin, end); 0 = no match, or an empty one. */
size_t cam_pattern_match(cam_pattern_search *search, const char *at);

#endif
