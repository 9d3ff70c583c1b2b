/* detect.c: see detect.h. The file is read once for its encoding and again for its columns; the reader of rows finds
 * format and delimiter. The statistics are in survey.c, the words in detect_notes.c and detect_refusals.c. */
#include "detect.h"
#include "detect_internal.h"
#include "encoding_evidence.h"
#include "jsonl.h"
#include "record_cells.h"
#include "survey_internal.h"
#include "text_fold.h"
#include <stdlib.h>
#include <string.h>

static cam_status detect_encoding(const cam_read_options *options, cam_detected *found) {
    cam_status st = CAM_OK;
    cam_encoding_evidence evidence;
    cam_decoder decoder;
    CAM_TRY(
        cam_decoder_open(&decoder, options->path, CAM_ENCODING_AUTO, options->syntax)); /* refuses what is no text */
    cam_decoder_close(&decoder);
    found->encoding = options->encoding;
    if (options->encoding != CAM_ENCODING_AUTO)
        return CAM_OK;
    CAM_TRY(cam_encoding_evidence_read(options->path, &evidence));
    found->encoding = evidence.finding == CAM_FOUND_ASCII ? CAM_ENCODING_UTF8 : evidence.encoding;
    found->damaged = evidence.finding == CAM_FOUND_DAMAGED;
    CAM_TRY(cam_detect_note_encoding(options, &evidence, found));
out:
    return st;
}

/* --- columns --------------------------------------------------------------------------------------------------- */

enum { MOST_TITLES = 19 };

