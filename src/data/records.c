/* records.c: see records.h. text_window.c provides decoded text, csv_cells.c splits it into records, csv_header.c finds
 * the columns; here rows are checked and counted.
 *
 * Invariant: `line` is the line of the window's first unconsumed byte. */
#include "records.h"
#include "csv_cells_internal.h"
#include "csv_header_internal.h"
#include "jsonl_internal.h"
#include "problems.h"
#include "text_fold_internal.h"
#include "text_window_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cam_record_reader {
    const cam_read_options *options;
    cam_data_format format;
    char delimiter;
    cam_text_window window;
    cam_cells cells;
    long line, start_line; /* of the next record, of the current one */
    int pending;           /* the current record was split but not returned yet */
    cam_columns columns;
    cam_jsonl_value json_text, json_label;
    cam_problems problems;
    cam_read_counts counts;
    int64_t row;
    long sheet_row;       /* of the current record */
    const char *line_end; /* of the record that was split last */
    char **header;        /* the names of the columns as written */
    size_t header_count;
};

static int is_table(const cam_record_reader *r) {
    return r->format == CAM_FORMAT_CSV || r->format == CAM_FORMAT_TSV;
}

static cam_quoting quoting(const cam_record_reader *r) {
    return r->format == CAM_FORMAT_CSV   ? CAM_QUOTING_CSV
           : r->format == CAM_FORMAT_TSV ? CAM_QUOTING_TSV
                                         : CAM_QUOTING_NONE;
}

/* The line end of a record of `used` bytes that ends here; a last record without one has "\n". */
static const char *line_end_before(const char *end, size_t used) {
    if (used > 1 && end[-1] == '\n' && end[-2] == '\r')
        return "\r\n";
    return used > 0 && end[-1] == '\r' ? "\r" : "\n";
}

/* Splits the next record into r->cells. */
static cam_status next_cells(cam_record_reader *r, int *got) {
    cam_status st = CAM_OK;
    cam_text_window *w = &r->window;
    cam_cells_result result;
    *got = 1;
    if (r->pending) {
        r->pending = 0;
        goto out;
    }
    for (;;) {
        if (w->begin == w->end && w->at_end) {
            *got = 0;
            goto out;
        }
        if (w->begin < w->end) {
            CAM_TRY(cam_cells_split(&r->cells, w->bytes + w->begin, w->end - w->begin, w->at_end, r->delimiter,
                                    quoting(r), &result));
            if (result == CAM_CELLS_DONE)
                break;
            if (result == CAM_CELLS_OPEN)
                CAM_FAIL(CAM_E_DATA, "%s:%ld: the quote opened here is never closed", w->decoder.name,
                         r->line + r->cells.lines);
            if (w->end - w->begin > CAM_RECORD_MAX_BYTES)
                CAM_FAIL(CAM_E_DATA, "%s:%ld: the record that starts here does not end within %d MiB%s",
                         w->decoder.name, r->line, CAM_RECORD_MAX_BYTES >> 20,
                         r->format == CAM_FORMAT_CSV ? "; is a quote left open?" : "");
        }
        CAM_TRY(cam_text_window_more(w));
    }
    w->begin += r->cells.used;
    r->line_end = line_end_before(w->bytes + w->begin, r->cells.used);
    r->start_line = r->line;
    r->line += r->cells.lines;
    r->sheet_row++;
out:
    return st;
}

static int is_blank(const cam_record_reader *r) {
    for (size_t i = 0; i < r->cells.count; i++) {
        const char *text = r->cells.list[i].text;
        size_t length = r->cells.list[i].length;
        cam_text_trim(&text, &length);
        if (length > 0)
            return 0;
    }
    return 1;
}

static cam_status keep_header(cam_record_reader *r) {
    r->header = calloc(r->cells.count, sizeof *r->header);
    for (size_t i = 0; r->header && i < r->cells.count; i++) {
        r->header[i] = strndup(r->cells.list[i].text, r->cells.list[i].length);
        if (!r->header[i])
            return cam_fail(CAM_E_MEMORY, "no memory for a header of %zu cells", r->cells.count);
        r->header_count++;
    }
    return r->header ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for a header of %zu cells", r->cells.count);
}

