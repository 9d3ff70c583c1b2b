/* corrected_file.c: see corrected_file.h. */
#include "corrected_file.h"
#include "csv_out.h"
#include "encoder.h"
#include "files.h"
#include "jsonl.h"
#include "text_fold.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t most_bytes = (size_t)1 << 37;

typedef struct correction {
    const cam_config *config;
    const cam_corpus *corpus;
    const cam_decisions *decisions;
    const cam_dataset *file;
    int64_t next; /* decision: they are by row, as the file is */
    cam_strbuf text;
} correction;

/* The decision about the row at this line, or NULL. For JSON Lines and tables: a line has one row. */
static const cam_decision *decision_at(correction *c, long line) {
    while (c->next < c->decisions->count && c->file->rows[c->decisions->list[c->next].row].line < line)
        c->next++;
    if (c->next == c->decisions->count || c->file->rows[c->decisions->list[c->next].row].line != line)
        return NULL;
    return &c->decisions->list[c->next];
}

static const char *new_name(const correction *c, const cam_decision *decision) {
    return c->corpus->labels.names[decision->label];
}

/* A name that the reading would change is no label for the file. */
static cam_status check_names(const correction *c) {
    for (int64_t i = 0; i < c->decisions->count; i++) {
        if (c->decisions->list[i].label < 0)
            continue;
        const char *name = new_name(c, &c->decisions->list[i]);
        for (size_t m = 0; m < c->config->label_map.count; m++)
            if (strcmp(c->config->label_map.items[m].from, name) == 0)
                return cam_fail(CAM_E_DATA,
                                "the label \"%s\" cannot be written into the file: label_map renames it as it is read",
                                name);
    }
    return CAM_OK;
}

/* --- tables ---------------------------------------------------------------------------------------------------- */

static void put_header(correction *c, const cam_record_reader *reader, const cam_file_form *form) {
    size_t count = 0;
    const char *const *header = cam_record_reader_header(reader, &count);
    if (form->has_separator) {
        cam_strbuf_printf(&c->text, "sep=%c", form->delimiter);
        cam_strbuf_puts(&c->text, form->line_end);
    }
    for (size_t i = 0; header && i < count; i++) {
        if (i > 0)
            cam_strbuf_putc(&c->text, form->delimiter);
        cam_csv_text_put(&c->text, header[i], form->delimiter);
    }
    if (header)
        cam_strbuf_puts(&c->text, form->line_end);
}

/* The place of the label among the cells; -1 where it is not known. */
static int label_column(const correction *c, const cam_record_reader *reader) {
    size_t count = 0;
    const char *const *names = cam_record_reader_header(reader, &count);
    const char *column = c->config->label_column;
    if (!names) {
        names = c->config->columns.items;
        count = c->config->columns.count;
    }
    for (size_t i = 0; i < count; i++)
        if (cam_name_equal(names[i], strlen(names[i]), column, strlen(column)))
            return (int)i;
    return -1;
}

static void put_record(correction *c, const cam_record *record, const cam_file_form *form, int column,
                       const char *name) {
    for (size_t i = 0; i < record->cell_count; i++) {
        cam_cell cell = record->cells[i];
        if (i > 0)
            cam_strbuf_putc(&c->text, form->delimiter);
        if (name && (int)i == column)
            cell = (cam_cell){(char *)(uintptr_t)name, strlen(name), cell.quoted};
        cam_csv_cell_put(&c->text, &cell, form->delimiter);
    }
    cam_strbuf_puts(&c->text, form->line_end);
}

static cam_status put_table(correction *c, cam_record_reader *reader, cam_file_form *form) {
    cam_status st = CAM_OK;
    cam_record record;
    int got = 1, column = label_column(c, reader), begun = 0;
    for (;;) {
        CAM_TRY(cam_record_reader_next(reader, &record, &got));
        *form = cam_record_reader_form(reader);
        if (!begun)
            put_header(c, reader, form);
        begun = 1;
        if (!got)
            break;
        const cam_decision *decision = decision_at(c, record.line);
        if (decision && decision->label == CAM_DECISION_DROPS)
            continue;
        put_record(c, &record, form, column, decision ? new_name(c, decision) : NULL);
    }
out:
    return st;
}

/* --- JSON Lines ------------------------------------------------------------------------------------------------ */

static cam_status put_line(correction *c, const char *line, size_t length, long number) {
    const cam_decision *decision = decision_at(c, number);
    size_t begin, end;
    if (!decision) {
        cam_strbuf_append(&c->text, line, length);
        return CAM_OK;
    }
    if (decision->label == CAM_DECISION_DROPS)
        return CAM_OK;
    cam_strbuf copy = CAM_STRBUF_INIT;
    cam_strbuf_append(&copy, line, length);
    int found = copy.length == length && cam_jsonl_find(copy.text, c->config->label_column, &begin, &end);
    cam_strbuf_release(&copy);
    if (!found)
        return cam_fail(CAM_E_DATA, "%s:%ld: the label is not found in the line", c->file->path, number);
    cam_strbuf_append(&c->text, line, begin);
    cam_strbuf_put_json(&c->text, new_name(c, decision), strlen(new_name(c, decision)));
    cam_strbuf_append(&c->text, line + end, length - end);
    return CAM_OK;
}

