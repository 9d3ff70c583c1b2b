/* words_internal.h: what a page says, in the languages that it has, and figures as each language writes them.
 *
 * The texts are in words.c's table. "{0}", "{1}" in a text are places for values. */
#ifndef CAM_WORDS_INTERNAL_H
#define CAM_WORDS_INTERNAL_H

#include "choices.h"
#include "strbuf.h"
#include "words_table_internal.h"
#include <stdint.h>

typedef enum cam_choice_language cam_language;

typedef enum cam_phrase {
#define CAM_WORD_ENUM(id, english, french) CAM_WORD_##id,
    CAM_WORDS(CAM_WORD_ENUM)
#undef CAM_WORD_ENUM
        CAM_WORD_COUNT
} cam_phrase;

/* auto: French where LC_ALL, else LC_MESSAGES, else LANG begins with "fr"; otherwise English. Never gives AUTO. */
cam_language cam_language_resolve(cam_language language);
/* "fr" or "en", of a resolved language. */
const char *cam_language_code(cam_language language);

const char *cam_word_text(cam_language language, cam_phrase word);
/* Appends a text with its values in their places; NULL ends the list. */
void cam_word_put(cam_strbuf *out, cam_language language, cam_phrase word, const char *const *values);

/* Figures. Thousands stand apart, and the decimal point is the language's. A figure that is not finite is a dash. */
void cam_figure_count(cam_strbuf *out, cam_language language, int64_t count);
/* With so many digits after the point. */
void cam_figure_number(cam_strbuf *out, cam_language language, double value, int digits);
/* With at most so many significant digits, without trailing zeros; those from a million on and below 0.01 as 2e-5. */
void cam_figure_short(cam_strbuf *out, cam_language language, double value, int digits);
/* 0.9312 as "93.1 %". */
void cam_figure_percent(cam_strbuf *out, cam_language language, double share, int digits);
/* "12 s", "3 min 20 s", "2 h 5 min". */
void cam_figure_duration(cam_strbuf *out, cam_language language, double seconds);
void cam_figure_bytes(cam_strbuf *out, cam_language language, double bytes);

#endif
