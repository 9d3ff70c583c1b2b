/* verb_predict.c: `predict` streams records through a classifier: one row out for every record in, in order. */
#include "backends.h"
#include "json_out.h"
#include "log.h"
#include "metrics.h"
#include "predictor.h"
#include "reading.h"
#include "signals.h"
#include "verbs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_RECORDS = 1024, BATCH_BYTES = 1 << 20 };

typedef struct prediction {
    cam_predictor predictor;
    int jsonl;
    long top_k; /* 0 = not requested */
    double threshold;
    FILE *out;
    int pipe_closed;
    cam_group *ranks; /* rank 0 reads and writes, all score */
    /* one batch of records */
    cam_strbuf bytes; /* their texts, one after another */
    size_t *end;      /* [capacity] */
    cam_text *texts;  /* [capacity] */
    int64_t count, capacity;
    float *logits;  /* [capacity * K] */
    double *scores; /* [K] */
    int32_t *order; /* [K] */
    long long truncated;
} prediction;

static cam_status parse_options(prediction *p, const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    p->jsonl = arguments->predict_format.value == CAM_PREDICT_JSONL;
    if (arguments->top_k)
        CAM_TRY(cam_argument_integer("--top-k", arguments->top_k, 1, 100000, &p->top_k));
    if (arguments->threshold)
        CAM_TRY(cam_argument_number("--threshold", arguments->threshold, 0, 1, &p->threshold));
    if (p->top_k > 0 && !p->jsonl)
        CAM_FAIL(CAM_E_USAGE, "option \"--top-k\" needs --format jsonl");
out:
    return st;
}

/* Orders the K labels by falling score; of equal scores the lower id comes first. */
static void rank(const prediction *p) {
    int32_t labels = p->predictor.config.num_labels, wanted = p->top_k < labels ? (int32_t)p->top_k : labels;
    for (int32_t k = 0; k < labels; k++)
        p->order[k] = k;
    for (int32_t i = 0; i < wanted; i++) {
        int32_t best = i;
        for (int32_t j = i + 1; j < labels; j++)
            if (p->scores[p->order[j]] > p->scores[p->order[best]])
                best = j;
        int32_t taken = p->order[best];
        memmove(p->order + i + 1, p->order + i, (size_t)(best - i) * sizeof *p->order);
        p->order[i] = taken;
    }
}

static void put_label(cam_json *json, const prediction *p, int32_t label, int empty) {
    cam_json_text(json, "label", empty ? NULL : p->predictor.config.id2label[label]);
    cam_json_number(json, "score", p->scores[label]);
}

