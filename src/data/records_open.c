/* records_open.c: see records_internal.h. */
#include "csv_layout_internal.h"
#include "encoding_evidence.h"
#include "files.h"
#include "records_internal.h"
#include "table_shape_internal.h"
#include "text_fold.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Reads the header row. Where there is none the first record is a row, which stays pending. */
static cam_status read_header(cam_record_reader *r, long records_above) {
    cam_status st = CAM_OK;
    int got, above = 0;
    int hint = r->options->columns_are_hint, headerless = r->options->columns && !(hint && r->has_header);
    for (;;) {
        CAM_TRY(cam_reader_next_cells(r, &got));
        if (!got)
            CAM_FAIL(CAM_E_DATA, "%s: the file is empty", r->window.decoder.name);
        int blank = cam_cells_blank(r->cells.list, r->cells.count);
        if (hint && !blank && cam_header_is_known(&r->cells))
            headerless = 0;
        if (headerless || (!blank && above >= records_above))
            break;
        above += !blank;
    }
    if (headerless) {
        CAM_TRY(cam_header_given(r->options, r->window.decoder.name, r->start_line, &r->cells, &r->columns));
        r->pending = 1;
        goto out;
    }
    if (cam_reader_is_damaged(r))
        CAM_FAIL(CAM_E_DATA, "%s:%ld: a character of the header is cut or damaged; write the line again",
                 r->window.decoder.name, r->start_line);
    r->counts.records_above = above;
    CAM_TRY(keep_header(r));
    CAM_TRY(cam_header_match(r->options, r->window.decoder.name, r->start_line, &r->cells, &r->columns));
    r->header_text_bytes = r->cells.list[r->columns.text].length;
out:
    return st;
}

/* Reads until the first characters tell what the file holds. A pipe of lines is not waited for. */
static cam_status peek(cam_text_window *w) {
    cam_status st = CAM_OK;
    enum { ENOUGH = 256 };
    do
        CAM_TRY(cam_text_window_more(w));
    while (w->decoder.regular && w->end - w->begin < ENOUGH && !w->at_end);
out:
    return st;
}

static cam_status refuse_format(const cam_record_reader *r, const char *what, const char *format) {
    cam_strbuf setting = CAM_STRBUF_INIT;
    cam_remedy_put(&setting, r->options->syntax, "format", format);
    cam_fail(CAM_E_DATA, "%s: %s; set %s", r->window.decoder.name, what, setting.text);
    cam_strbuf_release(&setting);
    return CAM_E_DATA;
}

static cam_status open_json(cam_record_reader *r) {
    cam_text_window *w = &r->window;
    size_t begin;
    r->shape = cam_json_shape_of(w->bytes + w->begin, w->end - w->begin, w->at_end, &begin);
    if (r->shape == CAM_JSON_OTHER)
        return cam_fail(CAM_E_DATA,
                        "%s:1: a JSON list of lists or texts; write each row as an object: {\"text\": …, \"label\": …} "
                        "(pandas: to_json with orient=\"records\")",
                        w->decoder.name);
    if (r->shape == CAM_JSON_NONE || !w->decoder.regular)
        r->shape = r->shape == CAM_JSON_LIST ? CAM_JSON_LIST : CAM_JSON_LINES;
    if (r->shape == CAM_JSON_LINES)
        return CAM_OK;
    r->counts.is_list = 1;
    r->line += cam_cells_count_lines(w->bytes + w->begin, begin);
    w->begin += begin;
    return CAM_OK;
}

