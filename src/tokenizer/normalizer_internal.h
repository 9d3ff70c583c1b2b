/* normalizer_internal.h: the steps that change a text before it is split into words.
 *
 * Each step does the same as the step of that name in huggingface/tokenizers, oddities included: ids must be equal. */
#ifndef CAM_NORMALIZER_INTERNAL_H
#define CAM_NORMALIZER_INTERNAL_H

#include "cam/status.h"
#include "charsmap_internal.h"
#include "pattern_internal.h"
#include "strbuf.h"
#include <stddef.h>

typedef enum cam_normal_kind {
    CAM_NORMAL_CHARSMAP,
    CAM_NORMAL_STRIP,
    CAM_NORMAL_PREPEND,         /* `content`, before a text that is not empty */
    CAM_NORMAL_REPLACE,         /* the literal `find` */
    CAM_NORMAL_REPLACE_PATTERN, /* what `pattern` matches */
    CAM_NORMAL_UNICODE_FORM,    /* NFC, NFD, NFKC, NFKD: `form` */
    CAM_NORMAL_REMOVE_MARKS,    /* StripAccents: the categories Mn, Mc, Me */
    CAM_NORMAL_REMOVE_ACCENTS,  /* BertNormalizer: the category Mn */
    CAM_NORMAL_LOWERCASE,
    CAM_NORMAL_CLEAN,           /* BertNormalizer: control characters are removed, spaces become ' ' */
    CAM_NORMAL_ISOLATE_CHINESE, /* BertNormalizer: a space on both sides */
    CAM_NORMAL_NMT              /* SentencePiece's rules for control characters and spaces */
} cam_normal_kind;

typedef struct cam_normal_step {
    cam_normal_kind kind;
    cam_charsmap charsmap;
    int strip_left, strip_right;
    int form; /* options of utf8proc */
    cam_pattern *pattern;
    char *find, *content; /* owned, like pattern */
} cam_normal_step;
void cam_normal_step_release(cam_normal_step *step);

/* A normalized text has at most CAM_NORMAL_GROWTH times the bytes of the text, and CAM_NORMAL_MORE. Unicode's longest
 * expansion is 11 times. A step that writes a longer text than CAM_NORMAL_CONTENT for each match is refused. */
enum { CAM_NORMAL_GROWTH = 16, CAM_NORMAL_MORE = 1 << 16, CAM_NORMAL_CONTENT = 1024 };

/* Runs all steps over `text` in place; `spare` is scratch. CAM_E_MODEL where the text grows beyond these bounds. */
CAM_MUST_CHECK cam_status cam_normalize(const cam_normal_step *steps, size_t count, cam_strbuf *text,
                                        cam_strbuf *spare);

#endif
