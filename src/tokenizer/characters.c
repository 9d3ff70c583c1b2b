/* characters.c: see characters_internal.h. A byte that is no part of a valid character is copied. */
#include "characters_internal.h"
#include "utf8.h"
#include <stdlib.h>
#include <utf8proc.h>

static utf8proc_category_t category_of(uint32_t rune) {
    return utf8proc_category((utf8proc_int32_t)rune);
}

int cam_is_punctuation(uint32_t rune) {
    if (rune < 0x80)
        return (rune >= '!' && rune <= '/') || (rune >= ':' && rune <= '@') || (rune >= '[' && rune <= '`') ||
               (rune >= '{' && rune <= '~');
    utf8proc_category_t category = category_of(rune);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

int cam_is_numeric(uint32_t rune) {
    utf8proc_category_t category = category_of(rune);
    return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

/* Circled and squared letters are Alphabetic, but of the category So. */
static int is_framed_letter(uint32_t rune) {
    return (rune >= 0x24B6 && rune <= 0x24E9) || (rune >= 0x1F130 && rune <= 0x1F149) ||
           (rune >= 0x1F150 && rune <= 0x1F169) || (rune >= 0x1F170 && rune <= 0x1F189);
}

/* 200C and 200D are Join_Control. */
int cam_is_word_character(uint32_t rune) {
    utf8proc_category_t category = category_of(rune);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) || category == UTF8PROC_CATEGORY_PC ||
           rune == 0x200C || rune == 0x200D || is_framed_letter(rune);
}

static void put_rune(cam_strbuf *out, uint32_t rune) {
    char bytes[CAM_UTF8_BYTES];
    cam_strbuf_append(out, bytes, cam_utf8_put(bytes, rune));
}

/* A run of valid text, which may hold NULs. */
static void put_valid_form(const char *text, size_t length, int form, cam_strbuf *out) {
    utf8proc_uint8_t *changed = NULL;
    utf8proc_ssize_t bytes =
        utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &changed, (utf8proc_option_t)form);
    if (bytes == UTF8PROC_ERROR_NOMEM)
        cam_memory_note();
    else if (bytes < 0)
        cam_strbuf_append(out, text, length);
    else
        cam_strbuf_append(out, (const char *)changed, (size_t)bytes);
    free(changed);
}

static size_t ascii_prefix(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && (unsigned char)text[i] < 0x80)
        i++;
    return i;
}

void cam_put_unicode_form(const char *text, size_t length, int form, cam_strbuf *out) {
    if (ascii_prefix(text, length) == length) {
        cam_strbuf_append(out, text, length);
        return;
    }
    while (length > 0) {
        size_t valid = cam_utf8_valid_prefix(text, length);
        put_valid_form(text, valid, form, out);
        if (valid < length)
            cam_strbuf_putc(out, text[valid++]);
        text += valid;
        length -= valid;
    }
}

/* Calls `put` for each character; bytes that are none are copied. */
static void for_each(const char *text, size_t length, void (*put)(cam_strbuf *out, uint32_t rune), cam_strbuf *out) {
    for (const char *at = text, *end = text + length; at < end;) {
        uint32_t rune;
        size_t bytes = cam_utf8_decode(at, (size_t)(end - at), &rune);
        if (bytes == 0)
            cam_strbuf_putc(out, *at);
        else
            put(out, rune);
        at += bytes ? bytes : 1;
    }
}

static void put_lowercase(cam_strbuf *out, uint32_t rune) {
    if (rune == 0x130) /* the only character whose lower case is two */
        cam_strbuf_puts(out, "i\u0307");
    else
        put_rune(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)rune));
}

void cam_put_lowercase(const char *text, size_t length, cam_strbuf *out) {
    for_each(text, length, put_lowercase, out);
}

static void put_without_accents(cam_strbuf *out, uint32_t rune) {
    if (rune < 0x300 || category_of(rune) != UTF8PROC_CATEGORY_MN)
        put_rune(out, rune);
}

static void put_without_marks(cam_strbuf *out, uint32_t rune) {
    utf8proc_category_t category = rune < 0x300 ? UTF8PROC_CATEGORY_LL : category_of(rune);
    if (category < UTF8PROC_CATEGORY_MN || category > UTF8PROC_CATEGORY_ME)
        put_rune(out, rune);
}

void cam_put_without_marks(const char *text, size_t length, int all_marks, cam_strbuf *out) {
    for_each(text, length, all_marks ? put_without_marks : put_without_accents, out);
}

static void put_clean(cam_strbuf *out, uint32_t rune) {
    utf8proc_category_t category = category_of(rune);
    if (cam_is_white_space(rune) && (rune == '\t' || rune == '\n' || rune == '\r' || category != UTF8PROC_CATEGORY_CC))
        cam_strbuf_putc(out, ' ');
    else if (rune != 0xFFFD && category < UTF8PROC_CATEGORY_CC)
        put_rune(out, rune);
}

void cam_put_clean(const char *text, size_t length, cam_strbuf *out) {
    for_each(text, length, put_clean, out);
}

static int is_chinese(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static void put_isolated_chinese(cam_strbuf *out, uint32_t rune) {
    int chinese = is_chinese(rune);
    if (chinese)
        cam_strbuf_putc(out, ' ');
    put_rune(out, rune);
    if (chinese)
        cam_strbuf_putc(out, ' ');
}

void cam_put_isolated_chinese(const char *text, size_t length, cam_strbuf *out) {
    for_each(text, length, put_isolated_chinese, out);
}

static void put_nmt(cam_strbuf *out, uint32_t c) {
    int removed = (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    int space = c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
    if (space)
        cam_strbuf_putc(out, ' ');
    else if (!removed)
        put_rune(out, c);
}

void cam_put_nmt(const char *text, size_t length, cam_strbuf *out) {
    for_each(text, length, put_nmt, out);
}
