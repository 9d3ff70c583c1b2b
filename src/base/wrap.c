/* wrap.c: see wrap.h. */
#include "wrap.h"
#include <string.h>

enum { COLUMNS = 80 };

/* Whether a line holds what is copied whole: a word in single quotes, as a shell takes it (a quote that begins a word), a
 * map of a configuration, or a command that writes a file. */
static int is_copied(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((line[i] == '\'' && (i == 0 || strchr(" =$", line[i - 1]))) ||
            (i + 2 < length && (memcmp(line + i, ": {", 3) == 0 || memcmp(line + i, " > ", 3) == 0)))
            return 1;
    return 0;
}

static size_t word_columns(const char *word, size_t length) {
    size_t columns = 0;
    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)word[i] & 0xC0) != 0x80;
    return columns;
}

/* The bytes up to the quote that closes the one at `text`; 0 where none does. */
static size_t quoted_bytes(const char *text, size_t length) {
    for (size_t i = 1; i < length; i++) {
        if (text[i] == '\\')
            i++;
        else if (text[i] == '"')
            return i + 1;
    }
    return 0;
}

/* The bytes of a word that a break must not divide: up to a space outside of quotes, and "(5 rows)" or "row 19" whole. A
 * quoted text that fills most of a line may be divided. */
static size_t word_bytes(const char *text, size_t length) {
    enum { LONGEST_QUOTE = 60 };
    size_t at = 0;
    while (at < length && text[at] != ' ') {
        int begins = text[at] == '"' && (at == 0 || text[at - 1] == '(');
        size_t quoted = begins ? quoted_bytes(text + at, length - at) : 0;
        at += quoted > 0 && word_columns(text + at, quoted) <= LONGEST_QUOTE ? quoted : 1;
    }
    int is_count = at > 1 && text[0] == '(' && strspn(text + 1, "0123456789,") == at - 1;
    int is_place = (at == 3 && memcmp(text, "row", 3) == 0) || (at == 5 && memcmp(text, "(line", 5) == 0);
    if ((is_count || is_place) && at + 1 < length && text[at + 1] != ' ')
        at += 1 + strcspn(text + at + 1, " \n");
    return at < length ? at : length;
}

void cam_put_wrapped(cam_strbuf *out, const char *lines) {
    while (*lines) {
        size_t length = strcspn(lines, "\n"), used = 0;
        int whole = is_copied(lines, length);
        for (size_t at = 0; at < length;) {
            size_t word = word_bytes(lines + at, length - at), columns = word_columns(lines + at, word);
            if (at > 0 && !whole && used + 1 + columns > COLUMNS) {
                cam_strbuf_puts(out, "\n  ");
                used = 2;
            } else if (at > 0) {
                cam_strbuf_putc(out, ' ');
                used++;
            }
            cam_strbuf_append(out, lines + at, word);
            used += columns;
            at += word + (at + word < length);
        }
        cam_strbuf_putc(out, '\n');
        lines += length + (lines[length] == '\n');
    }
}
