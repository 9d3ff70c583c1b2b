/* prediction_rows.c: see prediction_rows.h. */
#include "prediction_rows.h"
#include "csv_out.h"
#include "encoder.h"
#include "json_out.h"
#include "log.h"
#include "metrics.h"
#include "name_set.h"
#include "utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_DIGITS = 4, MOST_DIGITS = 17 };

/* The format that the name of the output asks for; CAM_CHOICE_COUNT_predict_format where it asks for none. */
static enum cam_choice_predict_format format_of_output(const char *path) {
    cam_data_format format = path ? cam_format_of_path(path) : CAM_FORMAT_AUTO;
    return format == CAM_FORMAT_CSV     ? CAM_PREDICT_CSV
           : format == CAM_FORMAT_JSONL ? CAM_PREDICT_JSONL
                                        : CAM_CHOICE_COUNT_predict_format;
}

cam_status cam_prediction_rows_open(cam_prediction_rows *rows, const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    long digits = -1;
    *rows = (cam_prediction_rows){.format = (enum cam_choice_predict_format)arguments->predict_format.value};
    if (!arguments->predict_format.word)
        rows->format = format_of_output(arguments->output);
    if (arguments->top_k)
        CAM_TRY(cam_argument_integer("--top-k", arguments->top_k, 1, 100000, &rows->top_k));
    rows->is_given = arguments->threshold != NULL;
    if (rows->is_given)
        CAM_TRY(cam_argument_number("--threshold", arguments->threshold, 0, 1, &rows->threshold));
    if (arguments->digits)
        CAM_TRY(cam_argument_integer("--digits", arguments->digits, 1, MOST_DIGITS, &digits));
    rows->digits = (int)digits;
    if (arguments->decimal.word && arguments->decimal.value != CAM_DECIMAL_AUTO)
        rows->mark = arguments->decimal.value == CAM_DECIMAL_COMMA ? ',' : '.';
out:
    return st;
}

static int is_table(const cam_record_reader *reader) {
    cam_data_format format = cam_record_reader_format(reader);
    return format == CAM_FORMAT_CSV || format == CAM_FORMAT_TSV;
}

cam_status cam_prediction_rows_set_input(cam_prediction_rows *rows, const cam_record_reader *reader, char delimiter) {
    if (rows->format == CAM_CHOICE_COUNT_predict_format)
        rows->format = is_table(reader) ? CAM_PREDICT_CSV : CAM_PREDICT_TSV;
    if (rows->top_k > 0 && rows->format == CAM_PREDICT_TSV)
        return cam_fail(CAM_E_USAGE, "option \"--top-k\" needs --format jsonl, or --format csv");
    if (rows->mark == ',' && rows->format != CAM_PREDICT_CSV)
        return cam_fail(CAM_E_USAGE, "option \"--decimal comma\" needs --format csv");
    if (rows->format == CAM_PREDICT_CSV && rows->digits < 0)
        rows->digits = CSV_DIGITS;
    rows->form = cam_record_reader_form(reader);
    if (!is_table(reader)) {
        rows->form.delimiter = delimiter ? delimiter : ',';
        rows->form.columns = 1;
    }
    return CAM_OK;
}

cam_status cam_prediction_rows_set_labels(cam_prediction_rows *rows, const char *const *labels, int32_t count) {
    cam_status st = CAM_OK;
    cam_strbuf bytes = CAM_STRBUF_INIT;
    cam_text_encoder encoder = {.encoding = rows->form.encoding};
    rows->labels = labels;
    rows->label_count = count;
    rows->scores = malloc((size_t)count * sizeof *rows->scores);
    rows->order = malloc((size_t)count * sizeof *rows->order);
    if (!rows->scores || !rows->order)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %d labels", count);
    for (int32_t k = 0; k < count && rows->format == CAM_PREDICT_CSV; k++) {
        size_t length = strlen(labels[k]), at = cam_text_encoder_put(&encoder, labels[k], length, &bytes);
        if (at < length)
            CAM_FAIL(CAM_E_DATA,
                     "label \"%s\" cannot be written in %s, the encoding of the input: it has no \"%.*s\"; save the "
                     "input as CSV UTF-8, or write labels and scores alone with --format jsonl",
                     labels[k], cam_words_encoding[rows->form.encoding],
                     (int)(cam_utf8_next(labels[k] + at, labels[k] + length, &(uint32_t){0})), labels[k] + at);
    }
out:
    cam_strbuf_release(&bytes);
    return st;
}

