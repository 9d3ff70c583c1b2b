/* splitter.c: see splitter_internal.h. Each step splits a part and hands its pieces to the next step. */
#include "characters_internal.h"
#include "splitter_internal.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

static const char metaspace[] = "\u2581";
enum { METASPACE_BYTES = sizeof metaspace - 1 };

void cam_split_step_release(cam_split_step *step) {
    free(step->text);
    free(step->pattern);
    *step = (cam_split_step){0};
}

/* A part on its way through the steps. */
typedef struct part {
    const char *begin, *end;
    int is_start; /* it begins where the row begins */
} part;

static cam_status split_from(const cam_splitter *splitter, size_t step, part in);

/* --- matches ----------------------------------------------------------------------------------------------------- */

static int matches_character(cam_split_kind kind, uint32_t rune) {
    return kind == CAM_SPLIT_SPACE         ? cam_is_white_space(rune)
           : kind == CAM_SPLIT_PUNCTUATION ? cam_is_punctuation(rune)
           : kind == CAM_SPLIT_NUMERIC     ? cam_is_numeric(rune)
                                           : cam_is_word_character(rune);
}

/* The bytes of the match at `at`; 0 = none. `search` is that of a pattern. */
static size_t match_at(const cam_split_step *step, part in, const char *at, cam_pattern_search *search) {
    uint32_t rune;
    size_t bytes;
    switch (step->kind) {
    case CAM_SPLIT_TEXT:
        bytes = strlen(step->text);
        return bytes <= (size_t)(in.end - at) && memcmp(at, step->text, bytes) == 0 ? bytes : 0;
    case CAM_SPLIT_PATTERN:
        return cam_pattern_match(search, at);
    default:
        bytes = cam_utf8_next(at, in.end, &rune);
        return matches_character(step->kind, rune) ? bytes : 0;
    }
}

/* The next span from `at` on: a match, or all that lies before the next one. */
static const char *span_end(const cam_split_step *step, part in, const char *at, cam_pattern_search *search,
                            int *is_match) {
    size_t bytes = match_at(step, in, at, search);
    *is_match = bytes > 0;
    while (bytes == 0 && at < in.end) {
        uint32_t rune;
        at += cam_utf8_next(at, in.end, &rune);
        if (at < in.end && match_at(step, in, at, search) > 0)
            break;
    }
    return at + bytes;
}

static int joins(cam_split_behavior behavior, int previous_is_match, int is_match) {
    switch (behavior) {
    case CAM_SPLIT_CONTIGUOUS:
        return previous_is_match == is_match;
    case CAM_SPLIT_MERGED_WITH_PREVIOUS:
        return is_match && !previous_is_match;
    case CAM_SPLIT_MERGED_WITH_NEXT:
        return previous_is_match && !is_match;
    case CAM_SPLIT_REMOVED:
    case CAM_SPLIT_ISOLATED:
        break;
    }
    return 0;
}

static cam_status split_at_matches(const cam_splitter *splitter, size_t index, part in) {
    cam_status st = CAM_OK;
    const cam_split_step *step = &splitter->steps[index];
    part open = {in.begin, in.begin, in.is_start}; /* spans that are joined so far */
    int open_is_match = 0;
    cam_pattern_search search;
    if (step->kind == CAM_SPLIT_PATTERN)
        cam_pattern_search_begin(&search, step->pattern, in.begin, in.end);
    for (const char *at = in.begin, *next; at < in.end; at = next) {
        int is_match;
        next = span_end(step, in, at, &search, &is_match);
        is_match ^= step->inverted;
        int is_removed = step->behavior == CAM_SPLIT_REMOVED && is_match;
        if (open.end > open.begin && (is_removed || !joins(step->behavior, open_is_match, is_match))) {
            CAM_TRY(split_from(splitter, index + 1, open));
            open = (part){at, at, 0};
        }
        open = is_removed ? (part){next, next, 0} : (part){open.begin, next, open.is_start};
        open_is_match = is_match;
    }
    CAM_TRY(split_from(splitter, index + 1, open));
out:
    return st;
}

/* --- Metaspace --------------------------------------------------------------------------------------------------- */

static void mark_spaces(const cam_split_step *step, part in, cam_strbuf *marked) {
    int is_marked = in.begin[0] == ' ' || ((size_t)(in.end - in.begin) >= METASPACE_BYTES &&
                                           memcmp(in.begin, metaspace, METASPACE_BYTES) == 0);
    cam_strbuf_clear(marked);
    if (!is_marked && (step->prepend == CAM_PREPEND_ALWAYS || (step->prepend == CAM_PREPEND_FIRST && in.is_start)))
        cam_strbuf_append(marked, metaspace, METASPACE_BYTES);
    for (const char *at = in.begin; at < in.end;) {
        const char *space = memchr(at, ' ', (size_t)(in.end - at));
        cam_strbuf_append(marked, at, (size_t)((space ? space : in.end) - at));
        if (space)
            cam_strbuf_append(marked, metaspace, METASPACE_BYTES);
        at = space ? space + 1 : in.end;
    }
}

static cam_status split_at_marks(const cam_splitter *splitter, size_t index, part in) {
    cam_status st = CAM_OK;
    const cam_split_step *step = &splitter->steps[index];
    mark_spaces(step, in, splitter->marked);
    part rest = {cam_strbuf_text(splitter->marked), cam_strbuf_text(splitter->marked) + splitter->marked->length,
                 in.is_start};
    while (rest.begin < rest.end) {
        const char *next = step->metaspace_split
                               ? memmem(rest.begin + 1, (size_t)(rest.end - rest.begin) - 1, metaspace, METASPACE_BYTES)
                               : NULL;
        if (!next)
            next = rest.end;
        CAM_TRY(split_from(splitter, index + 1, (part){rest.begin, next, rest.is_start}));
        rest = (part){next, rest.end, 0};
    }
out:
    return st;
}

/* --- all steps --------------------------------------------------------------------------------------------------- */

static cam_status split_from(const cam_splitter *splitter, size_t step, part in) {
    if (in.begin == in.end)
        return CAM_OK;
    if (step == splitter->count)
        return splitter->word(splitter->context, in.begin, (size_t)(in.end - in.begin));
    if (splitter->steps[step].kind == CAM_SPLIT_METASPACE)
        return split_at_marks(splitter, step, in);
    return split_at_matches(splitter, step, in);
}

cam_status cam_splitter_run(const cam_splitter *splitter, const char *text, size_t length, int is_start) {
    return split_from(splitter, 0, (part){text, text + length, is_start});
}
