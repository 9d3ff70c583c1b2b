/* decisions.c: see decisions.h. */
#include "decisions.h"
#include "clean.h"
#include "nearest.h"
#include "problems.h"
#include "text_fold.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct decision_reader {
    const char *path;
    cam_read_options options; /* outlive the records */
    cam_record_reader *records;
    const cam_corpus *corpus; /* NULL: decisions are only counted */
    int column[CAM_SUSPECT_COLUMN_COUNT];
    cam_strbuf cell[CAM_SUSPECT_COLUMN_COUNT]; /* of the row at hand */
    cam_problems problems;
    cam_decisions *decisions;
    int64_t capacity;
    unsigned char *seen; /* [rows of the corpus] */
} decision_reader;

static const char *const names[CAM_SUSPECT_COLUMN_COUNT] = {
#define CAM_COLUMN_NAME(name) #name,
    CAM_SUSPECT_COLUMNS(CAM_COLUMN_NAME)
#undef CAM_COLUMN_NAME
};

void cam_decisions_release(cam_decisions *decisions) {
    free(decisions->list);
    *decisions = (cam_decisions){0};
}

/* --- cells ----------------------------------------------------------------------------------------------------- */

static cam_status open_reader(decision_reader *r) {
    cam_status st = CAM_OK;
    size_t count = 0;
    r->options = (cam_read_options){.path = r->path,
                                    .format = CAM_FORMAT_CSV,
                                    .text_column = names[CAM_SUSPECT_text],
                                    .label_column = names[CAM_SUSPECT_given],
                                    .encoding_hint = CAM_ENCODING_WINDOWS_1252};
    CAM_TRY(cam_record_reader_open(&r->options, &r->records));
    const char *const *header = cam_record_reader_header(r->records, &count);
    for (int c = 0; c < CAM_SUSPECT_COLUMN_COUNT; c++) {
        r->column[c] = -1;
        for (size_t i = 0; header && i < count; i++)
            if (cam_name_equal(header[i], strlen(header[i]), names[c], strlen(names[c])))
                r->column[c] = (int)i;
        if (r->column[c] < 0 && (c <= CAM_SUSPECT_suggested || c == CAM_SUSPECT_decision))
            CAM_FAIL(CAM_E_DATA, "%s:1: the column \"%s\" is not there, which clean has written", r->path, names[c]);
    }
out:
    return st;
}

static void close_reader(decision_reader *r) {
    for (int c = 0; c < CAM_SUSPECT_COLUMN_COUNT; c++)
        cam_strbuf_release(&r->cell[c]);
    cam_record_reader_close(r->records);
    cam_problems_release(&r->problems);
    free(r->seen);
}

static void take_cells(decision_reader *r, const cam_record *record) {
    for (int c = 0; c < CAM_SUSPECT_COLUMN_COUNT; c++) {
        cam_strbuf_clear(&r->cell[c]);
        if (r->column[c] < 0 || (size_t)r->column[c] >= record->cell_count)
            continue;
        const char *text = record->cells[r->column[c]].text;
        size_t length = record->cells[r->column[c]].length;
        if (c != CAM_SUSPECT_text)
            cam_text_trim(&text, &length);
        cam_strbuf_append(&r->cell[c], text, length);
    }
}

static const char *cell(const decision_reader *r, int column) {
    return cam_strbuf_text(&r->cell[column]);
}

/* --- rows ------------------------------------------------------------------------------------------------------ */

/* Spreadsheets write line ends as they like. */
static int is_same_text(const char *a, const char *b) {
    for (;; a++, b++) {
        a += a[0] == '\r' && a[1] == '\n';
        b += b[0] == '\r' && b[1] == '\n';
        if (*a != *b)
            return 0;
        if (*a == '\0')
            return 1;
    }
}

