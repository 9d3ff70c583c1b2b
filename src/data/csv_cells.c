/* csv_cells.c: see csv_cells.h. Two passes over a record: the first finds its cells and changes nothing, so
 * that an incomplete record can be split again with more text; the second removes quotes. */
#include "csv_cells.h"
#include "text_fold.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The end of an unquoted cell: the index of its delimiter, of its line end, or `length`. */
static size_t plain_end(const char *text, size_t at, size_t length, char delimiter) {
    while (at < length && text[at] != delimiter && text[at] != '\n' && text[at] != '\r')
        at++;
    return at;
}

/* True where an odd number of backslashes stands before text[at]; the cell begins at `begin`. */
static int is_escaped(const char *text, size_t begin, size_t at) {
    size_t first = at;
    while (first > begin && text[first - 1] == '\\')
        first--;
    return (at - first) % 2 == 1;
}

/* The index of the quote that closes the one at `at`, or `length`; doubled quotes do not close. A quote as the last
 * byte counts as closing; the caller knows whether text can follow. */
static size_t closing_quote(const char *text, size_t at, size_t length, int backslash) {
    size_t i = at + 1;
    for (;;) {
        const char *quote = i < length ? memchr(text + i, '"', length - i) : NULL;
        if (!quote)
            return length;
        i = (size_t)(quote - text);
        if (backslash && is_escaped(text, at + 1, i)) {
            i++;
            continue;
        }
        if (i + 1 >= length || text[i + 1] != '"')
            return i;
        i += 2;
    }
}

long cam_cells_count_lines(const char *text, size_t length) {
    long lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n' || (text[i] == '\r' && (i + 1 == length || text[i + 1] != '\n'));
    return lines;
}

static int only_spaces(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ')
            return 0;
    return 1;
}

cam_status cam_cells_add(cam_cells *cells, char *text, size_t length, int quoted) {
    if (cells->count == cells->capacity) {
        size_t capacity = cells->capacity ? 2 * cells->capacity : 16;
        cam_cell *list = realloc(cells->list, capacity * sizeof *list);
        if (!list)
            return cam_fail(CAM_E_MEMORY, "no memory for a record of %zu cells", cells->count);
        cells->list = list;
        cells->capacity = capacity;
    }
    cells->list[cells->count++] = (cam_cell){text, length, quoted};
    return CAM_OK;
}

typedef struct splitter {
    cam_cells *cells;
    char *text;
    size_t length;
    int at_end;
    const cam_dialect *dialect;
    size_t line_end; /* TSV: the end of the line, which is that of the record; SIZE_MAX = not known yet */
} splitter;

static size_t skip_spaces(const splitter *c, size_t at) {
    size_t quote = at;
    while (quote < c->length && c->text[quote] == ' ')
        quote++;
    return quote < c->length && c->text[quote] == '"' ? quote : at;
}

/* The end of the cell at *begin, which moves to its opening quote, and whether the cell is quoted. *open: its quote is
 * not closed in this text. */
static size_t cell_end(splitter *c, size_t *begin, int *quoted, int *open) {
    const cam_dialect *dialect = c->dialect;
    *quoted = *open = 0;
    if (dialect->skip_space)
        *begin = skip_spaces(c, *begin);
    size_t at = *begin;
    if (dialect->quoting == CAM_QUOTING_NONE || at >= c->length || c->text[at] != '"')
        return plain_end(c->text, at, c->length, dialect->delimiter);
    if (dialect->quoting == CAM_QUOTING_TSV && c->line_end == SIZE_MAX)
        c->line_end = plain_end(c->text, at, c->length, '\n');
    size_t limit = dialect->quoting == CAM_QUOTING_TSV ? c->line_end : c->length;
    size_t close = closing_quote(c->text, at, limit, dialect->backslash);
    if (dialect->quoting == CAM_QUOTING_TSV) {
        *quoted = close < limit && (close + 1 == limit || c->text[close + 1] == dialect->delimiter);
        return *quoted ? close + 1 : plain_end(c->text, at, c->length, dialect->delimiter);
    }
    *quoted = 1;
    *open = close == c->length;
    if (*open)
        return c->length;
    c->cells->lines += cam_cells_count_lines(c->text + at, close - at);
    size_t end = plain_end(c->text, close + 1, c->length, dialect->delimiter);
    c->cells->stray |= !only_spaces(c->text + close + 1, end - close - 1);
    return end;
}

