/* record_rows.c: see records_internal.h. */
#include "label_list_internal.h"
#include "quotes.h"
#include "records_internal.h"
#include "text_fold.h"
#include "utf8.h"
#include "visible.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- bad rows ---------------------------------------------------------------------------------------------------- */

/* What rows are called in messages: as a spreadsheet shows them, or an editor. */
static const char *row_unit(const cam_record_reader *r) {
    return cam_reader_is_table(r) ? "row" : r->counts.is_list ? "object" : "line";
}

static long row_number(const cam_record_reader *r) {
    return cam_reader_is_table(r) ? r->sheet_row : r->counts.is_list ? (long)r->row : r->start_line;
}

/* Keeps where the first bad row is, and its cause without the cure. */
static void note_first_bad(cam_record_reader *r, const char *text) {
    cam_read_counts *counts = &r->counts;
    const char *cure = strstr(text, "; ");
    size_t length = cure ? (size_t)(cure - text) : strlen(text);
    if (counts->bad_rows++ > 0)
        return;
    counts->first_bad_line = r->start_line;
    counts->first_bad_row = cam_reader_is_table(r) ? r->sheet_row : 0;
    if (cam_visible_copy(counts->first_bad_cause, sizeof counts->first_bad_cause, text, length, "") >=
        sizeof counts->first_bad_cause)
        cam_utf8_truncate(counts->first_bad_cause, sizeof counts->first_bad_cause);
}

/* Counts a bad row, or adds a problem with its cause. Rows are grouped by the first `compared` bytes of the cause; 0 is
 * all of them. */
CAM_PRINTF(3, 4) static cam_status bad_row(cam_record_reader *r, size_t compared, const char *format, ...) {
    cam_status st = CAM_OK;
    char text[1024];
    va_list args;
    va_start(args, format);
    size_t written = cam_visible_vprint(text, sizeof text, format, args);
    va_end(args);
    if (written >= sizeof text)
        cam_utf8_truncate(text, sizeof text);
    note_first_bad(r, text);
    if (r->options->on_bad_row == CAM_BAD_ROW_SKIP) {
        r->counts.bad_skipped++;
        goto out;
    }
    size_t length = strlen(text);
    CAM_TRY(cam_row_problems_add(&r->bad, row_number(r), r->start_line, text,
                                 compared && compared < length ? compared : length));
    if (r->options->keep_blank)
        CAM_TRY(cam_reader_bad_rows(r, NULL));
out:
    return st;
}

cam_status cam_reader_bad_rows(cam_record_reader *r, const char *then) {
    cam_problems problems = CAM_PROBLEMS_INIT;
    char *last = then ? strdup(then) : NULL;
    cam_row_problems_report(&r->bad, r->window.decoder.name, row_unit(r), r->row, &problems);
    if (then)
        cam_problems_add(&problems, NULL, 0, "%s", last ? last : "the file cannot be read further");
    cam_status st = cam_problems_status(&problems, CAM_E_DATA);
    cam_problems_release(&problems);
    free(last);
    return st;
}

