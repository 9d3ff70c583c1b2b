/* unicode.h: when two names or texts count as the same. All input is valid UTF-8 without NUL.
 */
#ifndef CAM_TEXT_FOLD_INTERNAL_H
#define CAM_TEXT_FOLD_INTERNAL_H

#include "strbuf.h"
#include <stddef.h>

/* Takes Unicode White_Space off both ends. */
void cam_text_trim(const char **text, size_t *length);

/* True where two column names agree: trimmed, NFC. */
int cam_name_equal(const char *a, size_t a_length, const char *b, size_t b_length);

/* Keys for comparison, put into `key` (cleared first). */
typedef enum cam_fold {
    CAM_FOLD_TEXT, /* NFC, case folded, runs of space one space, outer space and final punctuation . , ; : ! ? … removed
                    */
    CAM_FOLD_ACCENTS /* NFC, case folded, accents removed, trimmed */
} cam_fold;
void cam_text_fold(const char *text, size_t length, cam_fold fold, cam_strbuf *key);

/* How many leading bytes show at most `characters` code points: for quoting a text in a message. */
size_t cam_text_shown(const char *text, size_t length, size_t characters);

#endif
