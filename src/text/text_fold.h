/* text_fold.h: compares names and texts. All input is valid UTF-8 without NUL. */
#ifndef CAM_TEXT_FOLD_H
#define CAM_TEXT_FOLD_H

#include "strbuf.h"
#include <stddef.h>

/* Removes Unicode White_Space and byte-order marks from both ends. */
void cam_text_trim(const char **text, size_t *length);

/* True where two column names are equal after trimming and NFC. */
int cam_name_equal(const char *a, size_t a_length, const char *b, size_t b_length);

/* Makes a key for comparison in `key`, which is cleared first. */
typedef enum cam_fold {
    /* NFC, case folded, runs of space one space, outer space and final punctuation . , ; : ! ? … removed */
    CAM_FOLD_TEXT,
    /* NFC, case folded, accents removed, trimmed */
    CAM_FOLD_ACCENTS
} cam_fold;
void cam_text_fold(const char *text, size_t length, cam_fold fold, cam_strbuf *key);

/* The length of the first `characters` code points, for quoting a text in a message. */
size_t cam_text_shown(const char *text, size_t length, size_t characters);
/* Appends them for a message: on one line, control characters below U+0020 as spaces, the rest as visible.h has it. */
void cam_text_put_shown(const char *text, size_t length, size_t characters, cam_strbuf *out);

#endif
