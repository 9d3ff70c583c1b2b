/* detect.c: see detect.h. The file is read once for its encoding, again for its delimiter where the first record does
 * not decide it, and again for its columns. */
#include "detect.h"
#include "csv_cells_internal.h"
#include "csv_layout_internal.h"
#include "jsonl_internal.h"
#include "name_set.h"
#include "text_fold_internal.h"
#include "text_window_internal.h"
#include <stdlib.h>
#include <string.h>

enum { DELIMITER_RECORDS = 200, LABEL_BYTES = 80 };

/* Statistics of one column; the cell of the first record is kept apart. */
typedef struct column {
    cam_strbuf first;   /* the first record's cell, trimmed; JSONL: the member's name */
    cam_name_set cells; /* distinct non-empty cells, trimmed */
    int32_t *uses;      /* of each */
    size_t use_capacity, bytes;
    int64_t filled, with_letters;
} column;

typedef struct survey {
    column *list;
    size_t count;
    int64_t records;
} survey;

static void survey_release(survey *s) {
    for (size_t i = 0; i < s->count; i++) {
        cam_strbuf_release(&s->list[i].first);
        cam_name_set_release(&s->list[i].cells);
        free(s->list[i].uses);
    }
    free(s->list);
    *s = (survey){0};
}

static cam_status add_column(survey *s, const char *first, size_t length) {
    column *list = realloc(s->list, (s->count + 1) * sizeof *list);
    if (!list)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu columns", s->count + 1);
    s->list = list;
    list[s->count] = (column){0};
    cam_text_trim(&first, &length);
    cam_strbuf_append(&list[s->count++].first, first, length);
    return CAM_OK;
}

/* True where the text has a letter: an ASCII letter or any byte of 0x80 or above. */
static int has_letter(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] | 0x20) >= 'a' && ((unsigned char)text[i] | 0x20) != 0x7F &&
            ((unsigned char)text[i] >= 0x80 || ((unsigned char)text[i] | 0x20) <= 'z'))
            return 1;
    return 0;
}

static cam_status add_cell(column *c, const char *text, size_t length) {
    cam_status st = CAM_OK;
    int32_t number;
    int added;
    cam_text_trim(&text, &length);
    if (length == 0)
        goto out;
    CAM_TRY(cam_name_set_add(&c->cells, text, length, &number, &added));
    if (c->cells.count > c->use_capacity) {
        int32_t *uses = realloc(c->uses, c->cells.capacity * sizeof *uses);
        if (!uses)
            CAM_FAIL(CAM_E_MEMORY, "no memory for %zu cells", c->cells.count);
        c->uses = uses;
        c->use_capacity = c->cells.capacity;
    }
    c->uses[number] = added ? 1 : c->uses[number] + 1;
    c->filled++;
    c->bytes += length;
    c->with_letters += has_letter(text, length);
out:
    return st;
}

/* Calls `visit` for the first `limit` records that are not blank. */
typedef cam_status (*visit_cells)(void *context, const cam_cells *cells);
static cam_status each_record(const char *path, const cam_detected *found, int64_t limit, visit_cells visit,
                              void *context) {
    cam_status st = CAM_OK;
    cam_text_window w;
    cam_cells cells = {0};
    cam_quoting quoting = found->format == CAM_FORMAT_CSV   ? CAM_QUOTING_CSV
                          : found->format == CAM_FORMAT_TSV ? CAM_QUOTING_TSV
                                                            : CAM_QUOTING_NONE;
    cam_dialect dialect = {.delimiter = found->delimiter, .quoting = quoting};
    cam_read_options options = {.path = path, .delimiter = found->delimiter};
    cam_csv_layout layout = {0};
    cam_cells_result result;
    CAM_TRY(cam_text_window_open(&w, path, found->encoding, CAM_SYNTAX_OPTIONS));
    if (found->format == CAM_FORMAT_CSV)
        CAM_TRY(cam_csv_layout_find(&w, &options, found->format, &layout));
    w.begin += layout.separator_bytes;
    while (limit > 0 && !(w.at_end && w.begin == w.end)) {
        if (w.begin < w.end) {
            CAM_TRY(cam_cells_split(&cells, w.bytes + w.begin, w.end - w.begin, w.at_end, &dialect, &result));
            if (result == CAM_CELLS_OPEN)
                break;
            if (result == CAM_CELLS_DONE) {
                w.begin += cells.used;
                if (cells.count == 1 && cells.list[0].length == 0)
                    continue;
                CAM_TRY(visit(context, &cells));
                limit--;
                continue;
            }
            if (w.end - w.begin > CAM_RECORD_MAX_BYTES)
                break;
        }
        CAM_TRY(cam_text_window_more(&w));
    }
out:
    cam_cells_release(&cells);
    cam_text_window_close(&w);
    return st;
}

/* --- encoding, format, delimiter ------------------------------------------------------------------------------- */

