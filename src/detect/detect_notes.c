/* detect_notes.c: the notes and warnings of detect.h. */
#include "choices.h"
#include "detect_internal.h"
#include "plain.h"
#include "text_fold.h"
#include <math.h>
#include <string.h>

enum { NAME_CHARACTERS = 40, ALSO_SHOWN = 3 };

/* Appends a cell on one line, and no more of it than a note can hold. */
static void put_cell(const cam_strbuf *cell, cam_strbuf *out) {
    cam_text_put_shown(cam_strbuf_text(cell), cell->length, NAME_CHARACTERS, out);
}

/* The column's name; "column 2" where the file has no header. */
static void put_name(const cam_survey *s, size_t column, const cam_detected *found, cam_strbuf *out) {
    const cam_strbuf *name = &s->list[column].first;
    if (!found->has_header || name->length == 0)
        cam_strbuf_printf(out, "column %zu", column + 1);
    else
        put_cell(name, out);
}

/* --- encoding, format, delimiter, header --- */

/* The reader's own message about bytes that it cannot read. */
static cam_status reader_refuses(const cam_read_options *options) {
    enum { BYTES = 1 << 12 };
    char bytes[BYTES];
    cam_decoder d;
    size_t count = 1;
    cam_status st = cam_decoder_open(&d, options->path, CAM_ENCODING_AUTO, options->syntax);
    if (st != CAM_OK)
        return st;
    while (st == CAM_OK && count > 0)
        st = cam_decoder_read(&d, bytes, BYTES, &count);
    cam_decoder_close(&d);
    return st == CAM_OK
               ? cam_fail(CAM_E_DATA, "%s: the encoding is not known; save the file as CSV UTF-8", options->path)
               : st;
}

cam_status cam_detect_note_encoding(const cam_read_options *options, const cam_encoding_evidence *e,
                                    cam_detected *found) {
    cam_strbuf *note = &found->notes[CAM_NOTE_ENCODING];
    if (e->finding == CAM_FOUND_NONE || e->finding == CAM_FOUND_MIXED)
        return reader_refuses(options);
    if (e->finding == CAM_FOUND_UTF8) {
        cam_strbuf_puts(note, "encoding: utf-8, by ");
        cam_plain_put_counted(note, e->characters, "character of several bytes", "characters of several bytes");
    }
    if (e->finding == CAM_FOUND_UTF16)
        cam_strbuf_printf(note, "encoding: utf-16, by its %s", e->no_mark ? "NUL bytes" : "byte-order mark");
    if (e->finding == CAM_FOUND_SINGLE_BYTE) {
        cam_strbuf_printf(note, "encoding: %s, by ", cam_words_encoding[e->encoding]);
        cam_plain_put_counted(note, e->high_bytes, "byte", "bytes");
        cam_strbuf_printf(note, "; \"%s\" (line %ld)", e->word, e->word_line);
    }
    if (e->finding == CAM_FOUND_DAMAGED) {
        cam_strbuf_puts(note, "encoding: utf-8, by ");
        cam_plain_put_counted(note, e->characters, "character of several bytes; ", "characters of several bytes; ");
        cam_plain_put_counted(note, e->bad_bytes, "byte is", "bytes are");
        cam_strbuf_printf(note, " damaged, the first on line %ld", e->first_bad_line);
        cam_strbuf_printf(&found->warnings,
                          "line %ld holds a damaged character (byte 0x%02X is not UTF-8): on_bad_row: skip leaves such "
                          "rows out; mend the character in the file to keep its row\n",
                          e->first_bad_line, e->first_bad_byte);
    }
    return CAM_OK;
}

void cam_detect_note_format(const char *path, const char *shape, cam_detected *found) {
    static const char lines[] = ".jsonl";
    size_t length = strlen(path), tail = sizeof lines - 1;
    int json = found->format == CAM_FORMAT_JSONL;
    int said =
        json ? length > tail && strcmp(path + length - tail, lines) == 0 : cam_format_of_path(path) == found->format;
    if (!said)
        cam_strbuf_printf(&found->notes[CAM_NOTE_FORMAT], "format: %s, by its first bytes: %s",
                          cam_words_format[found->format], shape);
}

void cam_detect_note_delimiter(const cam_survey *s, int64_t even, long above, cam_detected *found) {
    cam_strbuf *note = &found->notes[CAM_NOTE_DELIMITER];
    int64_t all = s->records + s->uneven + 1;
    if (s->count < 2)
        return;
    if (found->delimiter == '\t')
        cam_strbuf_puts(note, "delimiter: tab");
    else
        cam_strbuf_printf(note, "delimiter: \"%c\"", found->delimiter);
    cam_strbuf_printf(note, ", by %zu cells in ", s->count);
    cam_plain_put_count(note, even);
    cam_strbuf_puts(note, " of ");
    cam_plain_put_counted(note, all, "record", "records");
    if (above > 0)
        cam_strbuf_printf(note, "; %ld line%s above the header %s left out", above, above == 1 ? "" : "s",
                          above == 1 ? "is" : "are");
}

void cam_detect_note_header(const cam_survey *s, double score, const char *because, cam_detected *found) {
    cam_strbuf *note = &found->notes[CAM_NOTE_HEADER];
    cam_strbuf_printf(note, "header: %s, ", found->has_header ? "yes" : "none");
    for (size_t i = 0; i < s->count && i < 4; i++) {
        cam_strbuf_puts(note, i ? ", \"" : "\"");
        put_cell(&s->list[i].first, note);
        cam_strbuf_puts(note, "\"");
    }
    cam_strbuf_printf(note, "%s: %s", s->count > 4 ? ", ..." : "",
                      because[0] ? because : "it looks like the other rows");
    if (fabs(score) < 1)
        cam_strbuf_printf(
            &found->warnings,
            "it is not clear whether the first row is a header; init took it as %s: look at \"columns\"\n",
            found->has_header ? "a header" : "a row of data");
}

