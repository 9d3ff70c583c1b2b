/* remedy.c: see remedy.h. */
#include "remedy.h"
#include "utf8.h"
#include "visible.h"
#include <string.h>

/* Appends $'...', which bash, zsh and ksh read: it names by escapes what would not be seen, or would end the line. */
static void put_escaped_word(cam_strbuf *out, const char *word, size_t length) {
    cam_strbuf_puts(out, "$'");
    for (size_t at = 0, bytes; at < length; at += bytes) {
        uint32_t c;
        bytes = cam_utf8_decode(word + at, length - at, &c);
        if (word[at] == '\'' || word[at] == '\\') {
            cam_strbuf_putc(out, '\\');
            cam_strbuf_putc(out, word[at]);
        } else if (bytes > 0 && !cam_is_hidden(c)) {
            cam_strbuf_append(out, word + at, bytes);
        } else {
            bytes = bytes > 0 ? bytes : 1;
            for (size_t i = 0; i < bytes; i++)
                cam_strbuf_printf(out, "\\%03o", (unsigned)(unsigned char)word[at + i]);
        }
    }
    cam_strbuf_putc(out, '\'');
}

void cam_shell_word_put(cam_strbuf *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    size_t length = word ? strlen(word) : 0;
    if (!word) /* no memory for it, which is noted */
        return;
    if (length > 0 && strspn(word, plain) == length) {
        cam_strbuf_append(out, word, length);
        return;
    }
    if (cam_visible_copy(NULL, 0, word, length, "") != length) {
        put_escaped_word(out, word, length);
        return;
    }
    cam_strbuf_putc(out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            cam_strbuf_puts(out, "'\\''");
        else
            cam_strbuf_putc(out, *word);
    }
    cam_strbuf_putc(out, '\'');
}

void cam_remedy_put(cam_strbuf *out, cam_syntax syntax, const char *key, const char *value) {
    if (syntax == CAM_SYNTAX_KEYS) {
        cam_strbuf_printf(out, "%s=", key);
    } else {
        cam_strbuf_puts(out, "--");
        if (strcmp(key, "format") == 0)
            cam_strbuf_puts(out, "input-");
        for (; *key; key++)
            cam_strbuf_putc(out, *key == '_' ? '-' : *key);
        cam_strbuf_putc(out, ' ');
    }
    if (value)
        cam_shell_word_put(out, value);
    else
        cam_strbuf_puts(out, "…");
}
