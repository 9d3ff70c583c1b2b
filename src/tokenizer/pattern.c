/* pattern.c: see pattern_internal.h. */
#include "pattern_internal.h"
#include "utf8.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

typedef cam_character_class character_class;
typedef struct cam_pattern_item pattern_item;
typedef struct cam_pattern_alternative pattern_alternative;

#define BIT(category) (1u << UTF8PROC_CATEGORY_##category)
enum {
    LETTERS = BIT(LU) | BIT(LL) | BIT(LT) | BIT(LM) | BIT(LO),
    MARKS = BIT(MN) | BIT(MC) | BIT(ME),
    NUMBERS = BIT(ND) | BIT(NL) | BIT(NO),
    PUNCTUATION = BIT(PC) | BIT(PD) | BIT(PS) | BIT(PE) | BIT(PI) | BIT(PF) | BIT(PO),
    SYMBOLS = BIT(SM) | BIT(SC) | BIT(SK) | BIT(SO),
    SEPARATORS = BIT(ZS) | BIT(ZL) | BIT(ZP),
    OTHERS = BIT(CC) | BIT(CF) | BIT(CS) | BIT(CO) | BIT(CN),
    WORD = LETTERS | MARKS | BIT(ND) | BIT(NL) | BIT(PC),
    ALL = (1 << 30) - 1,
};

static const struct {
    const char *name;
    uint32_t categories;
} properties[] = {
    {"L", LETTERS},  {"M", MARKS},    {"N", NUMBERS},  {"P", PUNCTUATION}, {"S", SYMBOLS},  {"Z", SEPARATORS},
    {"C", OTHERS},   {"Lu", BIT(LU)}, {"Ll", BIT(LL)}, {"Lt", BIT(LT)},    {"Lm", BIT(LM)}, {"Lo", BIT(LO)},
    {"Mn", BIT(MN)}, {"Mc", BIT(MC)}, {"Me", BIT(ME)}, {"Nd", BIT(ND)},    {"Nl", BIT(NL)}, {"No", BIT(NO)},
    {"Pc", BIT(PC)}, {"Pd", BIT(PD)}, {"Ps", BIT(PS)}, {"Pe", BIT(PE)},    {"Pi", BIT(PI)}, {"Pf", BIT(PF)},
    {"Po", BIT(PO)}, {"Sm", BIT(SM)}, {"Sc", BIT(SC)}, {"Sk", BIT(SK)},    {"So", BIT(SO)}, {"Zs", BIT(ZS)},
    {"Cc", BIT(CC)}, {"Cf", BIT(CF)},
};

/* --- compiling --------------------------------------------------------------------------------------------------- */

static int class_add(character_class *class, uint32_t first, uint32_t last) {
    if (class->range_count == CAM_PATTERN_RANGES || last < first)
        return 0;
    class->ranges[class->range_count].first = first;
    class->ranges[class->range_count++].last = last;
    return 1;
}

/* "{L}" or "{^L}" after \p or \P. */
static int parse_property(const char **at, int negated, character_class *class) {
    if (**at != '{')
        return 0;
    ++*at;
    if (**at == '^') {
        ++*at;
        negated = !negated;
    }
    size_t length = strcspn(*at, "}");
    if ((*at)[length] == '\0')
        return 0;
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
        if (strlen(properties[i].name) == length && strncmp(properties[i].name, *at, length) == 0) {
            class->categories |= negated ? (uint32_t)ALL & ~properties[i].categories : properties[i].categories;
            *at += length + 1;
            return 1;
        }
    return 0;
}

/* A property such as \d, behind its backslash; 0 where it is none. */
static int parse_set(const char **at, character_class *class) {
    char letter = *(*at)++;
    switch (letter) {
    case 's':
        class->space = 1;
        return 1;
    case 'S':
        class->no_space = 1;
        return 1;
    case 'd':
        class->categories |= BIT(ND);
        return 1;
    case 'D':
        class->categories |= (uint32_t)ALL & ~BIT(ND);
        return 1;
    case 'w':
        class->categories |= WORD;
        return 1;
    case 'W':
        class->categories |= (uint32_t)(ALL & ~WORD);
        return 1;
    case 'p':
    case 'P':
        return parse_property(at, letter == 'P', class);
    default:
        --*at;
        return 0;
    }
}

/* One character, behind its backslash where it has one; 0 where an escape is not supported. */
static int parse_character(const char **at, uint32_t *rune) {
    static const char escapes[][2] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'v', '\v'}, {'f', '\f'}};
    if (**at != '\\') {
        *at += cam_utf8_next(*at, *at + strlen(*at), rune);
        return 1;
    }
    char escape = (*at)[1];
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (escape == escapes[i][0]) {
            *rune = (uint32_t)escapes[i][1];
            *at += 2;
            return 1;
        }
    if (escape == '\0' || !strchr("\\.^$()[]{}*+?|-/'\"", escape)) /* an escaped mark stands for itself */
        return 0;
    *rune = (uint32_t)escape;
    *at += 2;
    return 1;
}