void cam_prediction_rows_set_threshold(cam_prediction_rows *rows, double threshold) {
    if (!rows->is_given)
        rows->threshold = threshold;
}

void cam_prediction_rows_close(cam_prediction_rows *rows) {
    free(rows->scores);
    free(rows->order);
    *rows = (cam_prediction_rows){0};
}

/* --- what all formats have -------------------------------------------------------------------------------------- */

static int is_space(const char *text, size_t length) {
    uint32_t code_point;
    for (const char *at = text, *end = text + length; at < end;) {
        at += cam_utf8_next(at, end, &code_point);
        if (!cam_is_white_space(code_point))
            return 0;
    }
    return 1;
}

static int32_t shown_labels(const cam_prediction_rows *rows) {
    return rows->top_k < rows->label_count ? (int32_t)rows->top_k : rows->label_count;
}

/* Orders the labels by falling score, the first shown_labels of them; of equal scores the lower id comes first. */
static void rank(const cam_prediction_rows *rows) {
    for (int32_t k = 0; k < rows->label_count; k++)
        rows->order[k] = k;
    for (int32_t i = 0; i < shown_labels(rows); i++) {
        int32_t best = i;
        for (int32_t j = i + 1; j < rows->label_count; j++)
            if (rows->scores[rows->order[j]] > rows->scores[rows->order[best]])
                best = j;
        int32_t taken = rows->order[best];
        memmove(rows->order + i + 1, rows->order + i, (size_t)(best - i) * sizeof *rows->order);
        rows->order[i] = taken;
    }
}

/* The score with the requested digits. */
static double rounded(const cam_prediction_rows *rows, double score) {
    char text[64];
    if (rows->digits < 0)
        return score;
    snprintf(text, sizeof text, "%.*f", rows->digits, score);
    return strtod(text, NULL);
}

/* --- jsonl and tsv ---------------------------------------------------------------------------------------------- */

static void put_json_label(cam_json *json, const cam_prediction_rows *rows, int32_t label, int empty) {
    cam_json_text(json, "label", empty ? NULL : rows->labels[label]);
    cam_json_number(json, "score", rounded(rows, rows->scores[label]));
}

/* Why there is no label, though there is a score. */
static void put_reason(cam_json *json, const cam_prediction_rows *rows) {
    cam_strbuf reason = CAM_STRBUF_INIT;
    cam_strbuf_puts(&reason, "below the threshold of ");
    cam_strbuf_put_double(&reason, rows->threshold);
    cam_json_text(json, "reason", cam_strbuf_text(&reason));
    cam_strbuf_release(&reason);
}

static int is_below(const cam_prediction_rows *rows, int32_t best) {
    return best >= 0 && rows->scores[best] < rows->threshold;
}

/* `best` is -1 where the text is empty. */
static void put_jsonl(const cam_prediction_rows *rows, int32_t best, cam_strbuf *out) {
    cam_json json;
    cam_json_begin(&json, out);
    if (best >= 0) {
        put_json_label(&json, rows, best, is_below(rows, best));
        if (is_below(rows, best))
            put_reason(&json, rows);
    } else {
        cam_json_null(&json, "label");
        cam_json_null(&json, "score");
    }
    if (rows->top_k > 0) {
        cam_json_array(&json, "top");
        for (int32_t i = 0; i < shown_labels(rows) && best >= 0; i++) {
            cam_json_object(&json, NULL);
            put_json_label(&json, rows, rows->order[i], 0);
            cam_json_close(&json);
        }
        cam_json_close(&json);
    }
    cam_json_end(&json);
    cam_strbuf_putc(out, '\n');
}

/* Appends a text with tab, line ends and backslash as \t \n \r \\. */
static void put_escaped(cam_strbuf *out, const char *text, size_t length) {
    static const char special[] = "\t\n\r\\", letter[] = "tnr\\";
    for (size_t i = 0; i < length; i++) {
        const char *found = text[i] ? strchr(special, text[i]) : NULL;
        if (found)
            cam_strbuf_printf(out, "\\%c", letter[found - special]);
        else
            cam_strbuf_putc(out, text[i]);
    }
}