/* The way to go on without a row. */
static const char *leave_out(const cam_record_reader *r) {
    return r->options->syntax == CAM_SYNTAX_KEYS ? "leave such rows out with on_bad_row=skip"
                                                 : "leave such rows out with --on-bad-row skip";
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The index of the first cell that begins after a comma between two digits; 0 = none. */
static size_t decimal_comma(const cam_record_reader *r) {
    for (size_t i = 1; r->dialect.delimiter == ',' && i < r->cells.count; i++) {
        const cam_cell *a = &r->cells.list[i - 1], *b = &r->cells.list[i];
        if (!a->quoted && !b->quoted && a->length && b->length && is_digit(a->text[a->length - 1]) &&
            is_digit(b->text[0]))
            return i;
    }
    return 0;
}

/* As a message names it. */
static const char *delimiter_name(char delimiter) {
    return delimiter == '\t' ? "a tab" : delimiter == ';' ? "\";\"" : delimiter == ',' ? "\",\"" : "\"|\"";
}

/* The delimiter that makes the columns of a row of one cell; 0 = none. */
static char other_delimiter(const cam_record_reader *r) {
    static const char delimiters[] = ";,\t|";
    if (r->cells.count != 1 || r->cells.list[0].quoted)
        return '\0';
    for (const char *d = delimiters; *d; d++) {
        size_t found = 0;
        for (size_t i = 0; i < r->cells.list[0].length; i++)
            found += r->cells.list[0].text[i] == *d;
        if (*d != r->dialect.delimiter && found + 1 == r->columns.count)
            return *d;
    }
    return '\0';
}

/* True where the row begins and ends with a pair of quotes that CSV does not know. */
static int has_other_quotes(const cam_record_reader *r) {
    const cam_cell *first = &r->cells.list[0], *last = &r->cells.list[r->cells.count - 1];
    return cam_quote_pair_of(first->text, first->length, last->text, last->length) != NULL;
}

static cam_status bad_ragged(cam_record_reader *r) {
    const char *source = r->options->columns ? "\"columns\" names" : "the header has";
    size_t cells = r->cells.count, columns = r->columns.count;
    const char *s = cells == 1 ? "" : "s";
    size_t comma = cells > columns ? decimal_comma(r) : 0;
    if (r->quotes_hold_lines) {
        cam_strbuf settings = CAM_STRBUF_INIT;
        cam_remedy_put(&settings, r->options->syntax, "format", "csv");
        cam_strbuf_putc(&settings, ' ');
        cam_remedy_put(&settings, r->options->syntax, "delimiter", "tab");
        cam_status st = bad_row(r, 0, "a quoted cell holds a line break, which TSV has not; set %s", settings.text);
        cam_strbuf_release(&settings);
        return st;
    }
    char other = other_delimiter(r);
    if (other)
        return bad_row(r, 0, "1 cell where %s %zu, with %s between its parts (two files joined?); write all with %s",
                       source, columns, delimiter_name(other), delimiter_name(r->dialect.delimiter));
    /* the other verbs say at the end how to leave rows out */
    int says_more = r->options->syntax == CAM_SYNTAX_KEYS && !r->options->keep_blank;
    if (comma == 0 && cells < columns)
        return bad_row(r, 0, "%zu cell%s where %s %zu; is there a line break in an unquoted text?%s%s", cells, s,
                       source, columns, says_more ? " if there is none, " : "", says_more ? leave_out(r) : "");
    if (comma == 0 && has_other_quotes(r))
        return bad_row(r, 0, "%zu cells where %s %zu; its cells stand in quotes of another kind: write them with \"",
                       cells, source, columns);
    if (comma == 0)
        return bad_row(r, 0, "%zu cells where %s %zu; write a text that holds %s in quotes", cells, source, columns,
                       delimiter_name(r->dialect.delimiter));
    const cam_cell *a = &r->cells.list[comma - 1], *b = &r->cells.list[comma];
    size_t skip = a->length;
    while (skip > 0 && a->length - skip < 12 && is_digit(a->text[skip - 1]))
        skip--;
    size_t after = 0;
    while (after < b->length && after < 12 && is_digit(b->text[after]))
        after++;
    char counted[80];
    int compared = snprintf(counted, sizeof counted, "%zu cells where %s %zu; \"", cells, source, columns);
    return bad_row(r, (size_t)compared,
                   "%s%.*s,%.*s\" looks like a decimal comma: write such cells in quotes, or the file with \";\"",
                   counted, (int)(a->length - skip), a->text + skip, (int)after, b->text);
}

static cam_status bad_stray(cam_record_reader *r) {
    int backslash = 0;
    for (size_t i = 0; i < r->cells.count; i++)
        backslash |= memchr(r->cells.list[i].text, '\\', r->cells.list[i].length) != NULL;
    if (!backslash)
        return bad_row(r, 0, "text after a closing quote; inside quotes a quote is written twice");
    cam_strbuf path = CAM_STRBUF_INIT;
    cam_shell_word_put(&path, r->options->path);
    cam_status st = bad_row(r, 0,
                            "quotes inside quotes are written \\\" here; write them \"\": sed 's/\\\\\"/\"\"/g' %s > "
                            "fixed.csv",
                            path.text);
    cam_strbuf_release(&path);
    return st;
}

/* True where the cells that the row lacks at its end were empty as far as one can see: neither text nor label is among
 * them, and the row does not end with its text, in which an unquoted line break may have cut it. */
static int only_empty_missing(const cam_record_reader *r) {
    size_t count = r->cells.count;
    if ((size_t)r->columns.text >= count || (r->columns.label != CAM_NO_COLUMN && (size_t)r->columns.label >= count))
        return 0;
    int named = 0;
    for (size_t i = count; r->header && i < r->header_count; i++) {
        const char *name = r->header[i];
        size_t length = strlen(name);
        cam_text_trim(&name, &length);
        named |= length > 0;
    }
    return (r->header && !named) || (size_t)r->columns.text != count - 1;
}

/* Unquotes a label before which a space stands: such a cell is not read as quoted. */
static void unquote_label(cam_record_reader *r, const cam_cell *cell, cam_record *record) {
    const char *text = cell->text;
    size_t length = cell->length;
    if (cell->quoted || length == 0 || (signed char)text[0] > ' ')
        return;
    cam_text_trim(&text, &length);
    if (text == cell->text || length < 2 || text[0] != '"' || text[length - 1] != '"' ||
        memchr(text + 1, '"', length - 2))
        return;
    record->label = text + 1;
    record->label_length = length - 2;
    r->counts.labels_unquoted++;
}

/* take_table and take_json fill the record and set *good, or report a bad row. */
static cam_status take_table(cam_record_reader *r, cam_record *record, int *good) {
    size_t count = r->cells.count, columns = r->columns.count;
    *good = 0;
    if (r->cells.stray)
        return bad_stray(r);
    int surplus = count > columns && cam_cells_blank(r->cells.list + columns, count - columns);
    int missing = count < columns && only_empty_missing(r);
    if (count != columns && !surplus && !missing)
        return bad_ragged(r);
    r->counts.cells_surplus += surplus;
    r->counts.cells_missing += missing;
    const cam_cell *text = &r->cells.list[r->columns.text];
    record->text = text->text;
    record->text_length = text->length;
    if (r->columns.label != CAM_NO_COLUMN) {
        const cam_cell *label = &r->cells.list[r->columns.label];
        record->label = label->text;
        record->label_length = label->length;
        unquote_label(r, label, record);
    }
    *good = 1;
    return CAM_OK;
}

/* True where the row repeats the header, as where files were joined; a mark may stand before it. */
static int is_header(const cam_record_reader *r) {
    enum { MARK_BYTES = 3 };
    size_t text = (size_t)r->columns.text, mark = 0;
    if (!r->header || r->options->keep_blank || r->cells.count != r->header_count)
        return 0;
    size_t bytes = r->cells.list[text].length;
    if (bytes != r->header_text_bytes && (text > 0 || bytes != r->header_text_bytes + MARK_BYTES))
        return 0;
    const cam_cell *first = &r->cells.list[0];
    if (first->length >= MARK_BYTES && memcmp(first->text, "\xEF\xBB\xBF", MARK_BYTES) == 0)
        mark = MARK_BYTES;
    for (size_t i = 0; i < r->cells.count; i++) {
        const cam_cell *cell = &r->cells.list[i];
        size_t skip = i == 0 ? mark : 0, length = strlen(r->header[i]);
        if (cell->length - skip != length || memcmp(cell->text + skip, r->header[i], length) != 0)
            return 0;
    }
    return 1;
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

static cam_status bad_list(cam_record_reader *r, size_t members) {
    static const char beginning[] = "the label is a list of ";
    return bad_row(r, sizeof beginning - 1,
                   "%s%zu labels: the data is multi-label, and a text has one label here; keep one label a row, or %s",
                   beginning, members, leave_out(r));
}

/* The bytes of a JSON error that are the same for all rows with this error. */
static size_t json_error_bytes(const char *message) {
    const char *near = strstr(message, " near ");
    return near ? (size_t)(near - message) : 0;
}

static cam_status bad_member(cam_record_reader *r, const char *name, int no_text, int no_label) {
    cam_strbuf names = CAM_STRBUF_INIT, settings = CAM_STRBUF_INIT;
    char beginning[300];
    cam_jsonl_names(r->cells.list[0].text, r->cells.list[0].length, 12, &names);
    const char *hint =
        strstr(cam_strbuf_text(&names), "\"annotations\"") ? ", or export from Label Studio as JSON-MIN or CSV"
        : strstr(cam_strbuf_text(&names), "\"columns\"")   ? ", or write it with pandas' orient=\"records\""
                                                           : "";
    if (no_text) {
        cam_strbuf_putc(&settings, ' ');
        cam_remedy_put(&settings, r->options->syntax, "text_column", NULL);
    }
    if (no_label) {
        cam_strbuf_putc(&settings, ' ');
        cam_remedy_put(&settings, r->options->syntax, "label_column", NULL);
    }
    int compared = snprintf(beginning, sizeof beginning, "no member \"%.200s\"; the object has ", name);
    cam_status st = bad_row(r, (size_t)compared, "%s%s; set%s%s", beginning, names.length ? names.text : "none",
                            cam_strbuf_text(&settings), hint);
    cam_strbuf_release(&names);
    cam_strbuf_release(&settings);
    return st;
}

static cam_status take_json(cam_record_reader *r, cam_record *record, int *good) {
    const cam_cell *line = &r->cells.list[0];
    const char *text_name = cam_text_column(r->options), *label_name = cam_label_column(r->options);
    *good = 0;
    cam_status read = cam_jsonl_read(line->text, line->length, text_name, label_name, &r->json_text, &r->json_label);
    if (read != CAM_OK)
        return read == CAM_E_DATA ? bad_row(r, json_error_bytes(cam_status_message()), "%s", cam_status_message())
                                  : read;
    int no_text = !r->json_text.present, no_label = !r->json_label.present && r->options->label_required;
    if (no_text || no_label)
        return bad_member(r, no_text ? text_name : label_name, no_text, no_label);
    if (r->json_label.is_list && r->json_label.members > 1 && r->options->label_required)
        return bad_list(r, r->json_label.members);
    record->text = cam_strbuf_text(&r->json_text.bytes);
    record->text_length = r->json_text.bytes.length;
    if (r->json_label.present) {
        record->label = cam_strbuf_text(&r->json_label.bytes);
        record->label_length = r->json_label.bytes.length;
        r->counts.labels_from_lists += r->json_label.is_list && r->json_label.members == 1;
    }
    *good = 1;
    return CAM_OK;
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void trim_label(cam_record_reader *r, cam_record *record) {
    size_t before = record->label_length;
    cam_text_trim(&record->label, &record->label_length);
    record->trimmed = record->label_length != before && record->label_length > 0;
    r->counts.labels_trimmed += record->trimmed;
}

/* Trims the label and reads a list of one label as that label. A row without its label is bad where one is required. */
static cam_status take_label(cam_record_reader *r, cam_record *record, int *good) {
    size_t members;
    const char *first = "";
    size_t first_length = 0;
    if (!record->label)
        return CAM_OK;
    trim_label(r, record);
    if (!r->options->label_required)
        return CAM_OK;
    if (record->label_length > 1 && strchr("[({", record->label[0]) &&
        cam_label_list_read(record->label, record->label_length, &members, &first, &first_length)) {
        if (members > 1) {
            *good = 0;
            return bad_list(r, members);
        }
        record->label = first;
        record->label_length = first_length;
        cam_text_trim(&record->label, &record->label_length);
        r->counts.labels_from_lists += members == 1;
    }
    *good = record->label_length > 0;
    return *good ? CAM_OK : bad_row(r, 0, "the label is blank; label these rows, or %s", leave_out(r));
}

static cam_status bad_nul(cam_record_reader *r) {
    cam_strbuf command = CAM_STRBUF_INIT;
    cam_strbuf_puts(&command, "tr -d '\\000'");
    if (strcmp(r->options->path, "-") != 0) {
        cam_strbuf_puts(&command, " < ");
        cam_shell_word_put(&command, r->options->path);
        cam_strbuf_puts(&command, " > fixed.csv");
    }
    cam_status st =
        bad_row(r, 0, "a NUL byte is in the text; remove such bytes with %s, or %s", command.text, leave_out(r));
    cam_strbuf_release(&command);
    return st;
}

static cam_status bad_damage(cam_record_reader *r) {
    if (r->window.decoder.only_nuls)
        return bad_nul(r);
    if (r->window.decoder.mixed)
        return bad_row(r, 0, "not UTF-8, as other rows are (two files joined?); save each part as CSV UTF-8, or %s",
                       leave_out(r));
    return bad_row(r, 0, "a character is cut or damaged, and the rest of the file is UTF-8; write it again, or %s",
                   leave_out(r));
}

/* Fills a record that is not blank. */
static cam_status take_cells(cam_record_reader *r, cam_record *record, int *good) {
    cam_status st = CAM_OK;
    if (cam_reader_is_damaged(r)) {
        *good = 0;
        CAM_TRY(bad_damage(r));
        goto out;
    }
    if (r->format == CAM_FORMAT_LINES) {
        record->text = r->cells.list[0].text;
        record->text_length = r->cells.list[0].length;
        record->blank = record->text_length == 0;
        *good = 1;
        goto out;
    }
    if (r->format == CAM_FORMAT_JSONL)
        CAM_TRY(take_json(r, record, good));
    else
        CAM_TRY(take_table(r, record, good));
    if (*good)
        CAM_TRY(take_label(r, record, good));
out:
    return st;
}

cam_status cam_reader_take_row(cam_record_reader *r, cam_record *record, int *good) {
    int table = cam_reader_is_table(r);
    *record = (cam_record){.text = "", .line = r->start_line, .sheet_row = table ? r->sheet_row : 0};
    *good = 0;
    if (table) {
        record->cells = r->cells.list;
        record->cell_count = r->cells.count;
    }
    if (r->format != CAM_FORMAT_LINES && cam_cells_blank(r->cells.list, r->cells.count)) {
        *good = record->blank = r->options->keep_blank;
        if (*good)
            record->row = r->row++;
        else
            r->counts.blank_skipped++;
        return CAM_OK;
    }
    if (table && !r->options->keep_blank && cam_cells_are_rule(&r->cells)) {
        r->counts.rules++;
        return CAM_OK;
    }
    if (table && is_header(r)) {
        r->counts.headers_repeated++;
        return CAM_OK;
    }
    record->row = r->row++;
    return take_cells(r, record, good);
}
