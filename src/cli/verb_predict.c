/* verb_predict.c: `predict` streams records through a classifier: one row out for every record in, in order. */
#include "backends.h"
#include "encoder.h"
#include "log.h"
#include "model_get.h"
#include "output.h"
#include "plain.h"
#include "prediction_rows.h"
#include "predictor.h"
#include "reading.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>
#include <string.h>

enum { BATCH_RECORDS = 1024, BATCH_BYTES = 1 << 20 };

typedef struct prediction {
    cam_predictor predictor;
    cam_prediction_rows rows;
    cam_output output;
    cam_group *ranks; /* rank 0 reads and writes, all score */
    /* one batch of records */
    cam_strbuf bytes;  /* their texts, one after another */
    cam_strbuf cells;  /* csv: their cells as they are written, one record after another */
    size_t *end;       /* [capacity] of bytes */
    size_t *cells_end; /* [capacity] */
    cam_text *texts;   /* [capacity] */
    int64_t count, capacity;
    float *logits; /* [capacity * K] */
    long long truncated;
} prediction;

/* Writes UTF-8 text in the encoding of the format. */
static cam_status write_out(prediction *p, const cam_strbuf *text, int mark) {
    cam_status st = CAM_OK;
    cam_strbuf bytes = CAM_STRBUF_INIT;
    const cam_file_form *form = &p->rows.form;
    cam_text_encoder encoder = {CAM_ENCODING_UTF8, form->big_endian};
    if (p->rows.format == CAM_PREDICT_CSV)
        encoder.encoding = form->encoding;
    if (mark)
        cam_text_encoder_put_mark(&encoder, &bytes);
    /* the cells come from this encoding, and the labels were tried */
    CAM_ASSERT(cam_text_encoder_put(&encoder, cam_strbuf_text(text), text->length, &bytes) == text->length);
    CAM_TRY(cam_output_write(&p->output, cam_strbuf_text(&bytes), bytes.length));
out:
    cam_strbuf_release(&bytes);
    return st;
}

static cam_status write_header(prediction *p, const cam_record_reader *reader, const char *text_column) {
    cam_status st = CAM_OK;
    cam_strbuf header = CAM_STRBUF_INIT;
    if (p->rows.format != CAM_PREDICT_CSV)
        goto out;
    CAM_TRY(cam_prediction_rows_put_header(&p->rows, reader, text_column, &header));
    CAM_TRY(write_out(p, &header, p->rows.form.has_mark));
out:
    cam_strbuf_release(&header);
    return st;
}

/* Sends the batch of rank 0 to all ranks; an empty batch ends the input. */
static cam_status broadcast_batch(prediction *p) {
    cam_status st = CAM_OK;
    static const char where[] = "waiting for texts";
    int64_t sizes[2] = {p->count, (int64_t)p->bytes.length};
    CAM_TRY(cam_group_broadcast(p->ranks, where, sizes, sizeof sizes));
    if (p->ranks->rank > 0) {
        p->count = sizes[0];
        cam_strbuf_resize(&p->bytes, (size_t)sizes[1]);
        CAM_TRY(cam_memory_check(CAM_OK));
    }
    CAM_TRY(cam_group_broadcast(p->ranks, where, p->end, (size_t)p->count * sizeof *p->end));
    CAM_TRY(cam_group_broadcast(p->ranks, where, p->bytes.text, p->bytes.length));
out:
    return st;
}

static cam_status write_lines(prediction *p) {
    cam_strbuf lines = CAM_STRBUF_INIT;
    size_t begin = 0;
    for (int64_t r = 0; r < p->count; r++) {
        if (p->rows.format == CAM_PREDICT_CSV) {
            cam_strbuf_append(&lines, cam_strbuf_text(&p->cells) + begin, p->cells_end[r] - begin);
            begin = p->cells_end[r];
        }
        cam_prediction_rows_put(&p->rows, p->texts[r].bytes, p->texts[r].length,
                                p->logits + r * p->predictor.config.num_labels, &lines);
    }
    cam_status st = write_out(p, &lines, 0);
    cam_strbuf_release(&lines);
    return st;
}

/* All ranks score the batch, and rank 0 writes a line for each of its records; *more is 0 after the last batch. */
static cam_status score_batch(prediction *p, int *more) {
    cam_status st = CAM_OK;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    CAM_TRY(broadcast_batch(p));
    *more = p->count > 0;
    if (!*more)
        goto out;
    for (int64_t r = 0; r < p->count; r++) {
        size_t begin = r > 0 ? p->end[r - 1] : 0;
        p->texts[r] = (cam_text){cam_strbuf_text(&p->bytes) + begin, p->end[r] - begin};
    }
    CAM_TRY(cam_predictor_logits(&p->predictor, p->texts, p->count, &cancel, p->logits, &p->truncated));
    if (p->ranks->rank == 0)
        CAM_TRY(write_lines(p));
    p->count = 0;
    cam_strbuf_clear(&p->bytes);
    cam_strbuf_clear(&p->cells);
out:
    return st;
}