/* The length of the line end at `at`, 1 or 2; 0 where it depends on text that has not been read. */
static size_t line_end_bytes(const splitter *c, size_t at) {
    if (c->text[at] == '\n')
        return 1;
    if (at + 1 == c->length)
        return c->at_end ? 1 : 0;
    return c->text[at + 1] == '\n' ? 2 : 1;
}

static cam_status find_cells(splitter *c, cam_cells_result *result) {
    cam_status st = CAM_OK;
    size_t at = 0;
    *result = CAM_CELLS_MORE;
    for (;;) {
        int quoted, open;
        size_t end = cell_end(c, &at, &quoted, &open);
        if (open || (end == c->length && !c->at_end)) {
            if (open && c->at_end)
                *result = CAM_CELLS_OPEN;
            goto out;
        }
        CAM_TRY(cam_cells_add(c->cells, c->text + at, end - at, quoted));
        if (end == c->length) {
            c->cells->used = end;
            break;
        }
        if (c->text[end] != c->dialect->delimiter) {
            size_t bytes = line_end_bytes(c, end);
            if (bytes == 0)
                goto out;
            c->cells->used = end + bytes;
            c->cells->lines++;
            break;
        }
        at = end + 1;
    }
    *result = CAM_CELLS_DONE;
out:
    return st;
}

/* Removes the outer quotes and makes doubled quotes one; text after the closing quote stays. */
static void unquote(cam_cell *cell) {
    char *text = cell->text + 1;
    size_t length = cell->length - 1, to = 0, from = 0;
    int closed = 0;
    while (from < length) {
        const char *quote = closed ? NULL : memchr(text + from, '"', length - from);
        size_t run = quote ? (size_t)(quote - text) - from : length - from;
        if (run > 0 && to != from)
            memmove(text + to, text + from, run);
        to += run;
        from += run;
        if (!quote)
            break;
        if (from + 1 < length && text[from + 1] == '"') {
            text[to++] = '"';
            from += 2;
        } else {
            closed = 1;
            from++;
        }
    }
    cell->text = text;
    cell->length = to;
}

/* The same where a backslash escapes a quote or a backslash. */
static void unquote_backslashes(cam_cell *cell) {
    char *text = cell->text + 1;
    size_t length = cell->length - 1, to = 0;
    int closed = 0;
    for (size_t from = 0; from < length; from++) {
        int pair = from + 1 < length && !closed;
        if (pair && text[from] == '\\' && (text[from + 1] == '"' || text[from + 1] == '\\')) {
            from++;
        } else if (text[from] == '"' && !closed) {
            if (!pair || text[from + 1] != '"') {
                closed = 1;
                continue;
            }
            from++;
        }
        text[to++] = text[from];
    }
    cell->text = text;
    cell->length = to;
}

cam_status cam_cells_split(cam_cells *cells, char *text, size_t length, int at_end, const cam_dialect *dialect,
                           cam_cells_result *result) {
    cam_status st = CAM_OK;
    splitter c = {cells, text, length, at_end, dialect, SIZE_MAX};
    cells->count = cells->used = 0;
    cells->lines = cells->before = 0;
    cells->stray = 0;
    CAM_TRY(find_cells(&c, result));
    if (*result != CAM_CELLS_DONE)
        goto out;
    for (size_t i = 0; i < cells->count; i++)
        if (cells->list[i].quoted && dialect->backslash)
            unquote_backslashes(&cells->list[i]);
        else if (cells->list[i].quoted)
            unquote(&cells->list[i]);
out:
    return st;
}

int cam_cells_blank(const cam_cell *cells, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *text = cells[i].text;
        size_t length = cells[i].length;
        if (length > 0 && (signed char)text[0] > ' ')
            return 0; /* an ASCII character */
        cam_text_trim(&text, &length);
        if (length > 0)
            return 0;
    }
    return 1;
}

int cam_cells_are_rule(const cam_cells *cells) {
    enum { LEAST = 2 };
    size_t drawn = 0;
    for (size_t i = 0; i < cells->count; i++) {
        const cam_cell *cell = &cells->list[i];
        size_t strokes = 0;
        for (size_t k = 0; k < cell->length; k++) {
            char c = cell->text[k];
            if (c != '-' && c != '=' && c != '+' && c != ' ')
                return 0;
            strokes += c != ' ';
        }
        if (cell->length > 0 && strokes < LEAST)
            return 0;
        drawn += strokes;
    }
    return drawn > 0;
}

void cam_cells_release(cam_cells *cells) {
    free(cells->list);
    *cells = (cam_cells){0};
}
