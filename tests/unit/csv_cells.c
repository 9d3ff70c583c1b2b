/* csv_cells.c: compares the cells of records with those of a splitter that reads the rest of the record again for each
 * cell, as the rules of quoting are written; on random records of the characters that matter. */
#include "csv_cells.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_BYTES = 24, MOST_CELLS = MOST_BYTES + 1 };

typedef struct expected_cells {
    size_t begin[MOST_CELLS], end[MOST_CELLS]; /* with the quotes */
    int quoted[MOST_CELLS];
    size_t count, used;
    cam_cells_result result;
} expected_cells;

static int is_line_end(char c) {
    return c == '\n' || c == '\r';
}

/* The quote that closes the one at `at`; `limit` where none does before it. */
static size_t closing(const char *text, size_t at, size_t limit, int backslash) {
    for (size_t i = at + 1; i < limit; i++) {
        size_t slashes = 0;
        if (text[i] != '"')
            continue;
        while (i - slashes > at + 1 && text[i - slashes - 1] == '\\')
            slashes++;
        if (backslash && slashes % 2 == 1)
            continue;
        if (i + 1 < limit && text[i + 1] == '"')
            i++;
        else
            return i;
    }
    return limit;
}

static size_t plain(const char *text, size_t at, size_t length, const cam_dialect *dialect) {
    while (at < length && text[at] != dialect->delimiter && !is_line_end(text[at]))
        at++;
    return at;
}

/* The end of the cell at `at`; SIZE_MAX where its quote stays open. */
static size_t cell(const char *text, size_t at, size_t length, const cam_dialect *dialect, int *quoted) {
    *quoted = 0;
    if (dialect->quoting == CAM_QUOTING_NONE || at == length || text[at] != '"')
        return plain(text, at, length, dialect);
    size_t limit = length;
    if (dialect->quoting == CAM_QUOTING_TSV)
        for (limit = at; limit < length && !is_line_end(text[limit]);)
            limit++;
    size_t close = closing(text, at, limit, dialect->backslash);
    if (dialect->quoting == CAM_QUOTING_TSV) {
        *quoted = close < limit && (close + 1 == limit || text[close + 1] == dialect->delimiter);
        return *quoted ? close + 1 : plain(text, at, length, dialect);
    }
    *quoted = 1;
    return close == length ? SIZE_MAX : plain(text, close + 1, length, dialect);
}

/* The record at the beginning of a whole file. */
static void split(const char *text, size_t length, const cam_dialect *dialect, expected_cells *e) {
    *e = (expected_cells){.result = CAM_CELLS_DONE};
    for (size_t at = 0;; at = e->end[e->count - 1] + 1) {
        size_t spaces = 0;
        while (dialect->skip_space && at + spaces < length && text[at + spaces] == ' ')
            spaces++;
        if (at + spaces < length && text[at + spaces] == '"')
            at += spaces;
        size_t end = cell(text, at, length, dialect, &e->quoted[e->count]);
        if (end == SIZE_MAX) {
            e->result = CAM_CELLS_OPEN;
            return;
        }
        e->begin[e->count] = at;
        e->end[e->count++] = end;
        if (end < length && text[end] == dialect->delimiter)
            continue;
        e->used = end + (end < length) + (end + 1 < length && text[end] == '\r' && text[end + 1] == '\n');
        return;
    }
}

static void compare(const char *text, size_t length, const cam_dialect *dialect, cam_cells *cells) {
    char copy[MOST_BYTES + 1];
    expected_cells e;
    cam_cells_result result;
    memcpy(copy, text, length);
    split(text, length, dialect, &e);
    assert_int_equal(cam_cells_split(cells, copy, length, 1, dialect, &result), CAM_OK);
    assert_int_equal(result, e.result);
    if (result != CAM_CELLS_DONE)
        return;
    assert_int_equal(cells->count, e.count);
    assert_int_equal(cells->used, e.used);
    for (size_t i = 0; i < e.count; i++) {
        const cam_cell *c = &cells->list[i];
        assert_int_equal(c->quoted, e.quoted[i]);
        if (!c->quoted) {
            assert_int_equal(c->length, e.end[i] - e.begin[i]);
            assert_memory_equal(c->text, text + e.begin[i], c->length);
        } else {
            assert_ptr_equal(c->text, copy + e.begin[i] + 1); /* without its first quote */
        }
    }
}

static void test_random_records(void **state) {
    static const char alphabet[] = "\"\"\"\t\tab\n\r\\ ,";
    static const cam_dialect dialects[] = {{'\t', CAM_QUOTING_TSV, 0, 0}, {'\t', CAM_QUOTING_TSV, 1, 0},
                                           {',', CAM_QUOTING_CSV, 0, 0},  {'\t', CAM_QUOTING_CSV, 0, 1},
                                           {',', CAM_QUOTING_CSV, 1, 1},  {'\t', CAM_QUOTING_NONE, 0, 0}};
    uint32_t random = 1;
    cam_cells cells = {0};
    size_t quoted = 0;
    (void)state;
    for (int i = 0; i < 300000; i++) {
        char text[MOST_BYTES];
        size_t length = 1 + (size_t)i % MOST_BYTES;
        for (size_t k = 0; k < length; k++) {
            random = random * 1664525u + 1013904223u;
            text[k] = alphabet[(random >> 8) % (sizeof alphabet - 1)];
        }
        compare(text, length, &dialects[(size_t)i % (sizeof dialects / sizeof dialects[0])], &cells);
        for (size_t k = 0; k < cells.count; k++)
            quoted += cells.list[k].quoted != 0;
    }
    assert_true(quoted > 50000);
    cam_cells_release(&cells);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_records)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