/* Whether the first record is a row: the columns are given, and a header of this file does not overrule them. */
static int is_headerless(const cam_record_reader *r) {
    const cam_read_options *options = r->options;
    return options->columns && !(options->columns_are_hint && cam_header_has_text(options, &r->cells));
}

/* Reads the header row. Where there is none the first record is a row, which stays pending. */
static cam_status read_header(cam_record_reader *r) {
    cam_status st = CAM_OK;
    int got;
    do
        CAM_TRY(next_cells(r, &got));
    while (got && is_blank(r) && !r->options->columns);
    if (!got)
        CAM_FAIL(CAM_E_DATA, "%s: the file is empty", r->window.decoder.name);
    if (is_headerless(r)) {
        CAM_TRY(cam_header_given(r->options, r->window.decoder.name, r->start_line, &r->cells, &r->columns));
        r->pending = 1;
    } else {
        CAM_TRY(keep_header(r));
        CAM_TRY(cam_header_match(r->options, r->window.decoder.name, r->start_line, &r->cells, &r->columns));
    }
out:
    return st;
}

static cam_status open_file(cam_record_reader *r) {
    cam_status st = CAM_OK;
    const cam_read_options *options = r->options;
    cam_text_window *w = &r->window;
    r->format = options->format != CAM_FORMAT_AUTO ? options->format : cam_format_of_path(options->path);
    if (r->format == CAM_FORMAT_AUTO) {
        if (options->label_required)
            CAM_FAIL(CAM_E_USAGE, "the ending of \"%s\" does not say what it holds; set format=csv, tsv or jsonl",
                     options->path);
        r->format = CAM_FORMAT_LINES;
    }
    if (r->format == CAM_FORMAT_LINES && options->label_required)
        CAM_FAIL(CAM_E_USAGE, "\"%s\": plain lines have no labels; set format=csv, tsv or jsonl", options->path);
    CAM_TRY(cam_text_window_open(w, options->path, options->encoding));
    w->decoder.pause = options->pause;
    CAM_TRY(cam_text_window_more(w));
    if (w->at_end && w->begin == w->end && r->format != CAM_FORMAT_LINES)
        CAM_FAIL(CAM_E_DATA, "%s: the file is empty", w->decoder.name);
    if (r->format == CAM_FORMAT_CSV)
        CAM_TRY(cam_header_delimiter(w, options->delimiter, &r->delimiter, &r->line));
    if (r->format == CAM_FORMAT_TSV)
        r->delimiter = options->delimiter ? options->delimiter : '\t';
    if (is_table(r))
        CAM_TRY(read_header(r));
out:
    return st;
}

cam_status cam_record_reader_open(const cam_read_options *options, cam_record_reader **reader) {
    cam_status st = CAM_OK;
    cam_record_reader *r = calloc(1, sizeof *r);
    *reader = NULL;
    if (!r)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", options->path);
    r->options = options;
    r->line = 1;
    r->line_end = "\n";
    r->window.decoder.fd = -1;
    CAM_TRY(open_file(r));
    *reader = r;
    r = NULL;
out:
    cam_record_reader_close(r);
    return st;
}

