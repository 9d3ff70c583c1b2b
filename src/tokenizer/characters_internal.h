/* characters_internal.h: properties of characters as huggingface/tokenizers sees them, and changes of characters. */
#ifndef CAM_CHARACTERS_INTERNAL_H
#define CAM_CHARACTERS_INTERNAL_H

#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

/* ASCII's signs and the categories P*. */
int cam_is_punctuation(uint32_t rune);
/* The categories N*. */
int cam_is_numeric(uint32_t rune);
/* \w: letters, marks, digits, connectors. */
int cam_is_word_character(uint32_t rune);

/* Each function appends `text`, changed as the step of normalizer_internal.h says. */
void cam_put_unicode_form(const char *text, size_t length, int form, cam_strbuf *out);
void cam_put_lowercase(const char *text, size_t length, cam_strbuf *out);
void cam_put_without_marks(const char *text, size_t length, int all_marks, cam_strbuf *out);
void cam_put_clean(const char *text, size_t length, cam_strbuf *out);
void cam_put_isolated_chinese(const char *text, size_t length, cam_strbuf *out);
void cam_put_nmt(const char *text, size_t length, cam_strbuf *out);

#endif
