/* splitter_internal.h: the steps that split a normalized text into words: the pre-tokenizers of huggingface/tokenizers.
 */
#ifndef CAM_SPLITTER_INTERNAL_H
#define CAM_SPLITTER_INTERNAL_H

#include "cam/status.h"
#include "pattern_internal.h"
#include "strbuf.h"
#include <stddef.h>

/* What happens to the parts of a text that match. */
typedef enum cam_split_behavior {
    CAM_SPLIT_REMOVED,
    CAM_SPLIT_ISOLATED,
    CAM_SPLIT_MERGED_WITH_PREVIOUS,
    CAM_SPLIT_MERGED_WITH_NEXT,
    CAM_SPLIT_CONTIGUOUS /* neighbouring matches are one part */
} cam_split_behavior;

typedef enum cam_split_kind {
    CAM_SPLIT_SPACE,       /* matches a White_Space character */
    CAM_SPLIT_PUNCTUATION, /* matches a punctuation mark */
    CAM_SPLIT_NUMERIC,     /* matches a digit or other number */
    CAM_SPLIT_WORD_CHARACTER,
    CAM_SPLIT_TEXT,     /* matches `text` */
    CAM_SPLIT_PATTERN,  /* matches `pattern` */
    CAM_SPLIT_METASPACE /* ' ' becomes "▁"; a part begins at every "▁" where `metaspace_split` is set */
} cam_split_kind;

typedef enum cam_prepend { CAM_PREPEND_NEVER, CAM_PREPEND_FIRST, CAM_PREPEND_ALWAYS } cam_prepend;

typedef struct cam_split_step {
    cam_split_kind kind;
    cam_split_behavior behavior;
    int inverted; /* what does not match is the match */
    char *text;   /* owned, like pattern */
    cam_pattern *pattern;
    cam_prepend prepend; /* of Metaspace: where a part that does not begin with "▁" gets one */
    int metaspace_split;
} cam_split_step;
void cam_split_step_release(cam_split_step *step);

typedef cam_status (*cam_word_fn)(void *context, const char *word, size_t length);

/* The steps, at most one of them METASPACE, and where their words go. */
typedef struct cam_splitter {
    const cam_split_step *steps;
    size_t count;
    cam_strbuf *marked; /* scratch: a text with its spaces marked */
    cam_word_fn word;
    void *context;
} cam_splitter;

/* Calls `word` for every word of the text, none of them empty. `is_start`: the text is the beginning of its row. */
CAM_MUST_CHECK cam_status cam_splitter_run(const cam_splitter *splitter, const char *text, size_t length, int is_start);

#endif