/* Finds delimiter and dialect; *has_names tells whether a header with the wanted columns was found. */
static cam_status open_table(cam_record_reader *r, cam_csv_layout *layout) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_csv_layout_find(&r->window, r->options, r->format, layout));
    if (layout->has_row_names)
        CAM_TRY(cam_table_shape_refuse_row_names(r->options));
    r->window.begin += layout->separator_bytes;
    r->has_separator = layout->separator_bytes > 0;
    r->has_header = layout->has_header;
    r->line += r->has_separator;
    r->dialect = layout->dialect;
    r->quotes_hold_lines = layout->quotes_hold_lines;
    if (r->format == CAM_FORMAT_TSV && layout->dialect.quoting == CAM_QUOTING_CSV) {
        r->format = CAM_FORMAT_CSV;
        r->counts.other_format = 1;
    }
    r->counts.backslash_quotes = layout->dialect.backslash;
    r->counts.spaced_quotes = layout->dialect.skip_space;
out:
    return st;
}

/* Whether the text is a table with the wanted columns in its header. */
static cam_status looks_like_table(cam_record_reader *r, int *table) {
    cam_csv_layout layout;
    cam_status st = cam_csv_layout_find(&r->window, r->options, CAM_FORMAT_CSV, &layout);
    *table = st == CAM_OK && layout.has_names;
    return st == CAM_E_DATA ? CAM_OK : st;
}

/* A file of texts by its ending: a table or JSON with the text column is more than lines. */
static cam_status look_for_records(cam_record_reader *r) {
    cam_status st = CAM_OK;
    cam_text_window *w = &r->window;
    const char *text = w->bytes + w->begin, *name = cam_text_column(r->options);
    size_t length = w->end - w->begin, begin;
    cam_csv_layout layout = {0};
    r->format = CAM_FORMAT_LINES;
    if (!w->decoder.regular || strcmp(r->options->path, "-") == 0) /* a stream of lines is answered line by line */
        goto out;
    cam_json_shape shape = cam_json_shape_of(text, length, w->at_end, &begin);
    if (shape != CAM_JSON_NONE && shape != CAM_JSON_OTHER) {
        const char *found = memmem(text, length, name, strlen(name));
        int is_key = found && found > text && found[-1] == '"' && found + strlen(name) < text + length &&
                     found[strlen(name)] == '"';
        r->format = is_key ? CAM_FORMAT_JSONL : CAM_FORMAT_LINES;
        goto out;
    }
    st = cam_csv_layout_find(w, r->options, CAM_FORMAT_CSV, &layout);
    if (st != CAM_E_DATA)
        CAM_TRY(st);
    if (st == CAM_OK && layout.has_names && layout.is_even)
        r->format = CAM_FORMAT_CSV;
    st = CAM_OK;
out:
    r->counts.other_format = r->format != CAM_FORMAT_LINES;
    return st;
}

/* Chooses the format by the options, the ending and the first characters. */
static cam_status choose_format(cam_record_reader *r) {
    cam_status st = CAM_OK;
    cam_text_window *w = &r->window;
    const cam_read_options *options = r->options;
    cam_data_format by_ending = cam_format_of_path(options->path);
    int automatic = options->format == CAM_FORMAT_AUTO, table = 0;
    size_t begin;
    r->format = automatic ? by_ending : options->format;
    if (r->format == CAM_FORMAT_LINES)
        goto out;
    if (r->format == CAM_FORMAT_AUTO && !options->label_required && !options->is_known_file)
        return look_for_records(r);
    cam_json_shape shape = cam_json_shape_of(w->bytes + w->begin, w->end - w->begin, w->at_end, &begin);
    int json = shape != CAM_JSON_NONE && (shape != CAM_JSON_OTHER || r->format == CAM_FORMAT_AUTO);
    if (json && !automatic && r->format != CAM_FORMAT_JSONL)
        CAM_TRY(refuse_format(r, "the file holds JSON", "jsonl"));
    if (!json && r->format == CAM_FORMAT_JSONL) {
        CAM_TRY(looks_like_table(r, &table));
        if (table && !automatic)
            CAM_TRY(refuse_format(r, "the file holds a table, no JSON", "csv"));
    }
    if (json)
        r->format = CAM_FORMAT_JSONL;
    else if (table || r->format == CAM_FORMAT_AUTO)
        r->format = CAM_FORMAT_CSV;
    r->counts.other_format = by_ending != CAM_FORMAT_AUTO && automatic && r->format != by_ending;
out:
    return st;
}

