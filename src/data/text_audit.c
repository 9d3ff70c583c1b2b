/* text_audit.c: see text_audit.h. */
#include "text_audit.h"
#include "mojibake_internal.h"
#include "remedy.h"
#include "text_fold_internal.h"
#include "utf8.h"
#include <stdio.h>
#include <string.h>

enum {
    WORDS_SHOWN = 2,
    WORD_CHARACTERS = 30,
    BROKEN_PERCENT = 1, /* of the rows; fewer do not matter */
    LEAK_PERCENT = 95,  /* of the rows, from which on the label is in the text by design */
    LABEL_BYTES = 4     /* a shorter label is in many texts by chance */
};

/* --- broken accents -------------------------------------------------------------------------------------------- */

typedef struct mojibake_count {
    int64_t rows;
    unsigned ways; /* that restore every text and label */
    int shown;
    cam_strbuf words; /* "arrivÃ©" for "arrivé", ... */
    cam_strbuf scratch;
} mojibake_count;

/* The offset of the first broken form from `at` on, or `length`. */
static size_t find_broken(const char *text, size_t length, size_t at) {
    unsigned code_point;
    for (; at < length; at++)
        if ((unsigned char)text[at] >= 0xC3 && cam_mojibake_decode(text + at, length - at, &code_point) > 0)
            return at;
    return length;
}

static int is_word_byte(char c) {
    return (unsigned char)c >= 0x80 || (c > ' ' && !strchr(",;:.!?()\"", c));
}

/* Shows the word around an offset, as it is and as it should read. Returns the end of the word. */
static size_t show_word(mojibake_count *m, const char *text, size_t length, size_t at) {
    unsigned code_point;
    size_t begin = at, end = at + cam_mojibake_decode(text + at, length - at, &code_point);
    cam_strbuf repaired = CAM_STRBUF_INIT;
    while (begin > 0 && is_word_byte(text[begin - 1]))
        begin--;
    while (end < length && is_word_byte(text[end]))
        end++;
    const char *word = text + begin;
    size_t shown = cam_text_shown(word, end - begin, WORD_CHARACTERS);
    cam_mojibake_repair(word, shown, &repaired);
    cam_strbuf one = CAM_STRBUF_INIT;
    cam_strbuf_put_json(&one, word, shown);
    if (!strstr(cam_strbuf_text(&m->words), cam_strbuf_text(&one))) {
        cam_strbuf_printf(&m->words, "%s%s should read ", m->shown++ ? ", " : "", cam_strbuf_text(&one));
        cam_strbuf_put_json(&m->words, repaired.text, repaired.length);
    }
    cam_strbuf_release(&repaired);
    cam_strbuf_release(&one);
    return end;
}

static void count_broken(const cam_dataset *dataset, mojibake_count *m) {
    for (size_t i = 0; i < dataset->count; i++) {
        const cam_row *row = &dataset->rows[i];
        size_t at = find_broken(row->text, row->text_length, 0);
        m->rows += at < row->text_length;
        while (at < row->text_length && m->shown < WORDS_SHOWN)
            at = find_broken(row->text, row->text_length, show_word(m, row->text, row->text_length, at));
    }
    m->ways = m->rows > 0 ? CAM_MOJIBAKE_ANY : 0;
    for (size_t i = 0; i < dataset->count && m->ways; i++)
        m->ways &= cam_mojibake_ways(dataset->rows[i].text, dataset->rows[i].text_length, &m->scratch);
}

typedef enum file_mark { MARK_NONE, MARK_UTF8, MARK_UTF16 } file_mark;

/* The byte-order mark of the file; iconv cannot write that of UTF-8 in a single-byte encoding. */
static file_mark mark_of(const char *path) {
    unsigned char bytes[3] = {0};
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    if (got >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)))
        return MARK_UTF16;
    return got == sizeof bytes && memcmp(bytes, "\xEF\xBB\xBF", sizeof bytes) == 0 ? MARK_UTF8 : MARK_NONE;
}