static cam_status put_lines(correction *c) {
    cam_status st = CAM_OK;
    cam_strbuf bytes = CAM_STRBUF_INIT;
    long number = 1;
    CAM_TRY(cam_file_read(c->file->path, most_bytes, CAM_E_DATA, &bytes));
    for (const char *at = cam_strbuf_text(&bytes), *past = at + bytes.length; at < past; number++) {
        const char *end = memchr(at, '\n', (size_t)(past - at));
        end = end ? end + 1 : past;
        CAM_TRY(put_line(c, at, (size_t)(end - at), number));
        at = end;
    }
out:
    cam_strbuf_release(&bytes);
    return st;
}

/* --- the file -------------------------------------------------------------------------------------------------- */

/* NAME-clean.EXT, or with the first number that is free. */
static char *free_path(const char *path) {
    char *found = NULL;
    const char *name = strrchr(path, '/'), *ending = strrchr(name ? name : path, '.');
    size_t stem = ending ? (size_t)(ending - path) : strlen(path);
    for (int number = 1; !found; number++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        cam_strbuf_append(&text, path, stem);
        cam_strbuf_puts(&text, "-clean");
        if (number > 1)
            cam_strbuf_printf(&text, "-%d", number);
        cam_strbuf_puts(&text, path + stem);
        found = cam_strbuf_detach(&text);
        if (!found)
            return NULL;
        if (cam_file_exists(found)) {
            free(found);
            found = NULL;
        }
    }
    return found;
}

static cam_status encode(correction *c, const cam_file_form *form, cam_strbuf *bytes) {
    cam_text_encoder encoder = {form->encoding, form->big_endian};
    const char *text = cam_strbuf_text(&c->text);
    if (form->has_mark)
        cam_text_encoder_put_mark(&encoder, bytes);
    size_t at = cam_text_encoder_put(&encoder, text, c->text.length, bytes);
    if (at == c->text.length)
        return CAM_OK;
    return cam_fail(CAM_E_DATA, "a label cannot be written in %s, the encoding of \"%s\": it has no \"%.*s\"",
                    cam_words_encoding[form->encoding], c->file->path,
                    (int)cam_utf8_next(text + at, text + c->text.length, &(uint32_t){0}), text + at);
}

/* What the file at `path` gives when it is read is what was read before, but for the decisions. */
static cam_status compare(const correction *c, const char *path) {
    cam_status st = CAM_OK;
    cam_dataset was = {0}, is = {0};
    cam_read_options options = cam_corpus_read_options(c->config, c->file->path);
    CAM_TRY(cam_dataset_load(&options, &was));
    options.path = path;
    options.format = was.counts.format;
    options.encoding = was.encoding;
    CAM_TRY(cam_dataset_load(&options, &is));
    size_t at = 0;
    int64_t next = 0;
    for (size_t i = 0; i < was.count; i++) {
        const cam_decision *d = next < c->decisions->count ? &c->decisions->list[next] : NULL;
        int decided = d && c->file->rows[d->row].row == was.rows[i].row;
        next += decided;
        if (decided && d->label == CAM_DECISION_DROPS)
            continue;
        const char *label = decided ? new_name(c, d) : was.rows[i].label;
        if (at == is.count || strcmp(is.rows[at].text, was.rows[i].text) != 0 || strcmp(is.rows[at].label, label) != 0)
            CAM_FAIL(CAM_E_INTERNAL, "the corrected file does not read as \"%s\" does, from the row of line %ld on",
                     c->file->path, was.rows[i].line);
        at++;
    }
    if (at != is.count || next != c->decisions->count)
        CAM_FAIL(CAM_E_INTERNAL, "the corrected file has other rows than \"%s\"", c->file->path);
out:
    cam_dataset_release(&was);
    cam_dataset_release(&is);
    return st;
}

static cam_status put_file(correction *c, cam_strbuf *bytes) {
    cam_status st = CAM_OK;
    cam_record_reader *reader = NULL;
    cam_read_options options = cam_corpus_read_options(c->config, c->file->path);
    options.keep_blank = 1;
    CAM_TRY(cam_record_reader_open(&options, &reader));
    cam_file_form form = cam_record_reader_form(reader);
    if (form.delimiter) {
        CAM_TRY(put_table(c, reader, &form));
    } else {
        if (c->file->counts.is_list || form.encoding != CAM_ENCODING_UTF8)
            CAM_FAIL(
                CAM_E_DATA,
                "\"%s\" is JSON over several lines, or not UTF-8; only JSON Lines, one object a line, can be corrected",
                c->file->path);
        form.has_mark = 0; /* it is among the bytes */
        CAM_TRY(put_lines(c));
    }
    CAM_TRY(encode(c, &form, bytes));
out:
    cam_record_reader_close(reader);
    return st;
}

cam_status cam_corrected_file_write(const cam_config *config, const cam_corpus *corpus, const cam_decisions *decisions,
                                    char **path) {
    cam_status st = CAM_OK;
    correction c = {.config = config,
                    .corpus = corpus,
                    .decisions = decisions,
                    .file = &corpus->files[CAM_PART_TRAIN],
                    .text = CAM_STRBUF_INIT};
    cam_strbuf bytes = CAM_STRBUF_INIT;
    cam_file_writer writer = CAM_FILE_WRITER_CLOSED;
    *path = NULL;
    CAM_TRY(check_names(&c));
    CAM_TRY(put_file(&c, &bytes));
    *path = free_path(c.file->path);
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_file_writer_open(&writer, *path));
    CAM_TRY(cam_file_writer_write(&writer, cam_strbuf_text(&bytes), bytes.length));
    CAM_TRY(compare(&c, writer.temporary));
    CAM_TRY(cam_file_writer_commit(&writer));
out:
    cam_file_writer_abandon(&writer);
    cam_strbuf_release(&c.text);
    cam_strbuf_release(&bytes);
    return st;
}