/* Answers what was read, while the input has nothing more to say. */
static cam_status answer(void *context) {
    prediction *p = context;
    int more;
    return p->count > 0 && !p->output.closed ? score_batch(p, &more) : CAM_OK;
}

static void add_record(prediction *p, const cam_record *record) {
    cam_strbuf_append(&p->bytes, record->text, record->text_length);
    p->end[p->count] = p->bytes.length;
    if (p->rows.format == CAM_PREDICT_CSV)
        cam_prediction_rows_put_cells(&p->rows, record, &p->cells);
    p->cells_end[p->count++] = p->cells.length;
}

/* Appends how the input was read: "csv, windows-1252, delimiter ";"". */
static void put_reading(const cam_record_reader *reader, cam_strbuf *out) {
    cam_data_format format = cam_record_reader_format(reader);
    cam_file_form form = cam_record_reader_form(reader);
    cam_strbuf_printf(out, "%s, %s", format == CAM_FORMAT_LINES ? "lines" : cam_words_format[format],
                      cam_words_encoding[form.encoding]);
    if (format == CAM_FORMAT_CSV && form.delimiter == '\t')
        cam_strbuf_puts(out, ", delimiter tab");
    else if (format == CAM_FORMAT_CSV)
        cam_strbuf_printf(out, ", delimiter \"%c\"", form.delimiter);
}

/* Appends how many texts are left to a person, and by which threshold. */
static void put_below(const cam_prediction_rows *rows, const cam_model_config *model, cam_strbuf *out) {
    if (rows->below == 0)
        return;
    cam_strbuf_puts(out, "; ");
    cam_plain_put_counted(out, rows->below, "text has no label: its score is below ",
                          "texts have no label: their scores are below ");
    cam_strbuf_put_double(out, rows->threshold);
    if (rows->is_given)
        return;
    cam_strbuf_puts(out, ", the model's threshold for an accuracy of ");
    cam_strbuf_put_double(out, model->target_accuracy);
    cam_strbuf_puts(out, " (--threshold 0 labels all)");
}

/* Says in one line what was done. A warning of texts that were cut is seen also where no such line is wanted. */
static void describe(const prediction *p, const char *input, const cam_record_reader *reader) {
    cam_strbuf line = CAM_STRBUF_INIT, cut = CAM_STRBUF_INIT;
    const cam_prediction_rows *rows = &p->rows;
    int is_lines = cam_record_reader_format(reader) == CAM_FORMAT_LINES;
    cam_plain_put_counted(&cut, p->truncated, "text was", "texts were");
    cam_strbuf_printf(&cut, " cut to %d tokens", p->predictor.max_length);
    if (p->truncated > 0 && cam_log_get_level() == CAM_LOG_QUIET)
        cam_log_warn("%s", cam_strbuf_text(&cut));
    cam_plain_put_counted(&line, rows->count, is_lines ? "text of " : "row of ", is_lines ? "texts of " : "rows of ");
    if (strcmp(input, "-") == 0)
        cam_strbuf_puts(&line, "standard input (");
    else
        cam_strbuf_printf(&line, "\"%s\" (", input);
    put_reading(reader, &line);
    cam_strbuf_printf(&line, ") %s answered", rows->count == 1 ? "was" : "were");
    if (rows->empty > 0) {
        cam_strbuf_puts(&line, "; ");
        cam_plain_put_counted(&line, rows->empty, "text was empty and has no label",
                              "texts were empty and have no label");
    }
    put_below(rows, &p->predictor.config, &line);
    if (p->truncated > 0)
        cam_strbuf_printf(&line, "; %s", cam_strbuf_text(&cut));
    if (p->output.path)
        cam_strbuf_printf(&line, "; written to \"%s\"", p->output.path);
    else
        cam_strbuf_puts(&line, "; written to standard output");
    if (rows->format == CAM_PREDICT_CSV && rows->mark == ',')
        cam_strbuf_puts(&line, " with decimal commas");
    cam_log("%s", cam_strbuf_text(&line));
    cam_strbuf_release(&line);
    cam_strbuf_release(&cut);
}