/* Decodes the whole file. *opened is 1 where it could be opened, even if reading failed. */
static cam_status drain(const char *path, cam_encoding requested, cam_encoding *chosen, int *opened) {
    cam_status st = CAM_OK;
    enum { BYTES = 1 << 16 };
    cam_decoder d;
    size_t count;
    char *bytes = malloc(BYTES);
    *opened = 0;
    st = cam_decoder_open(&d, path, requested, CAM_SYNTAX_OPTIONS);
    if (st != CAM_OK)
        goto out;
    *opened = 1;
    *chosen = d.encoding;
    if (!bytes)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    do
        CAM_TRY(cam_decoder_read(&d, bytes, BYTES, &count));
    while (count > 0);
out:
    if (*opened)
        cam_decoder_close(&d);
    free(bytes);
    return st;
}

static cam_status detect_encoding(const char *path, cam_encoding *encoding) {
    int opened, ignored;
    cam_encoding chosen = CAM_ENCODING_AUTO;
    cam_status st = drain(path, CAM_ENCODING_AUTO, encoding, &opened);
    if (st != CAM_E_DATA || !opened || *encoding != CAM_ENCODING_UTF8)
        return st;
    char *message = strdup(cam_status_message());
    cam_status again = drain(path, CAM_ENCODING_WINDOWS_1252, &chosen, &ignored);
    if (again != CAM_E_DATA) {
        *encoding = chosen;
        st = again;
    } else {
        st = cam_fail(CAM_E_DATA, "%s", message ? message : "the encoding is not known");
    }
    free(message);
    return st;
}

/* How evenly a delimiter splits: the number of records with as many cells as the first. */
typedef struct evenness {
    size_t cells;
    int64_t even, records;
} evenness;

static cam_status count_even(void *context, const cam_cells *cells) {
    evenness *e = context;
    if (e->records++ == 0)
        e->cells = cells->count;
    e->even += cells->count == e->cells && e->cells > 1;
    return CAM_OK;
}

static cam_status detect_delimiter(const char *path, cam_detected *found) {
    cam_status st = CAM_OK;
    cam_text_window w;
    cam_read_options options = {.path = path};
    cam_csv_layout layout;
    evenness best = {0, -1, 0};
    found->delimiter = '\t';
    if (found->format == CAM_FORMAT_TSV)
        return CAM_OK;
    CAM_TRY(cam_text_window_open(&w, path, found->encoding, CAM_SYNTAX_OPTIONS));
    st = cam_csv_layout_find(&w, &options, found->format, &layout);
    found->delimiter = layout.dialect.delimiter;
    cam_text_window_close(&w);
    if (st != CAM_E_DATA)
        goto out;
    st = CAM_OK;
    char chosen = ',';
    for (const char *candidate = ";,\t"; *candidate; candidate++) {
        evenness e = {0};
        found->delimiter = *candidate;
        CAM_TRY(each_record(path, found, DELIMITER_RECORDS, count_even, &e));
        if (e.even > best.even || (e.even == best.even && e.cells > best.cells)) {
            best = e;
            chosen = *candidate;
        }
    }
    found->delimiter = chosen;
out:
    return st;
}

static cam_status first_byte(void *context, const cam_cells *cells) {
    const char *text = cells->list[0].text;
    size_t length = cells->list[0].length;
    cam_text_trim(&text, &length);
    *(char *)context = length ? text[0] : '\0';
    return CAM_OK;
}

static cam_status detect_format(const char *path, cam_detected *found) {
    char first = '\0';
    found->format = cam_format_of_path(path);
    if (found->format != CAM_FORMAT_AUTO)
        return CAM_OK;
    found->format = CAM_FORMAT_LINES;
    cam_status st = each_record(path, found, 1, first_byte, &first);
    found->format = first == '{' ? CAM_FORMAT_JSONL : CAM_FORMAT_CSV;
    return st;
}

/* --- columns --------------------------------------------------------------------------------------------------- */

static cam_status survey_cells(void *context, const cam_cells *cells) {
    cam_status st = CAM_OK;
    survey *s = context;
    if (s->count == 0) {
        for (size_t i = 0; i < cells->count; i++)
            CAM_TRY(add_column(s, cells->list[i].text, cells->list[i].length));
        goto out;
    }
    if (cells->count != s->count)
        goto out;
    s->records++;
    for (size_t i = 0; i < cells->count; i++)
        CAM_TRY(add_cell(&s->list[i], cells->list[i].text, cells->list[i].length));
out:
    return st;
}

static cam_status survey_member(void *context, const char *name, const char *value, size_t length) {
    cam_status st = CAM_OK;
    survey *s = context;
    size_t i = 0;
    while (i < s->count && strcmp(cam_strbuf_text(&s->list[i].first), name) != 0)
        i++;
    if (i == s->count)
        CAM_TRY(add_column(s, name, strlen(name)));
    CAM_TRY(add_cell(&s->list[i], value, length));
out:
    return st;
}

static cam_status survey_object(void *context, const cam_cells *cells) {
    survey *s = context;
    s->records++;
    cam_status st = cam_jsonl_each(cells->list[0].text, cells->list[0].length, survey_member, s);
    return st == CAM_E_DATA ? CAM_OK : st; /* the reader of the rows reports a bad line */
}