static void put_tsv(const cam_prediction_rows *rows, int32_t best, const char *text, size_t length, cam_strbuf *out) {
    if (best >= 0 && !is_below(rows, best))
        put_escaped(out, rows->labels[best], strlen(rows->labels[best]));
    cam_strbuf_putc(out, '\t');
    if (best >= 0)
        cam_strbuf_put_double(out, rounded(rows, rows->scores[best]));
    cam_strbuf_putc(out, '\t');
    put_escaped(out, text, length);
    cam_strbuf_putc(out, '\n');
}

/* --- csv -------------------------------------------------------------------------------------------------------- */

/* Names are compared as databases and spreadsheets do. */
static cam_status add_name(cam_name_set *names, const char *name, int *added) {
    int32_t number;
    cam_strbuf folded = CAM_STRBUF_INIT;
    for (const char *c = name; *c; c++)
        cam_strbuf_putc(&folded, *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c);
    cam_status st = cam_name_set_add(names, cam_strbuf_text(&folded), folded.length, &number, added);
    cam_strbuf_release(&folded);
    return st;
}

static int32_t new_columns(const cam_prediction_rows *rows) {
    return 2 * (shown_labels(rows) > 1 ? shown_labels(rows) : 1);
}

enum { NAME_BYTES = 64 };

/* The name of the new column i: "prediction", "score", "label_2", "score_2", ...; then the number, from 2 on. */
static const char *column_name(int32_t i, size_t number, char name[NAME_BYTES]) {
    static const char *const words[] = {"prediction", "score", "label", "score"};
    int length = i < 2 ? snprintf(name, NAME_BYTES, "%s", words[i])
                       : snprintf(name, NAME_BYTES, "%s_%d", words[2 + i % 2], i / 2 + 1);
    if (number > 1)
        snprintf(name + length, NAME_BYTES - (size_t)length, "_%zu", number);
    return name;
}

/* Sets *number to the first with which no new column has the name of one of the table. */
static cam_status find_number(const cam_prediction_rows *rows, const char *const *header, size_t count,
                              size_t *number) {
    cam_status st = CAM_OK;
    char name[NAME_BYTES];
    cam_name_set names = {0};
    int added = 0, all = 0;
    for (*number = 0; !all;) {
        ++*number;
        cam_name_set_release(&names);
        names = (cam_name_set){0};
        for (size_t i = 0; i < count; i++)
            CAM_TRY(add_name(&names, header[i], &added));
        all = 1;
        for (int32_t i = 0; i < new_columns(rows) && all; i++) {
            CAM_TRY(add_name(&names, column_name(i, *number, name), &added));
            all = added;
        }
    }
out:
    cam_name_set_release(&names);
    return st;
}

static cam_status put_new_names(const cam_prediction_rows *rows, const char *const *header, size_t count,
                                cam_strbuf *out) {
    cam_status st = CAM_OK;
    char name[NAME_BYTES], score[NAME_BYTES];
    size_t number;
    CAM_TRY(find_number(rows, header, count, &number));
    for (int32_t i = 0; i < new_columns(rows); i++) {
        cam_strbuf_putc(out, rows->form.delimiter);
        cam_csv_text_put(out, column_name(i, number, name), rows->form.delimiter);
    }
    if (number > 1)
        cam_log("the table has columns of such names: the new ones are \"%s\" and \"%s\"", column_name(0, number, name),
                column_name(1, number, score));
out:
    return st;
}

cam_status cam_prediction_rows_put_header(const cam_prediction_rows *rows, const cam_record_reader *reader,
                                          const char *text_column, cam_strbuf *out) {
    cam_status st = CAM_OK;
    size_t count = 0;
    const char *const *header = cam_record_reader_header(reader, &count);
    if (!header && is_table(reader))
        goto out;
    if (!header) {
        header = &text_column;
        count = 1;
    }
    if (rows->form.has_separator) {
        cam_strbuf_printf(out, "sep=%c", rows->form.delimiter);
        cam_strbuf_puts(out, rows->form.line_end);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            cam_strbuf_putc(out, rows->form.delimiter);
        cam_csv_text_put(out, header[i], rows->form.delimiter);
    }
    CAM_TRY(put_new_names(rows, header, count, out));
    cam_strbuf_puts(out, rows->form.line_end);
out:
    return st;
}