/* True where the bytes of a file do not contradict the encoding of another. */
static int hint_fits(const cam_read_options *options, const cam_encoding_evidence *evidence) {
    cam_encoding hint = options->encoding_hint;
    int is_other = evidence->finding == CAM_FOUND_NONE || evidence->finding == CAM_FOUND_MIXED ||
                   evidence->finding == CAM_FOUND_SINGLE_BYTE;
    if (hint == CAM_ENCODING_UTF16)
        return evidence->finding == CAM_FOUND_UTF16 && evidence->no_mark;
    return (evidence->fitting >> hint & 1u) || (options->is_known_file && is_other && hint != CAM_ENCODING_UTF8);
}

/* The encoding to open the file with: that of another file where the bytes speak for it. */
static cam_status choose_encoding(cam_record_reader *r, cam_encoding *encoding) {
    const cam_read_options *options = r->options;
    const char *path = strcmp(options->path, "-") == 0 ? "/dev/stdin" : options->path;
    cam_encoding_evidence evidence;
    *encoding = options->encoding;
    if (options->encoding != CAM_ENCODING_AUTO || options->encoding_hint == CAM_ENCODING_AUTO ||
        !cam_file_is_regular(path))
        return CAM_OK;
    cam_status st = cam_encoding_evidence_read(path, &evidence);
    if (st != CAM_OK)
        return st == CAM_E_DATA ? CAM_OK : st; /* opening it fails, too, and says why */
    if (!hint_fits(options, &evidence))
        return CAM_OK;
    *encoding = options->encoding_hint;
    if (options->is_known_file)
        return CAM_OK;
    r->counts.hinted = options->encoding_hint;
    if (evidence.encoding == options->encoding_hint) {
        r->counts.hinted_line = evidence.word_line;
        snprintf(r->counts.hinted_word, sizeof r->counts.hinted_word, "%s", evidence.word);
    }
    return CAM_OK;
}

cam_status cam_reader_open_cells(cam_record_reader *r) {
    cam_status st = CAM_OK;
    const cam_read_options *options = r->options;
    cam_text_window *w = &r->window;
    cam_csv_layout layout = {0};
    cam_encoding encoding;
    CAM_TRY(choose_encoding(r, &encoding));
    CAM_TRY(cam_text_window_open(w, options->path, encoding, options->syntax));
    w->decoder.accepts_damage = 1;
    w->decoder.pause = options->pause;
    if (options->format == CAM_FORMAT_LINES && options->label_required)
        CAM_FAIL(CAM_E_USAGE, "\"%s\": plain lines have no labels; set the format to csv, tsv or jsonl", options->path);
    CAM_TRY(peek(w));
    CAM_TRY(choose_format(r));
    if (w->at_end && w->begin == w->end && r->format != CAM_FORMAT_LINES)
        CAM_FAIL(CAM_E_DATA, "%s: the file is empty", w->decoder.name);
    if (r->format == CAM_FORMAT_LINES || r->format == CAM_FORMAT_JSONL)
        r->dialect.quoting = CAM_QUOTING_NONE;
    if (r->format == CAM_FORMAT_JSONL)
        CAM_TRY(open_json(r));
    if (cam_reader_is_table(r))
        CAM_TRY(cam_table_shape_check(options, w->bytes + w->begin, w->end - w->begin));
    if (cam_reader_is_table(r))
        CAM_TRY(open_table(r, &layout));
    r->counts.format = r->format;
    r->counts.records_above = layout.records_above;
out:
    return st;
}

cam_status cam_reader_open_file(cam_record_reader *r) {
    cam_status st = cam_reader_open_cells(r);
    return st == CAM_OK && cam_reader_is_table(r) ? read_header(r, r->counts.records_above) : st;
}