static double mean_bytes(const column *c) {
    return c->filled ? (double)c->bytes / (double)c->filled : 0;
}

/* True where cells are short and repeat: there are at least two different cells, and each occurs twice on average (the
 * first record, if it is not a header, may be one of them). */
static int repeats(const column *c) {
    return c->cells.count >= 2 && (int64_t)(2 * c->cells.count) <= c->filled + 1 && mean_bytes(c) <= LABEL_BYTES;
}

/* True where `a` is the better candidate for the label column: words before numbers, then fewer empty cells, then fewer
 * distinct cells; on a tie, the left one. */
static int better_label(const column *a, const column *b) {
    int letters_a = 2 * a->with_letters > a->filled, letters_b = 2 * b->with_letters > b->filled;
    if (letters_a != letters_b)
        return letters_a;
    if ((a->filled * 10 >= b->filled * 9) != (b->filled * 10 >= a->filled * 9))
        return a->filled > b->filled;
    return a->cells.count < b->cells.count;
}

static void choose_columns(const survey *s, cam_detected *found) {
    for (size_t i = 1; i < s->count; i++)
        if (mean_bytes(&s->list[i]) > mean_bytes(&s->list[found->text_column]))
            found->text_column = i;
    found->label_column = s->count;
    for (size_t i = 0; i < s->count; i++)
        if (i != found->text_column && repeats(&s->list[i]) &&
            (found->label_column == s->count || better_label(&s->list[i], &s->list[found->label_column])))
            found->label_column = i;
}

/* The first record is a row where its label occurs again. Otherwise it is a header where every label of the other
 * records occurs at least twice, or where its text is short beside theirs. */
static int first_is_header(const survey *s, const cam_detected *found) {
    const column *text = &s->list[found->text_column];
    int short_text = 2.0 * (double)text->first.length < mean_bytes(text);
    if (found->label_column == s->count)
        return short_text;
    const column *label = &s->list[found->label_column];
    if (cam_name_set_find(&label->cells, cam_strbuf_text(&label->first), label->first.length) >= 0)
        return 0;
    for (size_t i = 0; i < label->cells.count; i++)
        if (label->uses[i] == 1)
            return short_text;
    return label->first.length > 0;
}

static cam_status name_columns(const survey *s, cam_detected *found) {
    cam_status st = CAM_OK;
    found->columns = calloc(s->count, sizeof *found->columns);
    if (!found->columns)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu columns", s->count);
    found->column_count = s->count;
    for (size_t i = 0; i < s->count; i++) {
        cam_strbuf name = CAM_STRBUF_INIT;
        if (found->has_header)
            cam_strbuf_puts(&name, cam_strbuf_text(&s->list[i].first));
        else if (i == found->text_column || i == found->label_column)
            cam_strbuf_puts(&name, i == found->text_column ? "text" : "label");
        else
            cam_strbuf_printf(&name, "column_%zu", i + 1);
        found->columns[i] = cam_strbuf_detach(&name);
    }
out:
    return st;
}

static void measure(const survey *s, cam_detected *found) {
    const column *text = &s->list[found->text_column];
    int first_counts = !found->has_header;
    found->longest_text = first_counts ? text->first.length : 0;
    for (size_t i = 0; i < text->cells.count; i++)
        if (text->cells.lengths[i] > found->longest_text)
            found->longest_text = text->cells.lengths[i];
    found->rows = s->records + first_counts;
    if (found->label_column == s->count)
        return;
    const column *label = &s->list[found->label_column];
    int known = cam_name_set_find(&label->cells, cam_strbuf_text(&label->first), label->first.length) >= 0;
    found->labels = label->cells.count + (size_t)(first_counts && !known);
}

cam_status cam_detect(const char *path, cam_detected *found) {
    cam_status st = CAM_OK;
    survey s = {0};
    *found = (cam_detected){0};
    CAM_TRY(detect_encoding(path, &found->encoding));
    CAM_TRY(detect_format(path, found));
    if (found->format != CAM_FORMAT_JSONL)
        CAM_TRY(detect_delimiter(path, found));
    CAM_TRY(each_record(path, found, CAM_DETECT_RECORDS,
                        found->format == CAM_FORMAT_JSONL ? survey_object : survey_cells, &s));
    if (s.count == 0 || s.records == 0)
        CAM_FAIL(CAM_E_DATA, "%s: no rows to look at", path);
    if (s.count < 2)
        CAM_FAIL(CAM_E_DATA, "%s: one column only; a text and a label are needed", path);
    choose_columns(&s, found);
    found->has_header = found->format == CAM_FORMAT_JSONL || first_is_header(&s, found);
    CAM_TRY(name_columns(&s, found));
    measure(&s, found);
out:
    survey_release(&s);
    if (st != CAM_OK)
        cam_detected_release(found);
    return st;
}

void cam_detected_release(cam_detected *found) {
    for (size_t i = 0; i < found->column_count; i++)
        free(found->columns[i]);
    free(found->columns);
    *found = (cam_detected){0};
}