/* A command that writes the restored file; its name keeps the ending, by which the format is chosen. */
static void put_command(const cam_dataset *dataset, unsigned ways, cam_strbuf *out) {
    file_mark mark = mark_of(dataset->path);
    const char *from = mark == MARK_UTF16 ? "utf-16" : "utf-8";
    const char *to = ways & CAM_MOJIBAKE_WINDOWS_1252 ? "windows-1252" : "iso-8859-1";
    const char *name = strrchr(dataset->path, '/'), *ending = strrchr(name ? name : dataset->path, '.');
    cam_strbuf restored = CAM_STRBUF_INIT;
    cam_strbuf_printf(&restored, "restored%s", ending ? ending : "");
    cam_strbuf_puts(out, "; this restores the file: ");
    if (mark == MARK_UTF8) {
        cam_strbuf_puts(out, "tail -c +4 ");
        cam_shell_word_put(out, dataset->path);
        cam_strbuf_puts(out, " | ");
    }
    cam_strbuf_printf(out, "iconv -f %s -t %s ", from, to);
    if (mark != MARK_UTF8) {
        cam_shell_word_put(out, dataset->path);
        cam_strbuf_putc(out, ' ');
    }
    cam_strbuf_puts(out, "> ");
    cam_shell_word_put(out, cam_strbuf_text(&restored));
    cam_strbuf_release(&restored);
}

static void audit_mojibake(const cam_dataset *dataset, cam_strbuf *out) {
    mojibake_count m = {0};
    count_broken(dataset, &m);
    if (m.rows * 100 >= (int64_t)dataset->count * BROKEN_PERCENT && m.rows > 0) {
        cam_strbuf_printf(out, "%s: %lld of %zu text%s broken accents: %s", dataset->path, (long long)m.rows,
                          dataset->count, dataset->count == 1 ? " has" : "s have", cam_strbuf_text(&m.words));
        if (m.ways)
            put_command(dataset, m.ways, out);
        else
            cam_strbuf_puts(out,
                            "; no conversion of the whole file restores it, since other texts are sound: export it "
                            "again from the program that shows the accents");
        cam_strbuf_putc(out, '\n');
    }
    cam_strbuf_release(&m.words);
    cam_strbuf_release(&m.scratch);
}

/* --- texts and labels ------------------------------------------------------------------------------------------ */

/* Whether all texts are equal but for case, space and final punctuation. */
static int all_equal(const cam_dataset *dataset) {
    cam_strbuf first = CAM_STRBUF_INIT, key = CAM_STRBUF_INIT;
    size_t equal = 1;
    cam_text_fold(dataset->rows[0].text, dataset->rows[0].text_length, CAM_FOLD_TEXT, &first);
    for (; equal < dataset->count; equal++) {
        cam_text_fold(dataset->rows[equal].text, dataset->rows[equal].text_length, CAM_FOLD_TEXT, &key);
        if (key.length != first.length || memcmp(cam_strbuf_text(&key), cam_strbuf_text(&first), key.length) != 0)
            break;
    }
    cam_strbuf_release(&first);
    cam_strbuf_release(&key);
    return equal == dataset->count;
}

static void audit_leaks(const cam_dataset *dataset, cam_strbuf *out) {
    size_t same = 0, held = 0;
    for (size_t i = 0; i < dataset->count; i++) {
        const cam_row *row = &dataset->rows[i];
        if (!row->label || row->label_length > row->text_length)
            continue;
        int is_same = row->label_length == row->text_length && memcmp(row->text, row->label, row->text_length) == 0;
        same += is_same ? 1 : 0;
        held += !is_same && row->label_length >= LABEL_BYTES && strstr(row->text, row->label) != NULL;
    }
    if (2 * same > dataset->count)
        cam_strbuf_printf(out, "%s: %zu of %zu texts are their own label: is text_column the column of the labels?\n",
                          dataset->path, same, dataset->count);
    else if ((same + held) * 100 >= dataset->count * LEAK_PERCENT)
        cam_strbuf_printf(
            out,
            "%s: %zu of %zu texts hold their label word for word: the model will read it there, and a text "
            "without it will be judged badly\n",
            dataset->path, same + held, dataset->count);
}

void cam_text_audit(const cam_dataset *dataset, cam_strbuf *warnings) {
    if (dataset->count == 0)
        return;
    audit_mojibake(dataset, warnings);
    if (dataset->count > 1 && all_equal(dataset))
        cam_strbuf_printf(warnings, "%s: all %zu texts are equal: is text_column the right column?\n", dataset->path,
                          dataset->count);
    else
        audit_leaks(dataset, warnings);
}