static void put_jsonl(const prediction *p, int32_t best, cam_strbuf *out) {
    cam_json json;
    cam_json_begin(&json, out);
    put_label(&json, p, best, p->scores[best] < p->threshold);
    if (p->top_k > 0) {
        rank(p);
        cam_json_array(&json, "top");
        for (int32_t i = 0; i < p->top_k && i < p->predictor.config.num_labels; i++) {
            cam_json_object(&json, NULL);
            put_label(&json, p, p->order[i], 0);
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

static void put_tsv(const prediction *p, int32_t best, const char *text, size_t length, cam_strbuf *out) {
    const char *label = p->scores[best] < p->threshold ? "" : p->predictor.config.id2label[best];
    put_escaped(out, label, strlen(label));
    cam_strbuf_putc(out, '\t');
    cam_strbuf_put_double(out, p->scores[best]);
    cam_strbuf_putc(out, '\t');
    put_escaped(out, text, length);
    cam_strbuf_putc(out, '\n');
}

static cam_status write_out(prediction *p, const cam_strbuf *lines) {
    size_t wrote = fwrite(cam_strbuf_text(lines), 1, lines->length, p->out);
    if (wrote == lines->length && fflush(p->out) == 0)
        return CAM_OK;
    p->pipe_closed = errno == EPIPE;
    return p->pipe_closed ? CAM_OK : cam_fail(CAM_E_STORAGE, "cannot write the predictions: %s", strerror(errno));
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
    }
    CAM_TRY(cam_group_broadcast(p->ranks, where, p->end, (size_t)p->count * sizeof *p->end));
    CAM_TRY(cam_group_broadcast(p->ranks, where, p->bytes.text, p->bytes.length));
out:
    return st;
}

static cam_status write_lines(prediction *p) {
    cam_strbuf lines = CAM_STRBUF_INIT;
    int32_t labels = p->predictor.config.num_labels;
    for (int64_t r = 0; r < p->count; r++) {
        const float *logits = p->logits + r * labels;
        int32_t best = (int32_t)cam_argmax(logits, labels);
        cam_softmax(logits, labels, p->scores);
        if (p->jsonl)
            put_jsonl(p, best, &lines);
        else
            put_tsv(p, best, p->texts[r].bytes, p->texts[r].length, &lines);
    }
    cam_status st = write_out(p, &lines);
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
out:
    return st;
}

static cam_status stream(prediction *p, cam_record_reader *reader) {
    cam_status st = CAM_OK;
    cam_record record;
    int got = 0, more = 1;
    for (;;) {
        CAM_TRY(cam_record_reader_next(reader, &record, &got));
        if (!got || p->pipe_closed)
            break;
        cam_strbuf_append(&p->bytes, record.text, record.text_length);
        p->end[p->count++] = p->bytes.length;
        if (p->count == p->capacity || p->bytes.length >= BATCH_BYTES * (size_t)p->ranks->ranks)
            CAM_TRY(score_batch(p, &more));
    }
    if (p->pipe_closed)
        p->count = 0;
    while (more)
        CAM_TRY(score_batch(p, &more));
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

static cam_status open_output(prediction *p, const char *path) {
    p->out = stdout;
    if (!path || strcmp(path, "-") == 0)
        return CAM_OK;
    p->out = fopen(path, "w");
    return p->out ? CAM_OK : cam_fail(CAM_E_STORAGE, "cannot write \"%s\": %s", path, strerror(errno));
}

static cam_status allocate_buffers(prediction *p) {
    size_t labels = (size_t)p->predictor.config.num_labels;
    p->capacity = (int64_t)BATCH_RECORDS * p->ranks->ranks;
    p->end = malloc((size_t)p->capacity * sizeof *p->end);
    p->texts = malloc((size_t)p->capacity * sizeof *p->texts);
    p->logits = malloc((size_t)p->capacity * labels * sizeof *p->logits);
    p->scores = malloc(labels * sizeof *p->scores);
    p->order = malloc(labels * sizeof *p->order);
    return p->end && p->texts && p->logits && p->scores && p->order
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory for %zu labels", labels);
}

static cam_status close_prediction(prediction *p, cam_status st) {
    if (p->truncated > 0)
        cam_log_warn("%lld texts were cut to %d tokens", p->truncated, p->predictor.max_length);
    if (p->out && p->out != stdout && fclose(p->out) != 0 && st == CAM_OK)
        st = cam_fail(CAM_E_STORAGE, "cannot write the predictions: %s", strerror(errno));
    cam_predictor_close(&p->predictor);
    cam_strbuf_release(&p->bytes);
    free(p->end);
    free(p->texts);
    free(p->logits);
    free(p->scores);
    free(p->order);
    return st;
}

cam_status cam_verb_predict(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    prediction p = {.ranks = arguments->group};
    int is_reader = arguments->group->rank == 0;
    cam_reading reading = {0};
    cam_backend *backend = NULL;
    cam_record_reader *reader = NULL;
    cam_read_options options;
    char *folder = NULL;
    const char *input = arguments->input ? arguments->input : "-";
    if (!arguments->model)
        CAM_FAIL(CAM_E_USAGE, "predict needs --model DIR");
    CAM_TRY(parse_options(&p, arguments));
    CAM_TRY(cam_verb_get_model(arguments->group, arguments->model, NULL, CAM_MODEL_WEIGHTS, &folder));
    CAM_TRY(cam_reading_open(&reading, arguments, folder));
    cam_reading_text_options(&reading, arguments, input, &options);
    if (is_reader)
        CAM_TRY(cam_record_reader_open(&options, &reader));
    CAM_TRY(cam_backends_open(
        &(cam_device_options){.device = (enum cam_choice_device)arguments->device.value, .group = arguments->group},
        &backend));
    CAM_TRY(cam_predictor_open(&p.predictor, backend, folder, (int32_t)reading.max_seq_length, arguments->group));
    CAM_TRY(allocate_buffers(&p));
    if (is_reader)
        CAM_TRY(open_output(&p, arguments->output));
    CAM_TRY(is_reader ? stream(&p, reader) : score_batches(&p));
out:
    cam_record_reader_close(reader);
    st = close_prediction(&p, st);
    cam_backend_close(backend);
    cam_reading_release(&reading);
    free(folder);
    return st == CAM_E_STOPPED ? cam_fail(CAM_E_INTERRUPTED, "interrupted") : st;
}
