/* text_audit.c: see text_audit.h. */
#include "text_audit.h"
#include "input.h"
#include "label_forms.h"
#include "mojibake.h"
#include "remedy.h"
#include "text_fold.h"
#include "utf8.h"
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WORDS_SHOWN = 2,
    WORD_CHARACTERS = 30,
    BROKEN_PERCENT = 1, /* of the rows; fewer do not matter */
    LEAK_PERCENT = 95,  /* of the rows, from which on the label is in the text by design */
    LABEL_BYTES = 4     /* a shorter label is in many texts by chance */
};

/* None once a stop is requested: the caller's next check ends the work, and the counts do not matter. */
static size_t rows_to_count(const cam_dataset *dataset) {
    return cam_input_check(dataset->path) == CAM_OK ? dataset->count : 0;
}

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
    for (size_t i = 0, count = rows_to_count(dataset); i < count; i++) {
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
    struct stat about;
    int fd = -1;
    int is_file = cam_input_open(path, CAM_E_DATA, &fd, &about) == CAM_OK && S_ISREG(about.st_mode);
    ssize_t got = is_file ? pread(fd, bytes, sizeof bytes, 0) : 0; /* a pipe was read to its end already */
    cam_input_close(fd);
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
    cam_strbuf_put_all(&restored, "restored", ending ? ending : "", NULL);
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

/* --- what an export does to texts ------------------------------------------------------------------------------- */

/* Whether a character became a question mark inside a word, as in "re?u". */
static int has_lost_letter(const char *text) {
    for (const char *at = text; (at = strchr(at, '?')) != NULL; at++)
        if (at > text && is_word_byte(at[-1]) && at[1] >= 'a' && at[1] <= 'z') {
            const char *end = at + strcspn(at, " \t\r\n"), *begin = at;
            while (begin > text && begin[-1] > ' ')
                begin--;
            if (strcspn(begin, "/=") >= (size_t)(end - begin)) /* no address */
                return 1;
        }
    return 0;
}

/* Whether the text has an end tag, a line break <br>, or an entity such as &eacute; or &#39;. */
static int has_markup(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (const char *at = text; (at = strpbrk(at, "<&")) != NULL; at++) {
        int entity = *at == '&';
        const char *name = at + 1 + (entity ? at[1] == '#' : at[1] == '/');
        size_t length = strspn(name, letters);
        if (entity ? length > 1 && length < 10 && name[length] == ';'
                   : (at[1] == '/' && length > 0 && name[length] == '>') ||
                         (length == 2 && strncasecmp(name, "br", 2) == 0))
            return 1;
    }
    return 0;
}

/* A cell of an error or of no value, or "#####", which Excel shows where a column is narrow. */
static int is_no_text(const char *text) {
    enum { LONGEST = 16 };
    size_t length = strlen(text);
    return length > 0 && ((length <= LONGEST && cam_label_is_missing(text)) || strspn(text, "#") == length);
}

static int has_replacement(const char *text) {
    return strstr(text, "\xEF\xBF\xBD") != NULL;
}

static int has_no_ascii(const char *text) {
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text != '\0';
}

typedef struct text_count {
    int64_t rows;
    const char *first;
} text_count;

static text_count count_texts(const cam_dataset *dataset, int (*is)(const char *text)) {
    text_count count = {0};
    for (size_t i = 0, rows = rows_to_count(dataset); i < rows; i++)
        if (is(dataset->rows[i].text) && count.rows++ == 0)
            count.first = dataset->rows[i].text;
    return count;
}

/* Adds a line where more than a few texts are of a kind. */
static void put_texts(const cam_dataset *dataset, text_count count, const char *one, const char *many, const char *cure,
                      cam_strbuf *out) {
    if (count.rows == 0 || count.rows * 100 < (int64_t)dataset->count * BROKEN_PERCENT)
        return;
    size_t shown = cam_text_shown(count.first, strlen(count.first), WORD_CHARACTERS);
    cam_strbuf_printf(out, "%s: %lld of %zu texts %s (", dataset->path, (long long)count.rows, dataset->count,
                      count.rows == 1 ? one : many);
    cam_strbuf_put_json(out, count.first, shown);
    cam_strbuf_printf(out, "%s): %s\n", count.first[shown] ? "\u2026" : "", cure);
}

static void audit_export(const cam_dataset *dataset, cam_strbuf *out) {
    put_texts(dataset, count_texts(dataset, has_replacement), "has the mark of a lost character, U+FFFD",
              "have the mark of a lost character, U+FFFD", "export the file again, as CSV UTF-8", out);
    text_count lost = count_texts(dataset, has_lost_letter), long_ones = count_texts(dataset, has_no_ascii);
    if (long_ones.rows * 100 < (int64_t)dataset->count)
        put_texts(dataset, lost, "has a question mark inside a word", "have question marks inside words",
                  "accents that an export lost? Export the file again, as CSV UTF-8", out);
    put_texts(dataset, count_texts(dataset, has_markup), "has HTML in it", "have HTML in them",
              "a model reads it as words; export plain text", out);
    put_texts(dataset, count_texts(dataset, is_no_text), "is a word for a missing value",
              "are words for a missing value", "a model learns them as texts; remove these rows from the file", out);
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
    for (size_t i = 0, count = rows_to_count(dataset); i < count; i++) {
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
    audit_export(dataset, warnings);
    if (dataset->count > 1 && all_equal(dataset))
        cam_strbuf_printf(warnings, "%s: all %zu texts are equal: is text_column the right column?\n", dataset->path,
                          dataset->count);
    else
        audit_leaks(dataset, warnings);
}