static cam_status stream(prediction *p, const cam_reading *reading, const cam_read_options *options,
                         cam_record_reader *reader) {
    cam_status st = CAM_OK;
    const cam_read_counts *counts = cam_record_reader_counts(reader);
    cam_record record;
    int got = 0, more = 1;
    for (;;) {
        CAM_TRY(cam_reading_failed(cam_record_reader_next(reader, &record, &got), options, counts));
        if (!got || p->output.closed)
            break;
        if (counts->rows == 1 && cam_record_reader_format(reader) == CAM_FORMAT_LINES)
            cam_reading_warn_of_table(reading, options, &record);
        add_record(p, &record);
        if (p->count == p->capacity || p->bytes.length >= BATCH_BYTES * (size_t)p->ranks->ranks)
            CAM_TRY(score_batch(p, &more));
    }
    if (p->output.closed)
        p->count = 0;
    while (more)
        CAM_TRY(score_batch(p, &more));
    CAM_TRY(cam_output_commit(&p->output));
    cam_reading_warn_of_rows(options, counts);
    if (!p->output.closed)
        describe(p, options->path, reader);
out:
    return st;
}

/* The loop of the ranks that read no input. */
static cam_status score_batches(prediction *p) {
    cam_status st = CAM_OK;
    for (int more = 1; more;)
        CAM_TRY(score_batch(p, &more));
out:
    return st;
}

static cam_status allocate_buffers(prediction *p) {
    size_t labels = (size_t)p->predictor.config.num_labels;
    p->capacity = (int64_t)BATCH_RECORDS * p->ranks->ranks;
    p->end = malloc((size_t)p->capacity * sizeof *p->end);
    p->cells_end = malloc((size_t)p->capacity * sizeof *p->cells_end);
    p->texts = malloc((size_t)p->capacity * sizeof *p->texts);
    p->logits = malloc((size_t)p->capacity * labels * sizeof *p->logits);
    return p->end && p->cells_end && p->texts && p->logits
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory for the scores of %zu labels", labels);
}

static void close_prediction(prediction *p) {
    cam_output_close(&p->output);
    cam_prediction_rows_close(&p->rows);
    cam_predictor_close(&p->predictor);
    cam_strbuf_release(&p->bytes);
    cam_strbuf_release(&p->cells);
    free(p->end);
    free(p->cells_end);
    free(p->texts);
    free(p->logits);
}

/* What rank 0 alone reads and writes. */
static cam_status open_files(prediction *p, const cam_arguments *arguments, const char *model_folder,
                             const cam_read_options *options, cam_record_reader **reader) {
    cam_status st = CAM_OK;
    cam_output_inputs inputs = {.files = &options->path, .count = 1, .model_folder = model_folder};
    CAM_TRY(cam_output_open(&p->output, arguments->output, &inputs, arguments->force));
    CAM_TRY(cam_record_reader_open(options, reader));
    CAM_TRY(cam_prediction_rows_set_input(&p->rows, *reader, options->delimiter_hint == ';' ? ';' : ','));
out:
    return st;
}

cam_status cam_verb_predict(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    prediction p = {.ranks = arguments->group, .output = CAM_OUTPUT_CLOSED};
    int is_reader = arguments->group->rank == 0;
    cam_reading reading = {0};
    cam_backend *backend = NULL;
    cam_record_reader *reader = NULL;
    cam_read_options options;
    char *folder = NULL;
    const char *input = arguments->input ? arguments->input : "-";
    if (!arguments->model)
        CAM_FAIL(CAM_E_USAGE, "predict needs --model DIR");
    CAM_TRY(cam_prediction_rows_open(&p.rows, arguments));
    CAM_TRY(cam_model_get(arguments->group, arguments->model, NULL, CAM_MODEL_WEIGHTS, NULL, &folder));
    CAM_TRY(cam_reading_open(&reading, arguments, folder));
    cam_reading_text_options(&reading, arguments, input, &options);
    options.pause = (cam_input_pause){answer, &p};
    if (is_reader)
        CAM_TRY(open_files(&p, arguments, folder, &options, &reader));
    CAM_TRY(cam_backends_open(
        &(cam_device_options){.device = (enum cam_choice_device)arguments->device.value, .group = arguments->group},
        &backend));
    CAM_TRY(cam_predictor_open(&p.predictor, backend, folder, (int32_t)reading.max_seq_length, arguments->group));
    CAM_TRY(cam_prediction_rows_set_labels(&p.rows, (const char *const *)p.predictor.config.id2label,
                                           p.predictor.config.num_labels));
    cam_prediction_rows_set_threshold(&p.rows, p.predictor.config.score_threshold);
    CAM_TRY(allocate_buffers(&p));
    if (is_reader)
        CAM_TRY(write_header(&p, reader, cam_text_column(&options)));
    CAM_TRY(is_reader ? stream(&p, &reading, &options, reader) : score_batches(&p));
out:
    cam_record_reader_close(reader);
    close_prediction(&p);
    cam_backend_close(backend);
    cam_reading_release(&reading);
    free(folder);
    return st == CAM_E_STOPPED ? cam_fail(CAM_E_INTERRUPTED, "interrupted") : st;
}