/* Counts a bad row, or adds a problem with the reason. */
CAM_PRINTF(2, 3) static cam_status bad_row(cam_record_reader *r, const char *format, ...) {
    va_list args;
    if (r->counts.first_bad_line == 0)
        r->counts.first_bad_line = r->start_line;
    if (r->options->on_bad_row == CAM_BAD_ROW_SKIP) {
        r->counts.bad_skipped++;
        return CAM_OK;
    }
    va_start(args, format);
    cam_problems_add_list(&r->problems, r->window.decoder.name, r->start_line, format, args);
    va_end(args);
    return r->options->keep_blank ? cam_problems_status(&r->problems, CAM_E_DATA) : CAM_OK;
}

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The index of the first cell that begins after a comma between two digits; 0 = none. */
static size_t decimal_comma(const cam_record_reader *r) {
    for (size_t i = 1; r->delimiter == ',' && i < r->cells.count; i++) {
        const cam_cell *a = &r->cells.list[i - 1], *b = &r->cells.list[i];
        if (!a->quoted && !b->quoted && a->length && b->length && is_digit(a->text[a->length - 1]) &&
            is_digit(b->text[0]))
            return i;
    }
    return 0;
}

static cam_status bad_ragged(cam_record_reader *r) {
    const char *source = r->options->columns ? "\"columns\" names" : "the header has";
    size_t comma = r->cells.count > r->columns.count ? decimal_comma(r) : 0;
    if (comma == 0)
        return bad_row(r, "%zu cells where %s %zu", r->cells.count, source, r->columns.count);
    const cam_cell *a = &r->cells.list[comma - 1], *b = &r->cells.list[comma];
    size_t skip = a->length;
    while (skip > 0 && a->length - skip < 12 && is_digit(a->text[skip - 1]))
        skip--;
    size_t after = 0;
    while (after < b->length && after < 12 && is_digit(b->text[after]))
        after++;
    return bad_row(
        r,
        "%zu cells where %s %zu; \"%.*s,%.*s\" looks like a decimal comma: quote such cells, or write the file "
        "with \";\" and set delimiter=\";\"",
        r->cells.count, source, r->columns.count, (int)(a->length - skip), a->text + skip, (int)after, b->text);
}

/* take_table and take_json fill the record and set *good, or report a bad row. */
static cam_status take_table(cam_record_reader *r, cam_record *record, int *good) {
    *good = 0;
    if (r->cells.stray)
        return bad_row(r, "text after a closing quote; inside quotes a quote is written twice");
    if (r->cells.count != r->columns.count)
        return bad_ragged(r);
    const cam_cell *text = &r->cells.list[r->columns.text];
    record->text = text->text;
    record->text_length = text->length;
    if (r->columns.label != CAM_NO_COLUMN) {
        record->label = r->cells.list[r->columns.label].text;
        record->label_length = r->cells.list[r->columns.label].length;
    }
    *good = 1;
    return CAM_OK;
}

static cam_status take_json(cam_record_reader *r, cam_record *record, int *good) {
    const cam_cell *line = &r->cells.list[0];
    const char *text_name = cam_text_column(r->options), *label_name = cam_label_column(r->options);
    *good = 0;
    cam_status read = cam_jsonl_read(line->text, line->length, text_name, label_name, &r->json_text, &r->json_label);
    if (read != CAM_OK)
        return read == CAM_E_DATA ? bad_row(r, "%s", cam_status_message()) : read;
    int no_text = !r->json_text.present, no_label = !r->json_label.present && r->options->label_required;
    if (no_text || no_label) {
        cam_strbuf names = CAM_STRBUF_INIT;
        cam_jsonl_names(line->text, line->length, 12, &names);
        cam_status st = bad_row(r, "no member \"%s\"; the object has %s; set%s%s", no_text ? text_name : label_name,
                                names.length ? names.text : "none", no_text ? " text_column=…" : "",
                                no_label ? " label_column=…" : "");
        cam_strbuf_release(&names);
        return st;
    }
    record->text = cam_strbuf_text(&r->json_text.bytes);
    record->text_length = r->json_text.bytes.length;
    if (r->json_label.present) {
        record->label = cam_strbuf_text(&r->json_label.bytes);
        record->label_length = r->json_label.bytes.length;
    }
    *good = 1;
    return CAM_OK;
}

static void trim_label(cam_record_reader *r, cam_record *record) {
    size_t before = record->label_length;
    if (!record->label)
        return;
    cam_text_trim(&record->label, &record->label_length);
    record->trimmed = record->label_length != before && record->label_length > 0;
    r->counts.labels_trimmed += record->trimmed;
}

