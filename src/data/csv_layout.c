/* csv_layout.c: see csv_layout_internal.h. A trial splits a copy of the first text in one dialect and counts what does
 * not fit. */
#include "csv_layout_internal.h"
#include "strbuf.h"
#include "text_fold.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    SAMPLE_BYTES = 1 << 18,
    SAMPLE_RECORDS = 1000,
    HEADER_RECORDS = 20,
    DELIMITERS = 4,
    MOST_TRIALS = 3 * DELIMITERS
};

static const char delimiters[DELIMITERS + 1] = ",;\t|"; /* a file without any has commas */

typedef struct trial {
    cam_dialect dialect;
    int names;      /* wanted columns in the best of the first records */
    long header_at; /* that record */
    size_t cells;   /* of the header, or of most records */
    long records;   /* not blank */
    long named;     /* records with one cell more than the header has, a number in front */
    long misfits;   /* records with another number of cells, or text after a closing quote */
    size_t covered; /* bytes of the records */
} trial;

typedef struct sample {
    const char *text;
    size_t length;
    size_t skipped; /* bytes of the window before it */
    int at_end;
    char *copy;
    const cam_read_options *options;
    cam_cells cells;
    size_t counts[SAMPLE_RECORDS]; /* cells of each record; without blank last cells where that is enough */
    size_t filled[SAMPLE_RECORDS]; /* index of the last filled cell + 1 */
    int stray[SAMPLE_RECORDS];
    int numbered[SAMPLE_RECORDS]; /* the first cell is a whole number */
} sample;

static const char *delimiter_word(char delimiter) {
    static const char *const words[DELIMITERS] = {",", ";", "tab", "|"};
    return words[strchr(delimiters, delimiter) - delimiters];
}

/* True where the first record is a row whatever it holds. */
static int is_headerless(const sample *s) {
    return s->options->columns && !s->options->columns_are_hint;
}

/* The number of wanted columns among the cells. */
static int count_names(const sample *s) {
    const char *wanted[] = {cam_text_column(s->options), cam_label_column(s->options)};
    int found = 0;
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < s->cells.count; i++)
            if (cam_name_equal(s->cells.list[i].text, s->cells.list[i].length, wanted[k], strlen(wanted[k]))) {
                found++;
                break;
            }
    return found;
}

/* True where a record can stand above a header: a comment, or fewer filled cells. */
static int is_above(const sample *s, long record, size_t header_cells) {
    return s->stray[record] < 0 || s->filled[record] < header_cells;
}

static int is_whole_number(const cam_cell *cell) {
    size_t digits = 0;
    while (digits < cell->length && cell->text[digits] >= '0' && cell->text[digits] <= '9')
        digits++;
    return cell->length > 0 && digits == cell->length;
}

static void note_record(sample *s, trial *t, int *header_names) {
    const cam_cell *first = &s->cells.list[0];
    size_t filled = s->cells.count;
    long r = t->records;
    while (filled > 0 && cam_cells_blank(&s->cells.list[filled - 1], 1))
        filled--;
    s->counts[r] = s->cells.count;
    s->filled[r] = filled;
    s->numbered[r] = is_whole_number(first);
    s->stray[r] = first->length > 0 && first->text[0] == '#' ? -1 : s->cells.stray;
    int names = r < HEADER_RECORDS && !is_headerless(s) ? count_names(s) : 0;
    int above = 1;
    for (long i = 0; i < r && names > *header_names; i++)
        above &= is_above(s, i, filled);
    if (names > *header_names && above) {
        *header_names = names;
        t->header_at = r;
    }
    t->records++;
}

/* The number of cells that most records have, comments aside. */
static size_t usual_cells(const sample *s, const trial *t) {
    size_t usual = 1;
    long most = 0;
    for (long i = 0; i < t->records && i < HEADER_RECORDS; i++) {
        long equal = 0;
        for (long k = 0; k < t->records; k++)
            equal += s->counts[k] == s->counts[i] && s->stray[k] >= 0;
        if (equal > most) {
            most = equal;
            usual = s->counts[i];
        }
    }
    return usual;
}

/* Where no record has the wanted names: the first one that can be a header. */
static void guess_header(const sample *s, trial *t) {
    for (long i = 0; i < t->records && i < HEADER_RECORDS; i++) {
        if (s->stray[i] >= 0 && s->counts[i] == t->cells) {
            t->header_at = i;
            return;
        }
        if (!is_above(s, i, t->cells))
            return;
    }
}

static void count_misfits(const sample *s, trial *t) {
    for (long i = t->header_at; i < t->records; i++) {
        int even = s->counts[i] == t->cells || (s->counts[i] > t->cells && s->filled[i] <= t->cells);
        t->misfits += !even || s->stray[i] > 0;
        t->named += s->counts[i] == t->cells + 1 && s->numbered[i];
    }
}

