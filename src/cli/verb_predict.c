/* verb_predict.c: `predict` streams records through a classifier: one row out for every record in, in order. */
#include "backends.h"
#include "cache.h"
#include "classifier.h"
#include "json_out.h"
#include "log.h"
#include "metrics.h"
#include "reading.h"
#include "signals.h"
#include "verbs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_RECORDS = 1024, GROUP_BYTES = 1 << 20 };

typedef struct prediction {
    cam_classifier classifier;
    int jsonl;
    long top_k; /* 0 = none asked for */
    double threshold;
    FILE *out;
    int pipe_closed;
    /* one group of records */
    cam_strbuf bytes; /* their texts, one after another */
    size_t end[GROUP_RECORDS];
    int64_t count;
    float *logits;  /* [GROUP_RECORDS * K] */
    double *scores; /* [K] */
    int32_t *order; /* [K] */
    int64_t truncated;
} prediction;

static cam_status settle(prediction *p, const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    const char *format = arguments->format ? arguments->format : "tsv";
    p->jsonl = strcmp(format, "jsonl") == 0;
    if (!p->jsonl && strcmp(format, "tsv") != 0)
        CAM_FAIL(CAM_E_USAGE, "option \"--format\" of predict takes tsv or jsonl, not \"%s\"", format);
    if (arguments->top_k)
        CAM_TRY(cam_argument_integer("--top-k", arguments->top_k, 1, 100000, &p->top_k));
    if (arguments->threshold)
        CAM_TRY(cam_argument_number("--threshold", arguments->threshold, 0, 1, &p->threshold));
    if (p->top_k > 0 && !p->jsonl)
        CAM_FAIL(CAM_E_USAGE, "option \"--top-k\" needs --format jsonl");
out:
    return st;
}

/* The K labels by falling score; of equals the first id first. */
static void rank(const prediction *p) {
    int32_t labels = p->classifier.config.num_labels, wanted = p->top_k < labels ? (int32_t)p->top_k : labels;
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
    cam_json_text(json, "label", empty ? NULL : p->classifier.config.id2label[label]);
    cam_json_number(json, "score", p->scores[label]);
}

static void put_jsonl(const prediction *p, int32_t best, cam_strbuf *out) {
    cam_json json;
    cam_json_begin(&json, out);
    put_label(&json, p, best, p->scores[best] < p->threshold);
    if (p->top_k > 0) {
        rank(p);
        cam_json_array(&json, "top");
        for (int32_t i = 0; i < p->top_k && i < p->classifier.config.num_labels; i++) {
            cam_json_object(&json, NULL);
            put_label(&json, p, p->order[i], 0);
            cam_json_close(&json);
        }
        cam_json_close(&json);
    }
    cam_json_end(&json);
    cam_strbuf_putc(out, '\n');
}

/* Tab, line ends and backslash as \t \n \r \\. */
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
    const char *label = p->scores[best] < p->threshold ? "" : p->classifier.config.id2label[best];
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

/* Scores the group and writes a line for each of its records. */
static cam_status flush(prediction *p) {
    cam_status st = CAM_OK;
    cam_stop stop = {.wanted = cam_signals_stop_wanted};
    cam_strbuf lines = CAM_STRBUF_INIT;
    cam_text texts[GROUP_RECORDS];
    int32_t labels = p->classifier.config.num_labels;
    for (int64_t r = 0; r < p->count; r++) {
        size_t begin = r > 0 ? p->end[r - 1] : 0;
        texts[r] = (cam_text){cam_strbuf_text(&p->bytes) + begin, p->end[r] - begin};
    }
    CAM_TRY(cam_classifier_logits(&p->classifier, texts, p->count, &stop, p->logits, &p->truncated));
    for (int64_t r = 0; r < p->count; r++) {
        const float *logits = p->logits + r * labels;
        int32_t best = (int32_t)cam_argmax(logits, labels);
        cam_softmax(logits, labels, p->scores);
        if (p->jsonl)
            put_jsonl(p, best, &lines);
        else
            put_tsv(p, best, texts[r].bytes, texts[r].length, &lines);
    }
    CAM_TRY(write_out(p, &lines));
    p->count = 0;
    cam_strbuf_clear(&p->bytes);
out:
    cam_strbuf_release(&lines);
    return st;
}

static cam_status stream(prediction *p, cam_record_reader *reader) {
    cam_status st = CAM_OK;
    cam_record record;
    int got = 0;
    for (;;) {
        CAM_TRY(cam_record_reader_next(reader, &record, &got));
        if (!got || p->pipe_closed)
            break;
        cam_strbuf_append(&p->bytes, record.text, record.text_length);
        p->end[p->count++] = p->bytes.length;
        if (p->count == GROUP_RECORDS || p->bytes.length >= GROUP_BYTES)
            CAM_TRY(flush(p));
    }
    if (p->count > 0 && !p->pipe_closed)
        CAM_TRY(flush(p));
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

static cam_status take_buffers(prediction *p) {
    size_t labels = (size_t)p->classifier.config.num_labels;
    p->logits = malloc(GROUP_RECORDS * labels * sizeof *p->logits);
    p->scores = malloc(labels * sizeof *p->scores);
    p->order = malloc(labels * sizeof *p->order);
    return p->logits && p->scores && p->order ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for %zu labels", labels);
}

static cam_status close_prediction(prediction *p, cam_status st) {
    if (p->truncated > 0)
        cam_log_warn("%lld texts were cut to %d tokens", (long long)p->truncated, p->classifier.max_length);
    if (p->out && p->out != stdout && fclose(p->out) != 0 && st == CAM_OK)
        st = cam_fail(CAM_E_STORAGE, "cannot write the predictions: %s", strerror(errno));
    cam_classifier_close(&p->classifier);
    cam_strbuf_release(&p->bytes);
    free(p->logits);
    free(p->scores);
    free(p->order);
    return st;
}

cam_status cam_verb_predict(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    prediction p = {0};
    cam_reading reading = {0};
    cam_backend *backend = NULL;
    cam_record_reader *reader = NULL;
    cam_read_options options;
    char *folder = NULL;
    const char *input = arguments->input ? arguments->input : "-";
    if (!arguments->model)
        CAM_FAIL(CAM_E_USAGE, "predict needs --model DIR");
    CAM_TRY(settle(&p, arguments));
    CAM_TRY(cam_model_locate(arguments->model, NULL, CAM_MODEL_WEIGHTS, &folder));
    CAM_TRY(cam_reading_open(&reading, arguments, folder));
    CAM_TRY(cam_reading_text_options(&reading, arguments, input, &options));
    CAM_TRY(cam_record_reader_open(&options, &reader));
    CAM_TRY(cam_backends_open(
        &(cam_device_options){.device = arguments->device ? arguments->device : "auto", .attention = "auto"},
        &backend));
    CAM_TRY(cam_classifier_open(&p.classifier, backend, folder, (int32_t)reading.max_seq_length));
    CAM_TRY(take_buffers(&p));
    CAM_TRY(open_output(&p, arguments->output));
    CAM_TRY(stream(&p, reader));
out:
    cam_record_reader_close(reader);
    st = close_prediction(&p, st);
    cam_backend_close(backend);
    cam_reading_release(&reading);
    free(folder);
    return st == CAM_E_STOPPED ? cam_fail(CAM_E_INTERRUPTED, "interrupted") : st;
}
