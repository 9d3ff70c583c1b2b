/* text_fold.c: see text_fold.h. utf8proc does NFC and case folding; ASCII and the accented letters of Latin-1,
 * which are most of French, have a fast path with the same result. */
#include "text_fold.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The code point of the character at text; its length in *bytes. */
static inline uint32_t code_point_at(const char *text, size_t length, size_t *bytes) {
    uint32_t code_point;
    *bytes = cam_utf8_decode(text, length, &code_point);
    if (*bytes == 0)
        CAM_BUG("text that is not UTF-8 reached text_fold.c");
    return code_point;
}

/* The offset of the last character of a non-empty text. */
static size_t last_character(const char *text, size_t length) {
    return cam_utf8_cut(text, length, length - 1);
}

/* White_Space and the byte-order mark, which joined files have in their middle. */
static int is_outer_space(uint32_t c) {
    return cam_is_white_space(c) || c == 0xFEFF;
}

void cam_text_trim(const char **text, size_t *length) {
    size_t bytes;
    while (*length > 0 && is_outer_space(code_point_at(*text, *length, &bytes))) {
        *text += bytes;
        *length -= bytes;
    }
    while (*length > 0) {
        size_t last = last_character(*text, *length);
        if (!is_outer_space(code_point_at(*text + last, *length - last, &bytes)))
            break;
        *length = last;
    }
}

static void map(const char *text, size_t length, utf8proc_option_t options, cam_strbuf *out) {
    utf8proc_uint8_t *mapped;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &mapped, options);
    if (size == UTF8PROC_ERROR_NOMEM) {
        cam_memory_note();
        return;
    }
    if (size < 0)
        CAM_BUG("utf8proc: %s", utf8proc_errmsg(size));
    cam_strbuf_append(out, (const char *)mapped, (size_t)size);
    free(mapped);
}

static int is_ascii(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] >= 0x80)
            return 0;
    return 1;
}

int cam_name_equal(const char *a, size_t a_length, const char *b, size_t b_length) {
    cam_text_trim(&a, &a_length);
    cam_text_trim(&b, &b_length);
    if (a_length == b_length && memcmp(a, b, a_length) == 0)
        return 1;
    if (is_ascii(a, a_length) && is_ascii(b, b_length))
        return 0;
    cam_strbuf one = CAM_STRBUF_INIT, two = CAM_STRBUF_INIT;
    map(a, a_length, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &one);
    map(b, b_length, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &two);
    int equal = one.length == two.length && memcmp(one.text, two.text, one.length) == 0;
    cam_strbuf_release(&one);
    cam_strbuf_release(&two);
    return equal;
}

/* Characters that neither NFC nor case folding changes: the signs of Latin-1, except the micro sign, which folds to a
 * Greek letter, and general punctuation. NFC does change U+2000 and U+2001, but into other spaces. */
static int is_unchanged(uint32_t c) {
    return (c >= 0x80 && c < 0xC0 && c != 0xB5) || (c >= 0x2000 && c < 0x2040);
}

/* Case folds a copy of a text of ASCII, Latin-1, the French ligature (U+0152) and general punctuation, characters whose
 * sequences NFC never changes. 0 where another character needs utf8proc. U+00D7 is the multiplication sign; U+00DF
 * folds to two letters. */
static int fold_latin(const char *text, size_t length, cam_strbuf *out) {
    cam_strbuf_append(out, text, length);
    char *p = out->text;
    for (size_t i = 0, bytes; i < out->length; i += bytes) {
        uint32_t c = code_point_at(p + i, out->length - i, &bytes), folded = c;
        if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c < 0xDF && c != 0xD7)) {
            folded = c + 0x20;
        } else if (c == 0x152) {
            folded = 0x153;
        } else if (c >= 0x80 && !is_unchanged(c) && !(c >= 0xC0 && c < 0x100 && c != 0xDF) && c != 0x153) {
            cam_strbuf_clear(out);
            return 0;
        }
        if (folded != c)
            cam_utf8_put(p + i, folded);
    }
    return 1;
}

/* Makes runs of space one ' ' and removes outer space. In place: no space is shorter than a byte. */
static void squeeze_spaces(cam_strbuf *key) {
    char *text = key->text;
    size_t to = 0;
    int pending = 0;
    for (size_t at = 0, bytes; at < key->length; at += bytes) {
        if (cam_is_white_space(code_point_at(text + at, key->length - at, &bytes))) {
            pending = to > 0;
            continue;
        }
        if (pending)
            text[to++] = ' ';
        pending = 0;
        for (size_t i = 0; i < bytes; i++)
            text[to++] = text[at + i];
    }
    key->length = to;
}

static void drop_final_punctuation(cam_strbuf *key) {
    size_t length = key->length;
    while (length > 0) {
        static const char ellipsis[] = "\u2026";
        size_t last = last_character(key->text, length);
        int one = length - last == 1 && strchr(" .,;:!?", key->text[last]);
        int dots = length - last == sizeof ellipsis - 1 && memcmp(key->text + last, ellipsis, length - last) == 0;
        if (!one && !dots)
            break;
        length = last;
    }
    if (length > 0) /* a text of punctuation only keeps it: "?" is not "!" */
        key->length = length;
}

void cam_text_fold(const char *text, size_t length, cam_fold fold, cam_strbuf *key) {
    cam_strbuf_clear(key);
    if (fold == CAM_FOLD_ACCENTS) {
        cam_text_trim(&text, &length);
        map(text, length, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, key);
        return;
    }
    if (!fold_latin(text, length, key))
        map(text, length, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD, key);
    squeeze_spaces(key);
    drop_final_punctuation(key);
    if (key->text)
        key->text[key->length] = '\0';
}

size_t cam_text_shown(const char *text, size_t length, size_t characters) {
    size_t at = 0;
    uint32_t unused;
    for (; at < length && characters > 0; characters--)
        at += cam_utf8_next(text + at, text + length, &unused);
    return at;
}

void cam_text_put_shown(const char *text, size_t length, size_t characters, cam_strbuf *out) {
    size_t end = cam_text_shown(text, length, characters), begin = 0;
    for (size_t at = 0; at <= end; at++)
        if (at == end || (unsigned char)text[at] < ' ') {
            cam_strbuf_put_visible(out, text + begin, at - begin);
            if (at < end)
                cam_strbuf_putc(out, ' ');
            begin = at + 1;
        }
}
