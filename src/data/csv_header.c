/* csv_header.c: see csv_header_internal.h. */
#include "csv_header_internal.h"
#include "strbuf.h"
#include "text_fold_internal.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { NAMES_SHOWN = 12, CHARACTERS_SHOWN = 40 };

static const char candidates[] = ";,\t";

static const char *delimiter_word(char delimiter) {
    return delimiter == '\t' ? "tab" : delimiter == ';' ? ";" : ",";
}

/* Finds which candidates (one bit each) occur outside quotes in the first record that is not an empty line; 0 where the
 * record may go on after this text. */
static int scan_first_record(const char *text, size_t length, int at_end, unsigned *found) {
    int cell_start = 1, seen = 0;
    *found = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '"' && cell_start) {
            do {
                const char *quote = memchr(text + i + 1, '"', length - i - 1);
                if (!quote)
                    return at_end;
                i = (size_t)(quote - text) + 1;
            } while (i < length && text[i] == '"');
            i--;
            cell_start = 0;
            seen = 1;
            continue;
        }
        if (c == '\n' || c == '\r') {
            if (seen)
                return 1;
            continue;
        }
        const char *candidate = strchr(candidates, c);
        if (candidate)
            *found |= 1U << (candidate - candidates);
        cell_start = candidate != NULL;
        seen = 1;
    }
    return at_end;
}

/* A first line "sep=;" as Excel reads it, with or without quotes; its length with the line end, or 0. */
static size_t separator_line(const char *text, size_t length, char *delimiter) {
    size_t quote = length > 0 && text[0] == '"';
    if (length < 5 + 2 * quote || strncasecmp(text + quote, "sep=", 4) != 0)
        return 0;
    size_t end = quote + 5;
    if (quote && text[end++] != '"')
        return 0;
    if (end < length && text[end] != '\n' && text[end] != '\r')
        return 0;
    *delimiter = text[quote + 4];
    if (end + 1 < length && text[end] == '\r' && text[end + 1] == '\n')
        return end + 2;
    return end < length ? end + 1 : end;
}

cam_status cam_header_delimiter(cam_text_window *window, char requested, char *delimiter, long *line) {
    cam_status st = CAM_OK;
    enum { LONGEST_SEPARATOR_LINE = 9 };
    unsigned found = 0;
    char separator = '\0';
    const char *file = window->decoder.name;
    while (window->end - window->begin < LONGEST_SEPARATOR_LINE && !window->at_end)
        CAM_TRY(cam_text_window_more(window));
    size_t used = separator_line(window->bytes + window->begin, window->end - window->begin, &separator);
    window->begin += used;
    *line = used ? 2 : 1;
    *delimiter = requested ? requested : separator;
    if (*delimiter)
        goto out;
    while (!scan_first_record(window->bytes + window->begin, window->end - window->begin, window->at_end, &found)) {
        if (window->end - window->begin > CAM_RECORD_MAX_BYTES)
            CAM_FAIL(CAM_E_DATA, "%s:%ld: the first record does not end within %d MiB", file, *line,
                     CAM_RECORD_MAX_BYTES >> 20);
        CAM_TRY(cam_text_window_more(window));
    }
    *delimiter = ',';
    for (unsigned i = 0; candidates[i]; i++) {
        unsigned others = found & ~(1U << i);
        if (found & 1U << i && others)
            CAM_FAIL(
                CAM_E_DATA,
                "%s:%ld: both \"%s\" and \"%s\" occur in the first record; set delimiter=\"%s\" or delimiter=\"%s\"",
                file, *line, delimiter_word(candidates[i]), delimiter_word(candidates[others & 2 ? 1 : 2]),
                delimiter_word(candidates[i]), delimiter_word(candidates[others & 2 ? 1 : 2]));
        if (found == 1U << i)
            *delimiter = candidates[i];
    }
out:
    return st;
}

static void put_names(const cam_cells *header, cam_strbuf *out) {
    for (size_t i = 0; i < header->count; i++) {
        if (i == NAMES_SHOWN) {
            cam_strbuf_printf(out, " and %zu more", header->count - i);
            return;
        }
        const char *name = header->list[i].text;
        size_t length = header->list[i].length;
        cam_text_trim(&name, &length);
        cam_strbuf_printf(out, "%s\"%.*s\"", i ? ", " : "", (int)cam_text_shown(name, length, CHARACTERS_SHOWN), name);
    }
}

