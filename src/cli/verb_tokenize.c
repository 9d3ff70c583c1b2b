/* verb_tokenize.c: `tokenize` prints the ids or pieces of every text, never truncated. */
#include "json_out.h"
#include "model_get.h"
#include "model_tokenizer.h"
#include "output.h"
#include "reading.h"
#include "signals.h"
#include "tokenizer.h"
#include "verbs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_row(const cam_tokenizer *tokenizer, const cam_ids *row, enum cam_choice_tokenize_format form,
                    cam_strbuf *out) {
    if (form == CAM_TOKENIZE_JSONL)
        cam_strbuf_puts(out, "{\"ids\":[");
    for (size_t i = 0; i < row->count; i++) {
        if (i > 0)
            cam_strbuf_putc(out, form == CAM_TOKENIZE_JSONL ? ',' : ' ');
        if (form == CAM_TOKENIZE_PIECES)
            cam_strbuf_puts(out, cam_tokenizer_piece(tokenizer, row->ids[i]));
        else
            cam_strbuf_printf(out, "%d", row->ids[i]);
    }
    cam_strbuf_puts(out, form == CAM_TOKENIZE_JSONL ? "]}\n" : "\n");
}

/* Tokens that wait to be written, and where they go. */
typedef struct waiting_lines {
    cam_strbuf text;
    int closed; /* the pipe */
} waiting_lines;

static cam_status write_lines(void *context) {
    waiting_lines *lines = context;
    cam_status st = cam_verb_print(&lines->text);
    cam_strbuf_clear(&lines->text);
    lines->closed = ferror(stdout) != 0;
    return st;
}

static cam_status stream(const cam_tokenizer *tokenizer, const cam_read_options *options, cam_record_reader *reader,
                         enum cam_choice_tokenize_format form, waiting_lines *lines) {
    enum { FLUSH_BYTES = 1 << 16 };
    cam_status st = CAM_OK;
    const cam_read_counts *counts = cam_record_reader_counts(reader);
    cam_ids row = {0};
    cam_record record;
    int got = 1;
    while (got && !lines->closed) {
        if (cam_signals_stop_requested(NULL))
            CAM_FAIL(CAM_E_INTERRUPTED, "interrupted");
        CAM_TRY(cam_reading_failed(cam_record_reader_next(reader, &record, &got), options, counts));
        if (got) {
            cam_text text = {record.text, record.text_length};
            CAM_TRY(cam_tokenizer_encode(tokenizer, text, 0, &row, NULL));
            put_row(tokenizer, &row, form, &lines->text);
        }
        if (!got || lines->text.length >= FLUSH_BYTES)
            CAM_TRY(write_lines(lines));
    }
    cam_reading_warn_of_rows(options, counts);
out:
    cam_ids_release(&row);
    return st;
}

cam_status cam_verb_tokenize(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_tokenizer *tokenizer = NULL;
    cam_record_reader *reader = NULL;
    char *folder = NULL;
    enum cam_choice_tokenize_format form = (enum cam_choice_tokenize_format)arguments->tokenize_format.value;
    cam_reading reading = {0};
    cam_read_options options;
    waiting_lines lines = {CAM_STRBUF_INIT, 0};
    const char *input = arguments->input ? arguments->input : "-";
    if (!arguments->model)
        CAM_FAIL(CAM_E_USAGE, "tokenize needs --model DIR");
    CAM_TRY(cam_output_check_standard(input));
    CAM_TRY(cam_model_get(NULL, arguments->model, NULL, CAM_MODEL_CONFIG_ONLY, NULL, &folder));
    CAM_TRY(cam_reading_open(&reading, arguments, folder));
    cam_reading_text_options(&reading, arguments, input, &options);
    options.pause = (cam_input_pause){write_lines, &lines};
    CAM_TRY(cam_model_tokenizer_open(folder, &tokenizer));
    CAM_TRY(cam_record_reader_open(&options, &reader));
    CAM_TRY(stream(tokenizer, &options, reader, form, &lines));
out:
    cam_strbuf_release(&lines.text);
    cam_record_reader_close(reader);
    cam_tokenizer_close(tokenizer);
    cam_reading_release(&reading);
    free(folder);
    return st;
}