static cam_status try_dialect(sample *s, cam_dialect dialect, trial *t) {
    cam_status st = CAM_OK;
    cam_cells_result result = CAM_CELLS_DONE;
    size_t at = 0;
    *t = (trial){.dialect = dialect};
    memcpy(s->copy, s->text, s->length);
    while (at < s->length && t->records < SAMPLE_RECORDS) {
        CAM_TRY(cam_cells_split(&s->cells, s->copy + at, s->length - at, s->at_end, &dialect, &result));
        if (result != CAM_CELLS_DONE)
            break;
        at += s->cells.used;
        if (!cam_cells_blank(s->cells.list, s->cells.count))
            note_record(s, t, &t->names);
    }
    t->covered = t->records == SAMPLE_RECORDS ? s->length : at;
    t->cells = t->records > t->header_at && t->names ? s->counts[t->header_at]
               : is_headerless(s)                    ? s->options->column_count
                                                     : usual_cells(s, t);
    if (t->names == 0 && !s->options->columns)
        guess_header(s, t);
    count_misfits(s, t);
    t->misfits += result == CAM_CELLS_OPEN;
out:
    return st;
}

static double misfit_share(const trial *t) {
    return t->records ? (double)t->misfits / (double)t->records : 1;
}

static int is_even(const trial *t) {
    enum { PERCENT = 5 };
    return misfit_share(t) * 100 <= PERCENT;
}

/* True where `a` is the better reading. A dialect that takes most of the sample for one record has lost its quotes. */
static int better(const trial *a, const trial *b) {
    int lost_a = 2 * a->covered < b->covered, lost_b = 2 * b->covered < a->covered;
    if (a->names != b->names)
        return a->names > b->names;
    if (lost_a != lost_b)
        return lost_b;
    if ((a->records == 0) != (b->records == 0))
        return a->records == 0; /* nothing but delimiters */
    if (a->names == 0 && (a->cells > 1) != (b->cells > 1))
        return a->cells > 1;
    if (a->names == 0 && a->header_at != b->header_at && is_even(a) && is_even(b))
        return a->header_at < b->header_at; /* it splits the header, too */
    return misfit_share(a) < misfit_share(b);
}

/* True where nothing but the delimiter tells two readings apart, and both are even. */
static int contradict(const trial *a, const trial *b) {
    return a->dialect.delimiter != b->dialect.delimiter && a->names == b->names && a->header_at == b->header_at &&
           a->cells > 1 && b->cells > 1 && b->records > 0 && is_even(a) && is_even(b);
}

static cam_status fail_contradiction(const trial *a, const trial *b, const cam_text_window *window, long line,
                                     cam_syntax syntax) {
    cam_strbuf settings = CAM_STRBUF_INIT;
    cam_remedy_put(&settings, syntax, "delimiter", delimiter_word(a->dialect.delimiter));
    cam_strbuf_puts(&settings, " or ");
    cam_remedy_put(&settings, syntax, "delimiter", delimiter_word(b->dialect.delimiter));
    cam_fail(CAM_E_DATA, "%s:%ld: \"%s\" and \"%s\" both split the records evenly; set %s", window->decoder.name, line,
             delimiter_word(a->dialect.delimiter), delimiter_word(b->dialect.delimiter), cam_strbuf_text(&settings));
    cam_strbuf_release(&settings);
    return CAM_E_DATA;
}

/* --- which dialects are tried ----------------------------------------------------------------------------------- */

static int has_pair(const char *text, size_t length, char first, char second) {
    for (const char *at = text; (at = memchr(at, first, length - (size_t)(at - text))) != NULL; at++)
        if (at + 1 < text + length && at[1] == second)
            return 1;
    return 0;
}

/* True where a quote follows spaces after a delimiter or a line's start. */
static int has_spaced_quote(const char *text, size_t length, const char *allowed) {
    for (size_t i = 1; i < length; i++) {
        if (text[i] != '"' || text[i - 1] != ' ')
            continue;
        size_t before = i - 1;
        while (before > 0 && text[before] == ' ')
            before--;
        if (text[before] == ' ' || text[before] == '\n' || text[before] == '\r' || strchr(allowed, text[before]))
            return 1;
    }
    return 0;
}

/* Moves a character of the list to its beginning. */
static void put_first(char *list, char first) {
    char *found = first ? strchr(list, first) : NULL;
    if (!found)
        return;
    memmove(list + 1, list, (size_t)(found - list));
    list[0] = first;
}

