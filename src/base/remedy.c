/* remedy.c: see remedy.h. */
#include "remedy.h"
#include <string.h>

void cam_shell_word_put(cam_strbuf *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    size_t length = strlen(word);
    if (length > 0 && strspn(word, plain) == length) {
        cam_strbuf_append(out, word, length);
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