typedef struct survey_of_file {
    cam_survey survey;
    long above;   /* records above the header that are still to be left out */
    long titles;  /* records above it that have one filled cell, as spreadsheets write a title */
    int known;    /* cells of the first record that are usual names of columns */
    int64_t even; /* records with as many cells as the first, which is one of them */
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

/* The number of cells of a record without empty ones at its end. */
static size_t filled_cells(const cam_cells *cells) {
    size_t count = cells->count;
    while (count > 0 && cells->list[count - 1].length == 0)
        count--;
    return count;
}

static cam_status survey_cells(survey_of_file *f, const cam_cells *cells) {
    cam_status st = CAM_OK;
    cam_survey *s = &f->survey;
    if (f->above > 0) {
        f->above--;
        goto out;
    }
    int title = s->count == 0 && cells->count > 1 && filled_cells(cells) == 1;
    if (title && f->titles < MOST_TITLES) {
        f->titles++;
        goto out;
    }
    if (s->count > 0 && cam_cells_are_rule(cells))
        goto out;
    f->even += s->count == 0 || (cells->count >= s->count && filled_cells(cells) <= s->count);
    if (s->count == 0) {
        for (size_t i = 0; i < cells->count; i++) {
            CAM_TRY(cam_survey_add_column(s, cells->list[i].text, cells->list[i].length));
            f->known += s->list[i].points.known;
        }
        goto out;
    }
    if (filled_cells(cells) > s->count) {
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
    int32_t column;
    int is_new;
    CAM_TRY(cam_name_set_add(&s->members, name, strlen(name), &column, &is_new));
    if (is_new)
        CAM_TRY(cam_survey_add_column(s, name, strlen(name)));
    CAM_TRY(cam_survey_add_cell(&s->list[column], value, length));
out:
    return st;
}

static cam_status survey_object(survey_of_file *f, const cam_cells *cells) {
    f->survey.records++;
    cam_status st = cam_jsonl_each(cells->list[0].text, cells->list[0].length, survey_member, &f->survey);
    int is_full = f->survey.members.count > f->survey.count;
    return st == CAM_E_DATA && !is_full ? CAM_OK : st; /* the reader of the rows reports a bad line */
}

static cam_status survey_file(const cam_read_options *options, survey_of_file *f, cam_detected *found) {
    cam_status st = CAM_OK;
    cam_record_reader *r = NULL;
    const cam_cells *cells;
    int got = 1;
    CAM_TRY(cam_record_cells_open(options, &r));
    int is_json = cam_record_reader_format(r) == CAM_FORMAT_JSONL;
    long records_above = cam_record_reader_counts(r)->records_above;
    found->format = cam_record_reader_format(r);
    found->delimiter = cam_record_reader_delimiter(r);
    f->above = records_above;
    cam_strbuf_clear(&found->notes[CAM_NOTE_FORMAT]);
    cam_detect_note_format(options->path, cam_record_cells_shape(r), found);
    while (f->survey.records < CAM_DETECT_RECORDS) {
        CAM_TRY(cam_record_cells_next(r, &cells, &got));
        if (!got)
            break;
        st = is_json ? survey_object(f, cells) : survey_cells(f, cells);
        if (st == CAM_E_DATA)
            CAM_FAIL(st, "%s: %s", options->path, cam_status_message());
        CAM_TRY(st);
    }
    if (!is_json)
        cam_detect_note_delimiter(&f->survey, f->even, records_above + f->titles, found);
out:
    cam_record_reader_close(r);
    return st;
}

static cam_status name_columns(const cam_survey *s, cam_detected *found) {
    found->columns = calloc(s->count + 1, sizeof *found->columns);
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
    return cam_memory_check(CAM_OK);
}

/* Where two delimiters split the file evenly, as a decimal comma in every row does: the one whose header has more names
 * that columns usually have. */
static cam_status survey_by_names(cam_read_options *options, survey_of_file *f, cam_detected *found) {
    char *message = strdup(cam_status_message());
    int most = 0, tie = 1;
    char best = '\0';
    cam_status st = CAM_OK;
    for (const char *candidate = ";,\t|"; *candidate; candidate++) {
        survey_of_file trial = {0};
        cam_detected ignored = {0};
        options->delimiter = *candidate;
        st = survey_file(options, &trial, &ignored);
        if (st == CAM_OK && trial.known >= most) {
            tie = trial.known == most;
            best = trial.known > most ? *candidate : best;
            most = trial.known;
        }
        cam_survey_release(&trial.survey);
        cam_detected_release(&ignored);
        if (st != CAM_OK && st != CAM_E_DATA)
            goto out;
    }
    options->delimiter = best;
    st = tie ? cam_fail_again(CAM_E_DATA, message ? message : "no delimiter") : survey_file(options, f, found);
out:
    free(message);
    return st;
}

static cam_status survey(cam_read_options *options, survey_of_file *f, cam_detected *found) {
    cam_status st = survey_file(options, f, found);
    if (st != CAM_E_DATA || f->survey.count > 0 || options->delimiter)
        return st;
    return survey_by_names(options, f, found);
}

/* The column that the caller names; the number of columns where he names none. A named one tells a header. */
static cam_status find_requested(const char *path, const cam_survey *s, const char *name, size_t *column) {
    *column = s->count;
    for (size_t i = 0; name && i < s->count; i++)
        if (cam_name_equal(cam_strbuf_text(&s->list[i].first), s->list[i].first.length, name, strlen(name)))
            *column = i;
    return name && *column == s->count ? cam_detect_refuse_name(path, s, name) : CAM_OK;
}

/* Names count for the choice of columns until the first record turns out to be a row. */
static void choose(cam_survey *s, const cam_column_choice *requested, cam_detected *found, cam_column_choice *choice) {
    cam_strbuf because = CAM_STRBUF_INIT;
    double score = 0;
    *choice = cam_survey_choose(s, requested);
    found->has_header = found->format == CAM_FORMAT_JSONL;
    if (!found->has_header) {
        score = cam_survey_header_score(s, choice, &because);
        found->has_header = score > 0 || requested->text < s->count || requested->label < s->count;
        if (!found->has_header) {
            for (size_t i = 0; i < s->count; i++)
                s->list[i].points = (cam_name_points){0};
            *choice = cam_survey_choose(s, requested);
        }
        cam_detect_note_header(s, score, cam_strbuf_text(&because), found);
    }
    cam_strbuf_release(&because);
}

cam_status cam_detect(const cam_read_options *given, cam_detected *found) {
    cam_status st = CAM_OK;
    survey_of_file file = {0};
    cam_survey *s = &file.survey;
    cam_column_choice requested, choice;
    cam_read_options options = *given;
    options.label_required = 1;
    *found = (cam_detected){0};
    CAM_TRY(detect_encoding(&options, found));
    options.encoding = found->encoding;
    CAM_TRY(survey(&options, &file, found));
    CAM_TRY(cam_survey_mark_combined(s));
    CAM_TRY(cam_detect_check_size(options.path, s, found));
    CAM_TRY(find_requested(options.path, s, options.text_column, &requested.text));
    CAM_TRY(find_requested(options.path, s, options.label_column, &requested.label));
    choose(s, &requested, found, &choice);
    CAM_TRY(cam_detect_check_choice(options.path, s, found, &requested, &choice));
    found->text_column = choice.text;
    found->label_column = choice.label;
    CAM_TRY(name_columns(s, found));
    cam_detect_note_columns(s, &requested, found);
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
