/* records.c: see records.h and records_internal.h. text_window.c provides decoded text, csv_cells.c and json_objects.c
 * split it into records. */
#include "records_internal.h"
#include <stdlib.h>
#include <string.h>

/* True where the end of the file must be that of a list. */
static int is_list(const cam_record_reader *r) {
    return r->shape == CAM_JSON_LIST || r->shape == CAM_JSON_WRAPPED;
}

static cam_status split(cam_record_reader *r, cam_cells_result *result) {
    cam_text_window *w = &r->window;
    char *text = w->bytes + w->begin;
    if (r->format == CAM_FORMAT_JSONL && r->shape != CAM_JSON_LINES)
        return cam_json_objects_next(&r->cells, text, w->end - w->begin, w->at_end, r->shape, result);
    return cam_cells_split(&r->cells, text, w->end - w->begin, w->at_end, &r->dialect, result);
}

/* Fails where no record begins at, or ends after, the window's beginning. */
static cam_status fail_record(const cam_record_reader *r, cam_cells_result result) {
    const char *file = r->window.decoder.name;
    long line = r->line + r->cells.lines;
    if (result == CAM_CELLS_STRAY)
        return cam_fail(CAM_E_DATA,
                        "%s:%ld: no object begins here; write each row as an object: "
                        "{\"text\": …, \"label\": …}",
                        file, r->line + r->cells.before);
    if (result == CAM_CELLS_OPEN && r->format == CAM_FORMAT_JSONL)
        return cam_fail(CAM_E_DATA, "%s:%ld: %s; is the file cut?", file, r->line + r->cells.before,
                        r->cells.stray ? "the object that begins here is never closed" : "the list is never closed");
    if (result == CAM_CELLS_OPEN)
        return cam_fail(CAM_E_DATA, "%s:%ld: the quote opened here is never closed", file, line);
    if (result == CAM_CELLS_MORE && r->window.end - r->window.begin > CAM_RECORD_MAX_BYTES)
        return cam_fail(CAM_E_DATA, "%s:%ld: the record that starts here does not end within %d MiB%s", file, r->line,
                        CAM_RECORD_MAX_BYTES >> 20, r->format == CAM_FORMAT_CSV ? "; is a quote left open?" : "");
    return CAM_OK;
}

/* The line end of a record of `used` bytes that ends here; a last record without one has "\n". */
static const char *line_end_before(const char *end, size_t used) {
    if (used > 1 && end[-1] == '\n' && end[-2] == '\r')
        return "\r\n";
    return used > 0 && end[-1] == '\r' ? "\r" : "\n";
}

cam_status cam_reader_next_cells(cam_record_reader *r, int *got) {
    cam_status st = CAM_OK;
    cam_text_window *w = &r->window;
    cam_cells_result result = CAM_CELLS_MORE;
    *got = 1;
    if (r->pending) {
        r->pending = 0;
        goto out;
    }
    while (result != CAM_CELLS_DONE) {
        if (r->ended || (w->begin == w->end && w->at_end && !is_list(r))) {
            *got = 0;
            goto out;
        }
        if (w->begin < w->end || (w->at_end && is_list(r)))
            CAM_TRY(split(r, &result));
        if (result == CAM_CELLS_DONE)
            break;
        r->ended = result == CAM_CELLS_END;
        CAM_TRY(fail_record(r, result));
        if (!r->ended)
            CAM_TRY(cam_text_window_more(w));
    }
    w->begin += r->cells.used;
    r->line_end = line_end_before(w->bytes + w->begin, r->cells.used);
    r->start_line = r->line + r->cells.before;
    r->line += r->cells.lines;
    r->sheet_row++;
out:
    return st;
}

/* A NUL ends a cell where there is no delimiter. */
int cam_reader_is_damaged(const cam_record_reader *r) {
    if (!r->window.decoder.damaged)
        return 0;
    for (size_t i = 0; i < r->cells.count; i++)
        if (memchr(r->cells.list[i].text, '\0', r->cells.list[i].length))
            return 1;
    return r->dialect.delimiter == '\0' && r->cells.count > 1;
}

cam_status cam_reader_make(const cam_read_options *options, cam_reader_open open_it, cam_record_reader **reader) {
    cam_status st = CAM_OK;
    cam_record_reader *r = calloc(1, sizeof *r);
    *reader = NULL;
    if (!r)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", options->path);
    r->options = options;
    r->line = 1;
    r->line_end = "\n";
    r->window.decoder.fd = -1;
    CAM_TRY(open_it(r));
    *reader = r;
    r = NULL;
out:
    cam_record_reader_close(r);
    return st;
}

cam_status cam_record_reader_open(const cam_read_options *options, cam_record_reader **reader) {
    return cam_reader_make(options, cam_reader_open_file, reader);
}

/* A row of the caller that keeps every record in its place. */
static void keep_bad(cam_record *record) {
    record->text = "";
    record->text_length = 0;
    record->label = NULL;
    record->label_length = 0;
    record->bad = 1;
}

cam_status cam_record_reader_next(cam_record_reader *reader, cam_record *record, int *got) {
    cam_status st = CAM_OK;
    int64_t max_rows = reader->options->max_rows;
    int good = 0;
    *got = 0;
    while (!good) {
        int more = max_rows <= 0 || reader->counts.rows < max_rows;
        if (more) {
            st = cam_reader_next_cells(reader, &more);
            if (st == CAM_E_DATA)
                return cam_reader_bad_rows(reader, cam_status_message());
            if (st != CAM_OK)
                return st;
        }
        if (!more)
            return cam_reader_bad_rows(reader, NULL);
        CAM_TRY(cam_reader_take_row(reader, record, &good));
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
    return reader->dialect.delimiter;
}

cam_file_form cam_record_reader_form(const cam_record_reader *reader) {
    return (cam_file_form){.delimiter = reader->dialect.delimiter,
                           .columns = reader->columns.count,
                           .encoding = reader->window.decoder.encoding,
                           .has_mark = reader->window.decoder.has_mark,
                           .big_endian = reader->window.decoder.big_endian,
                           .line_end = reader->line_end,
                           .has_separator = reader->has_separator,
                           .is_stream = !reader->window.decoder.regular};
}

const char *const *cam_record_reader_header(const cam_record_reader *reader, size_t *count) {
    *count = reader->header_count;
    return (const char *const *)reader->header;
}

int cam_record_reader_has_label(const cam_record_reader *reader) {
    return reader->format == CAM_FORMAT_JSONL ||
           (cam_reader_is_table(reader) && reader->columns.label != CAM_NO_COLUMN);
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
    cam_row_problems_release(&reader->bad);
    free(reader);
}