/* The data row id; -1 where the data has no such row, which is then a problem. */
static int64_t find_row(decision_reader *r, long line) {
    const cam_dataset *file = &r->corpus->files[CAM_PART_TRAIN];
    char *end;
    errno = 0;
    long number = strtol(cell(r, CAM_SUSPECT_line), &end, 10);
    if (strcmp(cell(r, CAM_SUSPECT_file), file->path) != 0 || errno != 0 || *end != '\0' || number < 1) {
        cam_problems_add(&r->problems, r->path, line, "no row of \"%s\": file \"%s\", line \"%s\"", file->path,
                         cell(r, CAM_SUSPECT_file), cell(r, CAM_SUSPECT_line));
        return -1;
    }
    size_t first = 0, past = file->count;
    while (first < past) {
        size_t middle = first + (past - first) / 2;
        if (file->rows[middle].line < number)
            first = middle + 1;
        else
            past = middle;
    }
    if (first == file->count || file->rows[first].line != number) {
        cam_problems_add(&r->problems, r->path, line, "no row of \"%s\" begins in line %ld", file->path, number);
        return -1;
    }
    for (size_t i = first; i < file->count && file->rows[i].line == number; i++) /* several objects of JSON on a line */
        if (is_same_text(file->rows[i].text, cell(r, CAM_SUSPECT_text)))
            return (int64_t)i;
    cam_problems_add(&r->problems, r->path, line, "the row of line %ld in \"%s\" has another text", number, file->path);
    return -1;
}

/* The label that a row gets; CAM_DECISION_DROPS; -2 where it has none, which is then a problem. */
static int32_t find_label(decision_reader *r, int64_t row, long line) {
    const cam_labels *labels = &r->corpus->labels;
    const char *decision = cell(r, CAM_SUSPECT_decision);
    if (!*decision || strcasecmp(decision, "keep") == 0)
        return r->corpus->label[row];
    if (strcasecmp(decision, "drop") == 0)
        return CAM_DECISION_DROPS;
    const char *name = strcasecmp(decision, "suggested") == 0 ? cell(r, CAM_SUSPECT_suggested) : decision;
    int32_t label = cam_labels_find(labels, name, strlen(name));
    if (label >= 0)
        return label;
    const char *nearest = cam_nearest_word(name, (const char *const *)labels->names, labels->count);
    cam_problems_add(&r->problems, r->path, line,
                     "\"%s\" is no decision (keep, suggested, drop) and no label of the data%s%s%s", name,
                     nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    return -2;
}

static cam_status add(decision_reader *r, cam_decision decision) {
    cam_decisions *d = r->decisions;
    if (d->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 64;
        cam_decision *list = realloc(d->list, (size_t)r->capacity * sizeof *list);
        if (!list)
            return cam_fail(CAM_E_MEMORY, "no memory for %lld decisions", (long long)r->capacity);
        d->list = list;
    }
    d->list[d->count++] = decision;
    return CAM_OK;
}

static cam_status read_row(decision_reader *r, const cam_record *record) {
    take_cells(r, record);
    r->decisions->decided += r->cell[CAM_SUSPECT_decision].length > 0;
    if (!r->corpus)
        return CAM_OK;
    int64_t row = find_row(r, record->line);
    int32_t label = row >= 0 ? find_label(r, row, record->line) : -2;
    if (label < CAM_DECISION_DROPS)
        return CAM_OK;
    if (r->seen[row]++) {
        cam_problems_add(&r->problems, r->path, record->line, "the row is here twice");
        r->seen[row] = 1;
        return CAM_OK;
    }
    return label != r->corpus->label[row] ? add(r, (cam_decision){row, label}) : CAM_OK;
}

static int by_row(const void *a, const void *b) {
    const cam_decision *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

static cam_status read_file(decision_reader *r) {
    cam_status st = CAM_OK;
    cam_record record;
    int got = 1;
    if (r->corpus)
        r->seen = calloc((size_t)r->corpus->rows + 1, 1);
    if (r->corpus && !r->seen)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld rows", (long long)r->corpus->rows);
    CAM_TRY(open_reader(r));
    for (;;) {
        CAM_TRY(cam_record_reader_next(r->records, &record, &got));
        if (!got)
            break;
        CAM_TRY(read_row(r, &record));
    }
    CAM_TRY(cam_problems_status(&r->problems, CAM_E_DATA));
    if (r->decisions->count > 0)
        qsort(r->decisions->list, (size_t)r->decisions->count, sizeof *r->decisions->list, by_row);
out:
    close_reader(r);
    return st;
}

cam_status cam_decisions_read(cam_decisions *decisions, const char *path, const cam_corpus *corpus) {
    decision_reader r = {.path = path, .corpus = corpus, .problems = CAM_PROBLEMS_INIT, .decisions = decisions};
    *decisions = (cam_decisions){0};
    return read_file(&r);
}

cam_status cam_decisions_count(const char *path, int64_t *decided) {
    cam_decisions decisions = {0};
    decision_reader r = {.path = path, .problems = CAM_PROBLEMS_INIT, .decisions = &decisions};
    cam_status st = read_file(&r);
    *decided = decisions.decided;
    return st;
}