/* A member of a class: a set, a character, or in brackets a range. */
static int parse_member(const char **at, int in_brackets, character_class *class) {
    uint32_t first, last;
    if (**at == '\\') {
        const char *inner = *at + 1;
        if (*inner != '\0' && strchr("sSdDwWpP", *inner)) {
            *at = inner;
            return parse_set(at, class);
        }
    }
    if (!parse_character(at, &first))
        return 0;
    last = first;
    if (in_brackets && **at == '-' && (*at)[1] != ']') {
        ++*at;
        if (**at == '\0' || !parse_character(at, &last))
            return 0;
    }
    return class_add(class, first, last);
}

static int parse_class(const char **at, character_class *class) {
    if (**at == '.') {
        ++*at;
        class->negated = 1;
        return class_add(class, '\n', '\n');
    }
    if (**at != '[')
        return **at != '\0' && !strchr("^$()]{}*+?|", **at) && parse_member(at, 0, class);
    ++*at;
    if (**at == '^') {
        class->negated = 1;
        ++*at;
    }
    if (**at == ']')
        return 0;
    while (**at != ']')
        if (**at == '\0' || **at == '[' || (**at == '&' && (*at)[1] == '&') || !parse_member(at, 1, class))
            return 0;
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

static int parse_braces(const char **at, pattern_item *item) {
    if (!parse_count(at, &item->at_least))
        return 0;
    item->at_most = item->at_least;
    if (**at == ',') {
        ++*at;
        item->at_most = LONG_MAX;
        if (**at != '}' && !parse_count(at, &item->at_most))
            return 0;
    }
    return *(*at)++ == '}' && item->at_most >= item->at_least;
}

static int parse_repeat(const char **at, pattern_item *item) {
    item->at_least = item->at_most = 1;
    int repeated = **at != '\0' && strchr("+*?{", **at) != NULL;
    if (!repeated)
        return 1;
    char sign = *(*at)++;
    if (sign == '{' && !parse_braces(at, item))
        return 0;
    if (sign == '+' || sign == '*')
        item->at_most = LONG_MAX;
    if (sign == '*' || sign == '?')
        item->at_least = 0;
    return **at == '\0' || !strchr("+*?{", **at); /* lazy and possessive repetition */
}

/* A character class, or a test "(?=c)", "(?!c)", "(?<=c)", "(?<!c)". */
static int parse_item(const char **at, pattern_item *item) {
    static const struct {
        const char *sign;
        cam_pattern_test test;
        int absent;
    } tests[] = {{"(?=", CAM_PATTERN_AHEAD, 0},
                 {"(?!", CAM_PATTERN_AHEAD, 1},
                 {"(?<=", CAM_PATTERN_BEHIND, 0},
                 {"(?<!", CAM_PATTERN_BEHIND, 1}};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if (strncmp(*at, tests[i].sign, strlen(tests[i].sign)) == 0) {
            *at += strlen(tests[i].sign);
            item->test = tests[i].test;
            item->absent = tests[i].absent;
            return parse_class(at, &item->class) && *(*at)++ == ')';
        }
    return parse_class(at, &item->class) && parse_repeat(at, item);
}

int cam_pattern_compile(cam_pattern *pattern, const char *expression) {
    memset(pattern, 0, sizeof *pattern);
    for (const char *at = expression;; at++) {
        if (pattern->count == CAM_PATTERN_ALTERNATIVES)
            return 0;
        pattern_alternative *alternative = &pattern->alternatives[pattern->count++];
        do {
            if (alternative->count == CAM_PATTERN_ITEMS || !parse_item(&at, &alternative->items[alternative->count++]))
                return 0;
        } while (*at != '\0' && *at != '|');
        if (*at == '\0')
            return 1;
    }
}

/* --- matching ---------------------------------------------------------------------------------------------------- */

static int class_holds(const character_class *class, uint32_t rune) {
    int in = (class->space && cam_is_white_space(rune)) || (class->no_space && !cam_is_white_space(rune)) ||
             (class->categories && class->categories >> utf8proc_category((utf8proc_int32_t)rune) & 1);
    for (int i = 0; !in && i < class->range_count; i++)
        in = rune >= class->ranges[i].first && rune <= class->ranges[i].last;
    return in != class->negated;
}

static int test_holds(const pattern_item *item, const char *begin, const char *at, const char *end) {
    uint32_t rune = 0;
    int there = item->test == CAM_PATTERN_AHEAD ? at < end : at > begin;
    if (there) {
        const char *character = at;
        if (item->test == CAM_PATTERN_BEHIND)
            character = begin + cam_utf8_cut(begin, (size_t)(end - begin) + 1, (size_t)(at - begin) - 1);
        cam_utf8_next(character, end, &rune);
    }
    return (there && class_holds(&item->class, rune)) != item->absent;
}

/* One alternative on its way over the text. */
typedef struct matcher {
    const pattern_item *items;
    int count;
    struct cam_pattern_known *known; /* of each item */
    const char *begin, *end;
} matcher;

/* The place of the character before `at`, which is not the beginning. An invalid byte is a character. */
static const char *previous(const matcher *m, const char *at) {
    size_t bytes = (size_t)(at - m->begin);
    const char *from = bytes > CAM_UTF8_BYTES ? at - CAM_UTF8_BYTES : m->begin;
    const char *lead = from + cam_utf8_cut(from, (size_t)(at - from), (size_t)(at - from) - 1);
    uint32_t rune;
    return lead + cam_utf8_next(lead, at, &rune) == at ? lead : at - 1;
}

/* The place behind `times` characters of the class, or fewer where it holds no more. */
static const char *skip(const matcher *m, int item, const char *at, long times, long *skipped) {
    uint32_t rune;
    for (*skipped = 0; *skipped < times && at < m->end; ++*skipped) {
        size_t length = cam_utf8_next(at, m->end, &rune);
        if (!class_holds(&m->items[item].class, rune))
            break;
        at += length;
    }
    return at;
}

/* The end of the run of characters of the class, which may begin before `at`. A run that is known is not read again. */
static const char *run_end(const matcher *m, int item, const char *at) {
    struct cam_pattern_known *known = &m->known[item];
    const char *next = at;
    uint32_t rune;
    if (known->run_from && at >= known->run_from && at <= known->run_to)
        return known->run_to;
    while (next < m->end && next != known->run_from) {
        size_t length = cam_utf8_next(next, m->end, &rune);
        if (!class_holds(&m->items[item].class, rune))
            break;
        next += length;
    }
    if (next != known->run_from)
        known->run_to = next;
    known->run_from = at;
    return known->run_to;
}

static int is_known_to_fail(const matcher *m, int item, const char *at) {
    const struct cam_pattern_known *known = &m->known[item];
    return known->fails_from && at >= known->fails_from && at <= known->fails_to;
}

/* Whether the items from `item` on match at a place depends on the place alone. The places known to fail are kept as
 * one interval, which grows at both ends: a repetition tries neighbouring places. */
static void note_failure(const matcher *m, int item, const char *at) {
    struct cam_pattern_known *known = &m->known[item];
    if (known->fails_from && at > m->begin && previous(m, at) == known->fails_to)
        known->fails_to = at;
    else if (known->fails_from && known->fails_from > m->begin && previous(m, known->fails_from) == at)
        known->fails_from = at;
    else
        known->fails_from = known->fails_to = at;
}

static const char *match_items(const matcher *m, int item, const char *at);

/* A repetition takes as much as it can, and gives characters back, one at a time, until the rest matches. */
static const char *match_repeated(const matcher *m, int item, const char *at) {
    const pattern_item *repeated = &m->items[item];
    long times;
    const char *least = skip(m, item, at, repeated->at_least, &times);
    if (times < repeated->at_least)
        return NULL;
    const char *next = repeated->at_most == LONG_MAX
                           ? run_end(m, item, least)
                           : skip(m, item, least, repeated->at_most - repeated->at_least, &times);
    for (;; next = previous(m, next)) {
        const char *matched = match_items(m, item + 1, next);
        if (matched)
            return matched;
        if (is_known_to_fail(m, item + 1, next))
            next = m->known[item + 1].fails_from;
        if (next <= least)
            return NULL;
    }
}

/* The end of the match of the items from `item` on, at `at`; NULL = none. */
static const char *match_items(const matcher *m, int item, const char *at) {
    if (item == m->count)
        return at;
    if (is_known_to_fail(m, item, at))
        return NULL;
    const char *matched;
    if (m->items[item].test == CAM_PATTERN_CONSUME)
        matched = match_repeated(m, item, at);
    else
        matched = test_holds(&m->items[item], m->begin, at, m->end) ? match_items(m, item + 1, at) : NULL;
    if (!matched)
        note_failure(m, item, at);
    return matched;
}

void cam_pattern_search_begin(cam_pattern_search *search, const cam_pattern *pattern, const char *begin,
                              const char *end) {
    search->pattern = pattern;
    search->begin = begin;
    search->end = end;
    memset(search->known, 0, (size_t)pattern->count * sizeof search->known[0]);
}

size_t cam_pattern_match(cam_pattern_search *search, const char *at) {
    const cam_pattern *pattern = search->pattern;
    for (int i = 0; i < pattern->count; i++) {
        const pattern_alternative *alternative = &pattern->alternatives[i];
        matcher m = {alternative->items, alternative->count, search->known[i], search->begin, search->end};
        const char *matched = match_items(&m, 0, at);
        if (matched)
            return (size_t)(matched - at);
    }
    return 0;
}