/* A hint where the header is one cell that holds a delimiter: the file has another delimiter. */
static const char *delimiter_hint(const cam_cells *header) {
    if (header->count != 1)
        return "";
    const cam_cell *cell = &header->list[0];
    return memchr(cell->text, ';', cell->length)    ? " or delimiter=\";\""
           : memchr(cell->text, '\t', cell->length) ? " or delimiter=\"tab\""
           : memchr(cell->text, ',', cell->length)  ? " or delimiter=\",\""
                                                    : "";
}

/* The index of the column `name`, CAM_NO_COLUMN, or CAM_NO_COLUMN - 1 where two columns have this name. */
static int find(const cam_cells *header, const char *name) {
    int at = CAM_NO_COLUMN;
    for (size_t i = 0; i < header->count; i++)
        if (cam_name_equal(header->list[i].text, header->list[i].length, name, strlen(name))) {
            if (at != CAM_NO_COLUMN)
                return CAM_NO_COLUMN - 1;
            at = (int)i;
        }
    return at;
}

int cam_header_has_text(const cam_read_options *options, const cam_cells *record) {
    return find(record, cam_text_column(options)) != CAM_NO_COLUMN;
}

cam_status cam_header_match(const cam_read_options *options, const char *file, long line, const cam_cells *header,
                            cam_columns *columns) {
    const char *text = cam_text_column(options), *label = cam_label_column(options);
    *columns = (cam_columns){header->count, find(header, text), find(header, label)};
    if (columns->text < CAM_NO_COLUMN || columns->label < CAM_NO_COLUMN)
        return cam_fail(CAM_E_DATA, "%s:%ld: two columns are named \"%s\"; rename one", file, line,
                        columns->text < CAM_NO_COLUMN ? text : label);
    int no_text = columns->text == CAM_NO_COLUMN;
    int no_label = columns->label == CAM_NO_COLUMN && options->label_required;
    if (!no_text && !no_label)
        return CAM_OK;
    cam_strbuf names = CAM_STRBUF_INIT;
    put_names(header, &names);
    cam_fail(CAM_E_DATA, "%s:%ld: no column \"%s\"; the file has %s; set%s%s%s", file, line, no_text ? text : label,
             cam_strbuf_text(&names), no_text ? " text_column=…" : "", no_label ? " label_column=…" : "",
             delimiter_hint(header));
    cam_strbuf_release(&names);
    return CAM_E_DATA;
}

cam_status cam_header_given(const cam_read_options *options, const char *file, long line, const cam_cells *first,
                            cam_columns *columns) {
    const char *wanted[] = {cam_text_column(options), cam_label_column(options)};
    int at[] = {CAM_NO_COLUMN, CAM_NO_COLUMN};
    size_t repeated = 0;
    for (size_t i = 0; i < options->column_count; i++) {
        const char *name = options->columns[i];
        for (int k = 0; k < 2; k++)
            if (cam_name_equal(name, strlen(name), wanted[k], strlen(wanted[k]))) {
                if (at[k] != CAM_NO_COLUMN)
                    return cam_fail(CAM_E_USAGE, "\"columns\" names \"%s\" twice", wanted[k]);
                at[k] = (int)i;
            }
        repeated += i < first->count && cam_name_equal(first->list[i].text, first->list[i].length, name, strlen(name));
    }
    for (int k = 0; k < 2; k++)
        if (at[k] == CAM_NO_COLUMN && (k == 0 || options->label_required))
            return cam_fail(CAM_E_USAGE, "\"columns\" does not name \"%s\"; add it, or set %s=…", wanted[k],
                            k == 0 ? "text_column" : "label_column");
    if (repeated == options->column_count && first->count == repeated)
        return cam_fail(CAM_E_DATA, "%s:%ld: the file has a header row; leave \"columns\" out", file, line);
    *columns = (cam_columns){options->column_count, at[0], at[1]};
    return CAM_OK;
}