static cam_status take_row(cam_record_reader *r, cam_record *record, int *good) {
    cam_status st = CAM_OK;
    *record = (cam_record){.text = "", .line = r->start_line, .sheet_row = r->sheet_row};
    if (is_table(r)) {
        record->cells = r->cells.list;
        record->cell_count = r->cells.count;
    }
    if (is_blank(r) && r->format != CAM_FORMAT_LINES) {
        *good = record->blank = r->options->keep_blank;
        if (*good)
            record->row = r->row++;
        else
            r->counts.blank_skipped++;
        goto out;
    }
    record->row = r->row++;
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
    if (!*good)
        goto out;
    trim_label(r, record);
    if (r->options->label_required && record->label_length == 0) {
        *good = 0;
        CAM_TRY(bad_row(r, "the label is blank"));
    }
out:
    return st;
}

/* A row of the caller that keeps every record in its place. */
static void keep_bad(cam_record *record) {
    record->text = "";
    record->text_length = 0;
    record->label = NULL;
    record->label_length = 0;
    record->bad = 1;
}

/* Reports a failure that ends the reading after the bad rows before it. */
static cam_status fail_with_problems(cam_record_reader *r, cam_status status) {
    if (status != CAM_E_DATA || r->problems.errors == 0)
        return status;
    char *message = strdup(cam_status_message());
    cam_problems_add(&r->problems, NULL, 0, "%s", message ? message : "the file cannot be read further");
    free(message);
    return cam_problems_status(&r->problems, CAM_E_DATA);
}

cam_status cam_record_reader_next(cam_record_reader *reader, cam_record *record, int *got) {
    cam_status st = CAM_OK;
    int64_t max_rows = reader->options->max_rows;
    int good = 0;
    *got = 0;
    while (!good) {
        int more = max_rows <= 0 || reader->counts.rows < max_rows;
        if (more) {
            st = next_cells(reader, &more);
            if (st != CAM_OK)
                return fail_with_problems(reader, st);
        }
        if (!more)
            return cam_problems_status(&reader->problems, CAM_E_DATA);
        CAM_TRY(take_row(reader, record, &good));
        if (!good && reader->options->keep_blank) {
            keep_bad(record);
            good = 1;
        }
    }
    reader->counts.rows++;
    *got = 1;
out:
    return st;
}

const cam_read_counts *cam_record_reader_counts(const cam_record_reader *reader) {
    return &reader->counts;
}

cam_data_format cam_record_reader_format(const cam_record_reader *reader) {
    return reader->format;
}

char cam_record_reader_delimiter(const cam_record_reader *reader) {
    return reader->delimiter;
}

cam_file_form cam_record_reader_form(const cam_record_reader *reader) {
    return (cam_file_form){.delimiter = reader->delimiter,
                           .columns = reader->columns.count,
                           .encoding = reader->window.decoder.encoding,
                           .has_mark = reader->window.decoder.has_mark,
                           .big_endian = reader->window.decoder.big_endian,
                           .line_end = reader->line_end};
}

const char *const *cam_record_reader_header(const cam_record_reader *reader, size_t *count) {
    *count = reader->header_count;
    return (const char *const *)reader->header;
}

int cam_record_reader_has_label(const cam_record_reader *reader) {
    return reader->format == CAM_FORMAT_JSONL || (is_table(reader) && reader->columns.label != CAM_NO_COLUMN);
}

void cam_record_reader_close(cam_record_reader *reader) {
    if (!reader)
        return;
    cam_text_window_close(&reader->window);
    cam_cells_release(&reader->cells);
    for (size_t i = 0; i < reader->header_count; i++)
        free(reader->header[i]);
    free(reader->header);
    cam_strbuf_release(&reader->json_text.bytes);
    cam_strbuf_release(&reader->json_label.bytes);
    cam_problems_release(&reader->problems);
    free(reader);
}