/* --- columns --- */

typedef double (*score_of)(const cam_survey *survey, size_t column);
typedef void (*put_size)(const cam_survey *survey, size_t column, const cam_detected *found, cam_strbuf *out);

static void put_values(const cam_survey *s, size_t column, const cam_detected *found, cam_strbuf *out) {
    const cam_column *c = &s->list[column];
    int known = cam_name_set_find(&c->cells, cam_strbuf_text(&c->first), c->first.length) >= 0;
    cam_strbuf_puts(out, ", ");
    cam_plain_put_counted(out, (int64_t)c->cells.count + (!found->has_header && !known), "value", "values");
}

static void put_characters(const cam_survey *s, size_t column, const cam_detected *found, cam_strbuf *out) {
    (void)found;
    cam_strbuf_printf(out, ", %.0f characters on average", cam_column_mean_characters(&s->list[column]));
}

/* The best column by `score` below `limit`, other than the chosen two and those before `after` with the same score. */
static size_t next_best(const cam_survey *s, const cam_detected *found, score_of score, double limit, size_t after) {
    size_t best = s->count;
    for (size_t i = 0; i < s->count; i++) {
        double points = score(s, i);
        if (i == found->text_column || i == found->label_column || points == -INFINITY || points > limit ||
            (points == limit && i <= after))
            continue;
        if (best == s->count || points > score(s, best))
            best = i;
    }
    return best;
}

/* `least`: the score from which on another column is worth a word. */
static void put_also(const cam_survey *s, cam_detected *found, score_of score, put_size size, double least,
                     cam_strbuf *note) {
    double limit = INFINITY;
    size_t at = s->count;
    for (int i = 0; i < ALSO_SHOWN; i++) {
        at = next_best(s, found, score, limit, at);
        if (at == s->count || score(s, at) < least)
            return;
        cam_strbuf_puts(note, i ? "; " : "; also possible: ");
        put_name(s, at, found, note);
        size(s, at, found, note);
        limit = score(s, at);
    }
}

static void warn_of_tie(const cam_survey *s, cam_detected *found, size_t chosen, score_of score, const char *part) {
    static const double NEAR = 1;
    size_t other = next_best(s, found, score, INFINITY, s->count);
    if (other == s->count || score(s, other) <= score(s, chosen) - NEAR)
        return;
    cam_strbuf *out = &found->warnings;
    cam_strbuf_printf(out, "the %s may be ", part);
    put_name(s, chosen, found, out);
    cam_strbuf_puts(out, " or ");
    put_name(s, other, found, out);
    cam_strbuf_puts(out, "; init took ");
    put_name(s, chosen, found, out);
    cam_strbuf_printf(out, ": set %s_column, or init --%s-column NAME\n", part, part);
}

static int is_part(const char *cell, size_t length) {
    static const char words[] = " train training test dev val valid validation eval apprentissage entrainement ";
    cam_strbuf folded = CAM_STRBUF_INIT, spaced = CAM_STRBUF_INIT;
    cam_text_fold(cell, length, CAM_FOLD_ACCENTS, &folded);
    cam_strbuf_put_all(&spaced, " ", cam_strbuf_text(&folded), " ", NULL);
    int is = strstr(words, cam_strbuf_text(&spaced)) != NULL;
    cam_strbuf_release(&folded);
    cam_strbuf_release(&spaced);
    return is;
}

/* A column that says for each row which part it belongs to. */
static void warn_of_parts(const cam_survey *s, cam_detected *found) {
    for (size_t i = 0; i < s->count; i++) {
        const cam_column *c = &s->list[i];
        size_t parts = 0;
        for (size_t k = 0; k < c->cells.count && k < 5; k++)
            parts += (size_t)is_part(c->cells.names[k], c->cells.lengths[k]);
        if (parts < 2 || parts != c->cells.count)
            continue;
        put_name(s, i, found, &found->warnings);
        cam_strbuf_puts(&found->warnings,
                        " says which rows are for training: the file is split already; write the rows "
                        "of each part to a file of its own, and set train_file, validation_file and "
                        "test_file\n");
    }
}

void cam_detect_note_columns(const cam_survey *s, const cam_column_choice *requested, cam_detected *found) {
    static const double FAR = 5;
    cam_strbuf *text = &found->notes[CAM_NOTE_TEXT], *label = &found->notes[CAM_NOTE_LABEL];
    cam_strbuf_puts(text, "text column: ");
    put_name(s, found->text_column, found, text);
    put_characters(s, found->text_column, found, text);
    put_also(s, found, cam_column_text_score, put_characters, cam_column_text_score(s, found->text_column) - FAR, text);
    cam_strbuf_puts(label, "label column: ");
    put_name(s, found->label_column, found, label);
    put_values(s, found->label_column, found, label);
    put_also(s, found, cam_column_label_score, put_values, -INFINITY, label);
    if (requested->text == s->count)
        warn_of_tie(s, found, found->text_column, cam_column_text_score, "text");
    if (requested->label == s->count)
        warn_of_tie(s, found, found->label_column, cam_column_label_score, "label");
    if (requested->label == s->count && s->list[found->label_column].points.label < 0) {
        put_name(s, found->label_column, found, &found->warnings);
        cam_strbuf_puts(&found->warnings, " is the likeliest label by its cells, but its name says something else: set "
                                          "label_column, or init --label-column NAME\n");
    }
    warn_of_parts(s, found);
}