/* The last column of a bad row with too many cells: all that is left, so that the columns after it keep their place. */
static void put_rest(const cam_prediction_rows *rows, const cam_record *record, size_t first, cam_strbuf *out) {
    cam_strbuf rest = CAM_STRBUF_INIT;
    for (size_t i = first; i < record->cell_count; i++) {
        if (i > first)
            cam_strbuf_putc(&rest, rows->form.delimiter);
        cam_strbuf_append(&rest, record->cells[i].text, record->cells[i].length);
    }
    cam_csv_text_put(out, cam_strbuf_text(&rest), rows->form.delimiter);
    cam_strbuf_release(&rest);
}

/* A byte that was no character became a NUL (records.h): it is written as a question mark. */
static void mark_damage(const cam_cell *cell) {
    for (char *nul = cell->text; (nul = memchr(nul, '\0', cell->length - (size_t)(nul - cell->text))) != NULL;)
        *nul = '?';
}

void cam_prediction_rows_put_cells(cam_prediction_rows *rows, const cam_record *record, cam_strbuf *out) {
    size_t columns = rows->form.columns;
    if (!rows->mark)
        cam_decimal_add(&rows->decimals, record);
    if (!rows->mark && rows->form.is_stream) /* how many rows come before the first answer is a matter of time */
        rows->mark = cam_decimal_choose(&rows->decimals, rows->form.delimiter);
    if (!record->cells) {
        cam_cell text = {.text = (char *)(uintptr_t)record->text, .length = record->text_length};
        cam_csv_cell_put(out, &text, rows->form.delimiter);
        return;
    }
    for (size_t i = 0; i < columns; i++) {
        if (i > 0)
            cam_strbuf_putc(out, rows->form.delimiter);
        if (record->bad && i < record->cell_count)
            mark_damage(&record->cells[i]);
        if (i + 1 == columns && record->bad && record->cell_count > columns)
            put_rest(rows, record, i, out);
        else if (i < record->cell_count)
            cam_csv_cell_put(out, &record->cells[i], rows->form.delimiter);
    }
}

static void put_csv_label(const cam_prediction_rows *rows, int32_t label, int empty, cam_strbuf *out) {
    cam_strbuf_putc(out, rows->form.delimiter);
    if (!empty)
        cam_csv_text_put(out, rows->labels[label], rows->form.delimiter);
    char score[64];
    snprintf(score, sizeof score, "%.*f", rows->digits, rows->scores[label]);
    char *point = strchr(score, '.');
    if (point)
        *point = rows->mark;
    cam_strbuf_putc(out, rows->form.delimiter);
    cam_csv_text_put(out, score, rows->form.delimiter);
}

static void put_csv(const cam_prediction_rows *rows, int32_t best, cam_strbuf *out) {
    if (best >= 0)
        put_csv_label(rows, best, is_below(rows, best), out);
    for (int32_t i = 1; i < shown_labels(rows) && best >= 0; i++)
        put_csv_label(rows, rows->order[i], 0, out);
    for (int32_t cell = 0; cell < new_columns(rows) && best < 0; cell++)
        cam_strbuf_putc(out, rows->form.delimiter);
    cam_strbuf_puts(out, rows->form.line_end);
}

void cam_prediction_rows_put(cam_prediction_rows *rows, const char *text, size_t length, const float *logits,
                             cam_strbuf *out) {
    int32_t best = is_space(text, length) ? -1 : (int32_t)cam_argmax(logits, rows->label_count);
    if (!rows->mark)
        rows->mark = cam_decimal_choose(&rows->decimals, rows->form.delimiter);
    rows->count++;
    rows->empty += best < 0;
    if (best >= 0) {
        cam_softmax(logits, rows->label_count, rows->scores);
        rank(rows);
        rows->below += is_below(rows, best);
    }
    switch (rows->format) {
    case CAM_PREDICT_JSONL:
        put_jsonl(rows, best, out);
        break;
    case CAM_PREDICT_CSV:
        put_csv(rows, best, out);
        break;
    default:
        put_tsv(rows, best, text, length, out);
    }
}