/* Fills dialects[], the preferred first where two do equally well; their number. */
static int list_dialects(const sample *s, cam_data_format format, char delimiter, cam_dialect *dialects) {
    char chosen[DELIMITERS + 1] = {delimiter ? delimiter : '\t', '\0'};
    int count = 0, any = !delimiter && (format == CAM_FORMAT_CSV || s->options->format == CAM_FORMAT_AUTO);
    if (format == CAM_FORMAT_TSV)
        dialects[count++] = (cam_dialect){.delimiter = chosen[0], .quoting = CAM_QUOTING_TSV};
    if (any)
        memcpy(chosen, delimiters, sizeof chosen);
    put_first(chosen, s->options->delimiter_hint);
    int spaced = has_spaced_quote(s->text, s->length, chosen), backslash = has_pair(s->text, s->length, '\\', '"');
    for (const char *c = chosen; *c; c++) {
        if (spaced)
            dialects[count++] = (cam_dialect){.delimiter = *c, .skip_space = 1};
        dialects[count++] = (cam_dialect){.delimiter = *c};
        if (backslash)
            dialects[count++] = (cam_dialect){.delimiter = *c, .backslash = 1};
    }
    return count;
}

static cam_status choose(sample *s, const cam_text_window *window, cam_data_format format, char delimiter, long line,
                         cam_csv_layout *layout) {
    cam_status st = CAM_OK;
    cam_dialect dialects[MOST_TRIALS + 1];
    trial trials[MOST_TRIALS + 1] = {0};
    int count = list_dialects(s, format, delimiter, dialects), best = 0;
    for (int i = 0; i < count; i++) {
        CAM_TRY(try_dialect(s, dialects[i], &trials[i]));
        if (better(&trials[i], &trials[best]))
            best = i;
    }
    int fixed_tsv = format == CAM_FORMAT_TSV && (s->options->format == CAM_FORMAT_TSV || delimiter);
    layout->quotes_hold_lines = fixed_tsv && best > 0;
    if (fixed_tsv)
        best = 0;
    int hinted = trials[best].dialect.delimiter == s->options->delimiter_hint;
    for (int i = 0; i < count && format == CAM_FORMAT_CSV && trials[best].names == 0 && !hinted; i++)
        if (contradict(&trials[best], &trials[i]))
            CAM_TRY(fail_contradiction(&trials[best], &trials[i], window, line, s->options->syntax));
    const trial *t = &trials[best];
    layout->dialect = t->dialect;
    layout->has_names = t->names >= 1 + (s->options->label_required != 0);
    layout->has_header = t->names > 0;
    layout->is_even = t->cells > 1 && t->records > t->header_at + 1 && is_even(t);
    layout->has_row_names = layout->has_names && t->named > 1 && t->named == t->records - t->header_at - 1;
    layout->records_above = t->header_at;
    layout->has_record = t->records > 0;
out:
    return st;
}

/* --- the beginning of the file ---------------------------------------------------------------------------------- */

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

/* Takes as much of the window as the trials need: at least one record, or the whole file. */
static cam_status take_sample(sample *s, cam_text_window *window, size_t bytes) {
    size_t held = window->end - window->begin - s->skipped;
    s->text = window->bytes + window->begin + s->skipped;
    s->length = held < bytes ? held : bytes;
    s->at_end = window->at_end && s->length == held;
    char *copy = realloc(s->copy, s->length + 1);
    if (!copy)
        return cam_fail(CAM_E_MEMORY, "%s: no memory for a record of %zu bytes", window->decoder.name, s->length);
    s->copy = copy;
    return CAM_OK;
}

cam_status cam_csv_layout_find(cam_text_window *window, const cam_read_options *options, cam_data_format format,
                               cam_csv_layout *layout) {
    cam_status st = CAM_OK;
    enum { LONGEST_SEPARATOR_LINE = 9 };
    char separator = '\0';
    sample *s = calloc(1, sizeof *s);
    *layout = (cam_csv_layout){0};
    if (!s)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", window->decoder.name);
    s->options = options;
    while (window->end - window->begin < LONGEST_SEPARATOR_LINE && !window->at_end)
        CAM_TRY(cam_text_window_more(window));
    s->skipped = separator_line(window->bytes + window->begin, window->end - window->begin, &separator);
    layout->separator_bytes = s->skipped;
    long line = s->skipped ? 2 : 1;
    for (size_t bytes = SAMPLE_BYTES;;) {
        CAM_TRY(take_sample(s, window, bytes));
        CAM_TRY(choose(s, window, format, options->delimiter ? options->delimiter : separator, line, layout));
        if (layout->has_record || s->at_end)
            break;
        if (s->length > CAM_RECORD_MAX_BYTES)
            CAM_FAIL(CAM_E_DATA, "%s:%ld: the first record does not end within %d MiB", window->decoder.name, line,
                     CAM_RECORD_MAX_BYTES >> 20);
        if (s->length == bytes)
            bytes *= 2;
        else
            CAM_TRY(cam_text_window_more(window));
    }
out:
    if (s) {
        cam_cells_release(&s->cells);
        free(s->copy);
    }
    free(s);
    return st;
}
