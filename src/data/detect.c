/* detect.c: see detect.h. The file is read once for its encoding, again for its delimiter, and again for its columns;
 * the statistics are in survey.c, the words in detect_notes.c. */
#include "detect.h"
#include "csv_cells_internal.h"
#include "csv_header_internal.h"
#include "detect_internal.h"
#include "encoding_evidence.h"
#include "jsonl_internal.h"
#include "survey_internal.h"
#include "text_fold_internal.h"
#include "text_window_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LAYOUT_RECORDS = 200 };

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
    char delimiter;
    long line;
    cam_cells_result result;
    CAM_TRY(cam_text_window_open(&w, path, found->encoding));
    if (found->format == CAM_FORMAT_CSV)
        CAM_TRY(cam_header_delimiter(&w, found->delimiter, &delimiter, &line));
    while (limit > 0 && !(w.at_end && w.begin == w.end)) {
        if (w.begin < w.end) {
            CAM_TRY(cam_cells_split(&cells, w.bytes + w.begin, w.end - w.begin, w.at_end, found->delimiter, quoting,
                                    &result));
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

static cam_status detect_encoding(const char *path, cam_detected *found) {
    cam_status st = CAM_OK;
    cam_encoding_evidence evidence;
    cam_decoder decoder;
    CAM_TRY(cam_decoder_open(&decoder, path, CAM_ENCODING_AUTO)); /* refuses workbooks and archives */
    cam_decoder_close(&decoder);
    CAM_TRY(cam_encoding_evidence_read(path, &evidence));
    found->encoding = evidence.finding == CAM_FOUND_ASCII ? CAM_ENCODING_UTF8 : evidence.encoding;
    found->damaged = evidence.finding == CAM_FOUND_DAMAGED || evidence.finding == CAM_FOUND_MIXED;
    CAM_TRY(cam_detect_note_encoding(path, &evidence, found));
out:
    return st;
}

/* The number of cells of a record without empty ones at its end. */
static size_t filled_cells(const cam_cells *cells) {
    size_t count = cells->count;
    while (count > 0 && cells->list[count - 1].length == 0)
        count--;
    return count;
}

static cam_status add_to_layout(void *context, const cam_cells *cells) {
    cam_layout *l = context;
    size_t filled = filled_cells(cells);
    int comment = cells->list[0].length > 0 && cells->list[0].text[0] == '#' && !cells->list[0].quoted;
    if (l->records < CAM_LAYOUT_LEADING)
        l->leading[l->records] = comment && filled > 0 ? 1 : filled;
    l->records++;
    l->with_cells[cells->count < CAM_LAYOUT_MOST_CELLS ? cells->count : CAM_LAYOUT_MOST_CELLS - 1]++;
    return CAM_OK;
}

static cam_status detect_delimiter(const char *path, cam_detected *found) {
    cam_status st = CAM_OK;
    cam_text_window w;
    long line;
    int64_t most = -1;
    size_t most_cells = 0;
    char chosen = ',';
    found->delimiter = '\t';
    if (found->format == CAM_FORMAT_TSV)
        return CAM_OK;
    CAM_TRY(cam_text_window_open(&w, path, found->encoding));
    st = cam_header_delimiter(&w, '\0', &found->delimiter, &line);
    cam_text_window_close(&w);
    if (st != CAM_E_DATA)
        goto out;
    st = CAM_OK;
    for (const char *candidate = ";,\t|"; *candidate; candidate++) {
        cam_layout l = {0};
        found->delimiter = *candidate;
        CAM_TRY(each_record(path, found, LAYOUT_RECORDS, add_to_layout, &l));
        size_t cells = cam_layout_usual_cells(&l);
        int64_t even = cells > 1 ? l.with_cells[cells] : 0;
        if (even > most || (even == most && cells > most_cells)) {
            most = even;
            most_cells = cells;
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
    cam_detect_note_format(found);
    return st;
}

/* --- columns --------------------------------------------------------------------------------------------------- */

typedef struct survey_of_file {
    cam_survey survey;
    int64_t leading; /* records above the header that are still to be left out */
    int known;       /* cells of the first record that are usual names of columns */
} survey_of_file;

/* True for the header again, as where two files were joined. */
static int repeats_header(const survey_of_file *f, const cam_cells *cells) {
    for (size_t i = 0; f->known >= 2 && i < f->survey.count; i++) {
        const cam_strbuf *first = &f->survey.list[i].first;
        const char *text = cells->list[i].text;
        size_t length = cells->list[i].length;
        cam_text_trim(&text, &length);
        if (length != first->length || memcmp(text, cam_strbuf_text(first), length) != 0)
            return 0;
    }
    return f->known >= 2;
}

static cam_status survey_cells(void *context, const cam_cells *cells) {
    cam_status st = CAM_OK;
    survey_of_file *f = context;
    cam_survey *s = &f->survey;
    if (f->leading > 0) {
        f->leading--;
        goto out;
    }
    if (s->count == 0) {
        for (size_t i = 0; i < cells->count; i++) {
            CAM_TRY(cam_survey_add_column(s, cells->list[i].text, cells->list[i].length));
            f->known += s->list[i].points.known;
        }
        goto out;
    }
    if (cells->count < s->count ? filled_cells(cells) == 0 : filled_cells(cells) > s->count) {
        s->uneven++;
        goto out;
    }
    size_t count = cells->count < s->count ? cells->count : s->count;
    if (count == s->count && repeats_header(f, cells))
        goto out;
    s->records++;
    for (size_t i = 0; i < count; i++)
        CAM_TRY(cam_survey_add_cell(&s->list[i], cells->list[i].text, cells->list[i].length));
out:
    return st;
}

static cam_status survey_member(void *context, const char *name, const char *value, size_t length) {
    cam_status st = CAM_OK;
    cam_survey *s = context;
    size_t i = 0;
    while (i < s->count && strcmp(cam_strbuf_text(&s->list[i].first), name) != 0)
        i++;
    if (i == s->count)
        CAM_TRY(cam_survey_add_column(s, name, strlen(name)));
    CAM_TRY(cam_survey_add_cell(&s->list[i], value, length));
out:
    return st;
}

static cam_status survey_object(void *context, const cam_cells *cells) {
    survey_of_file *f = context;
    f->survey.records++;
    cam_status st = cam_jsonl_each(cells->list[0].text, cells->list[0].length, survey_member, &f->survey);
    return st == CAM_E_DATA ? CAM_OK : st; /* the reader of the rows reports a bad line */
}

/* Comment and title lines stand above the header: they have one cell where most records have more. */
static cam_status count_leading(const char *path, cam_detected *found, survey_of_file *file) {
    cam_layout l = {0};
    cam_status st = each_record(path, found, LAYOUT_RECORDS, add_to_layout, &l);
    int64_t most = l.records < CAM_LAYOUT_LEADING ? l.records : CAM_LAYOUT_LEADING;
    while (cam_layout_usual_cells(&l) > 1 && file->leading < most && l.leading[file->leading] <= 1)
        file->leading++;
    file->leading = file->leading == most ? 0 : file->leading;
    cam_detect_note_delimiter(&l, file->leading, found);
    return st;
}

static cam_status name_columns(const cam_survey *s, cam_detected *found) {
    found->columns = calloc(s->count, sizeof *found->columns);
    if (!found->columns)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu columns", s->count);
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
    return CAM_OK;
}

/* Names count for the choice of columns until the first record turns out to be a row. */
static cam_column_choice choose(cam_survey *s, cam_detected *found) {
    cam_strbuf because = CAM_STRBUF_INIT;
    cam_column_choice choice = cam_survey_choose(s);
    double score = 0;
    found->has_header = found->format == CAM_FORMAT_JSONL;
    if (!found->has_header) {
        score = cam_survey_header_score(s, &choice, &because);
        found->has_header = score > 0;
    }
    for (size_t i = 0; !found->has_header && i < s->count; i++)
        s->list[i].points = (cam_name_points){0};
    choice = found->has_header ? choice : cam_survey_choose(s);
    if (found->format != CAM_FORMAT_JSONL)
        cam_detect_note_header(s, score, cam_strbuf_text(&because), found);
    cam_strbuf_release(&because);
    return choice;
}

cam_status cam_detect(const char *path, cam_detected *found) {
    cam_status st = CAM_OK;
    survey_of_file file = {0};
    cam_survey *s = &file.survey;
    *found = (cam_detected){0};
    CAM_TRY(detect_encoding(path, found));
    CAM_TRY(detect_format(path, found));
    if (found->format != CAM_FORMAT_JSONL) {
        CAM_TRY(detect_delimiter(path, found));
        CAM_TRY(count_leading(path, found, &file));
    }
    CAM_TRY(each_record(path, found, CAM_DETECT_RECORDS,
                        found->format == CAM_FORMAT_JSONL ? survey_object : survey_cells, &file));
    CAM_TRY(cam_detect_check_size(path, s, found));
    cam_column_choice choice = choose(s, found);
    CAM_TRY(cam_detect_check_choice(path, s, found, &choice));
    found->text_column = choice.text;
    found->label_column = choice.label;
    CAM_TRY(name_columns(s, found));
    cam_detect_note_columns(s, found);
out:
    cam_survey_release(s);
    return st;
}

void cam_detected_release(cam_detected *found) {
    for (size_t i = 0; i < found->column_count; i++)
        free(found->columns[i]);
    free(found->columns);
    for (size_t i = 0; i < CAM_NOTE_COUNT; i++)
        cam_strbuf_release(&found->notes[i]);
    cam_strbuf_release(&found->warnings);
    *found = (cam_detected){0};
}
