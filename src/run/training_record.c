/* training_record.c: see training_record_internal.h. */
#include "clock.h"
#include "json_out.h"
#include "training_record_internal.h"
#include <math.h>
#include <string.h>

enum { FORMAT = 1 };

/* --- training.json ------------------------------------------------------------------------------------------------- */

/* An infinite gain, that of the first evaluation, is null in JSON. */
static void put_best(const cam_best *best, cam_json *json) {
    cam_json_object(json, "best");
    cam_json_text(json, "metric", cam_words_metric[best->metric]);
    cam_json_integer(json, "step", best->step);
    cam_json_number(json, "value", best->value);
    cam_json_number(json, "gain", best->gain);
    cam_json_integer(json, "evaluations", best->evaluations);
    cam_json_integer(json, "waited", best->waited);
    cam_json_close(json);
}

void cam_training_numbers_put(const cam_training *t, cam_strbuf *out) {
    cam_json json;
    cam_trainer_counters counters = t->state.counters;
    cam_strbuf_clear(out);
    cam_json_begin(&json, out);
    cam_json_integer(&json, "format", FORMAT);
    cam_json_integer(&json, "step", counters.steps);
    cam_json_integer(&json, "updates_applied", counters.updates_applied);
    cam_json_integer(&json, "ranks", counters.ranks);
    cam_json_boolean(&json, "sharded", counters.sharded != 0);
    cam_json_boolean(&json, "bf16", counters.bf16 != 0);
    cam_json_integer(&json, "log_bytes", t->log.fd >= 0 ? t->log.size : 0);
    cam_json_integer(&json, "saved_step", t->saved_step);
    cam_json_integer(&json, "scored_step", t->scored_step);
    cam_json_integer(&json, "skipped", t->skipped);
    cam_json_boolean(&json, "stopped_early", t->stopped_early);
    cam_json_number(&json, "wall_s", cam_now_s() - t->begin_s);
    put_best(&t->best, &json);
    cam_facts_put(&t->arithmetic, &json, "arithmetic");
    cam_json_end(&json);
    cam_strbuf_putc(out, '\n');
}

static cam_status read_integer(const json_t *object, const char *key, int64_t least, int64_t *value) {
    const json_t *member = json_object_get(object, key);
    *value = (int64_t)json_integer_value(member);
    if (!json_is_integer(member) || *value < least)
        return cam_fail(CAM_E_MODEL, "%s: \"%s\" is no whole number from %lld on", CAM_TRAINING_NUMBERS_FILE, key,
                        (long long)least);
    return CAM_OK;
}

static cam_status read_number(const json_t *object, const char *key, double *value) {
    const json_t *member = json_object_get(object, key);
    *value = json_is_null(member) ? INFINITY : json_number_value(member);
    if (!json_is_null(member) && !json_is_number(member))
        return cam_fail(CAM_E_MODEL, "%s: \"%s\" is no number", CAM_TRAINING_NUMBERS_FILE, key);
    return CAM_OK;
}

static cam_status read_best(const json_t *object, cam_best *best) {
    cam_status st = CAM_OK;
    const char *word = json_string_value(json_object_get(object, "metric"));
    int metric = cam_choice_find(cam_words_metric, CAM_CHOICE_COUNT_metric, word ? word : "");
    if (metric < 0)
        CAM_FAIL(CAM_E_MODEL, "%s: the best model has no metric", CAM_TRAINING_NUMBERS_FILE);
    best->metric = (cam_metric)metric;
    CAM_TRY(read_integer(object, "step", 0, &best->step));
    CAM_TRY(read_number(object, "value", &best->value));
    CAM_TRY(read_number(object, "gain", &best->gain));
    CAM_TRY(read_integer(object, "evaluations", 0, &best->evaluations));
    CAM_TRY(read_integer(object, "waited", 0, &best->waited));
out:
    return st;
}

static cam_status read_all(const json_t *root, cam_training_numbers *numbers) {
    cam_status st = CAM_OK;
    cam_trainer_counters *counters = &numbers->counters;
    int64_t format = 0;
    CAM_TRY(read_integer(root, "format", 0, &format));
    if (format != FORMAT)
        CAM_FAIL(CAM_E_MODEL, "%s is of format %lld, and this version reads format %d", CAM_TRAINING_NUMBERS_FILE,
                 (long long)format, FORMAT);
    CAM_TRY(read_integer(root, "step", 1, &counters->steps));
    CAM_TRY(read_integer(root, "updates_applied", 0, &counters->updates_applied));
    CAM_TRY(read_integer(root, "ranks", 1, &counters->ranks));
    counters->sharded = json_is_true(json_object_get(root, "sharded"));
    counters->bf16 = json_is_true(json_object_get(root, "bf16"));
    CAM_TRY(read_integer(root, "log_bytes", 0, &numbers->log_bytes));
    CAM_TRY(read_integer(root, "saved_step", -1, &numbers->saved_step));
    CAM_TRY(read_integer(root, "scored_step", -1, &numbers->scored_step));
    CAM_TRY(read_integer(root, "skipped", 0, &numbers->skipped));
    numbers->stopped_early = json_is_true(json_object_get(root, "stopped_early"));
    CAM_TRY(read_number(root, "wall_s", &numbers->wall_s));
    CAM_TRY(read_best(json_object_get(root, "best"), &numbers->best));
    CAM_TRY(cam_facts_read(json_object_get(root, "arithmetic"), &numbers->arithmetic));
out:
    return st;
}

cam_status cam_training_numbers_read(const cam_strbuf *text, cam_training_numbers *numbers) {
    json_error_t error;
    json_t *root = json_loadb(cam_strbuf_text(text), text->length, JSON_REJECT_DUPLICATES, &error);
    *numbers = (cam_training_numbers){0};
    cam_status st = root ? read_all(root, numbers)
                         : cam_fail(CAM_E_MODEL, "%s is no JSON: %s", CAM_TRAINING_NUMBERS_FILE, error.text);
    json_decref(root);
    return st;
}

/* Another metric begins a new search for the best model; patience may have changed as well. */
static void take_best(cam_best *best, const cam_best *earlier) {
    if (earlier->metric != best->metric)
        return;
    best->step = earlier->step;
    best->value = earlier->value;
    best->gain = earlier->gain;
    best->evaluations = earlier->evaluations;
    best->waited = earlier->waited;
}

void cam_training_numbers_take(cam_training *t, const cam_training_numbers *numbers) {
    t->log_bytes = numbers->log_bytes;
    t->saved_step = numbers->saved_step;
    t->scored_step = numbers->scored_step;
    t->skipped = numbers->skipped;
    t->stopped_early = numbers->stopped_early;
    t->begin_s = cam_now_s() - numbers->wall_s;
    take_best(&t->best, &numbers->best);
}

void cam_training_numbers_release(cam_training_numbers *numbers) {
    cam_facts_release(&numbers->arithmetic);
    *numbers = (cam_training_numbers){0};
}

/* --- results.bin --------------------------------------------------------------------------------------------------- */

static void put_integer(int64_t value, cam_strbuf *out) {
    cam_strbuf_append(out, (const char *)&value, sizeof value);
}

static void put_metrics(const cam_metrics *metrics, cam_strbuf *out) {
    int64_t cells = 0, all = metrics->labels * metrics->labels;
    for (int64_t i = 0; i < all; i++)
        cells += metrics->confusion[i] != 0;
    put_integer(metrics->rows, out);
    cam_strbuf_append(out, (const char *)&metrics->loss_sum, sizeof metrics->loss_sum);
    put_integer(cells, out);
    for (int64_t i = 0; i < all; i++)
        if (metrics->confusion[i] != 0) {
            put_integer(i, out);
            put_integer(metrics->confusion[i], out);
        }
}

void cam_training_results_put(const cam_training *t, cam_strbuf *out) {
    int64_t rows = t->run->corpus.part_count[CAM_PART_VALIDATION];
    cam_strbuf_clear(out);
    put_integer(t->latest.labels, out);
    put_metrics(&t->latest, out);
    put_metrics(&t->kept, out);
    cam_strbuf_append(out, (const char *)t->guesses[CAM_PART_VALIDATION],
                      (size_t)rows * sizeof *t->guesses[CAM_PART_VALIDATION]);
}

/* The bytes that are not read yet. */
typedef struct rest {
    const char *at;
    size_t bytes;
} rest;

static cam_status take_bytes(rest *from, void *to, size_t bytes) {
    if (from->bytes < bytes)
        return cam_fail(CAM_E_MODEL, "%s is too short for this run", CAM_TRAINING_RESULTS_FILE);
    memcpy(to, from->at, bytes);
    from->at += bytes;
    from->bytes -= bytes;
    return CAM_OK;
}

/* The counts of the cells, which come in ascending order, add up to the rows. */
static cam_status take_metrics(rest *from, int64_t most_rows, cam_metrics *metrics) {
    cam_status st = CAM_OK;
    int64_t cells = 0, all = metrics->labels * metrics->labels, counted = 0, last = -1;
    cam_metrics_clear(metrics);
    CAM_TRY(take_bytes(from, &metrics->rows, sizeof metrics->rows));
    CAM_TRY(take_bytes(from, &metrics->loss_sum, sizeof metrics->loss_sum));
    CAM_TRY(take_bytes(from, &cells, sizeof cells));
    for (int64_t i = 0; i < cells; i++) {
        int64_t cell[2];
        CAM_TRY(take_bytes(from, cell, sizeof cell));
        if (cell[0] <= last || cell[0] >= all)
            CAM_FAIL(CAM_E_MODEL, "%s has a figure for a label that this run does not have", CAM_TRAINING_RESULTS_FILE);
        if (cell[1] < 0 || cell[1] > most_rows - counted)
            CAM_FAIL(CAM_E_MODEL, "%s counts more rows than this run has", CAM_TRAINING_RESULTS_FILE);
        metrics->confusion[cell[0]] = cell[1];
        counted += cell[1];
        last = cell[0];
    }
    if (metrics->rows != counted)
        CAM_FAIL(CAM_E_MODEL, "%s has figures that do not add up", CAM_TRAINING_RESULTS_FILE);
out:
    return st;
}

/* The labels are indices of names later on. */
static cam_status take_guesses(rest *from, cam_guess *guesses, int64_t rows, int64_t labels) {
    cam_status st = CAM_OK;
    CAM_TRY(take_bytes(from, guesses, (size_t)rows * sizeof *guesses));
    for (int64_t i = 0; i < rows; i++)
        if (guesses[i].label < 0 || guesses[i].label >= labels)
            CAM_FAIL(CAM_E_MODEL, "%s predicts a label that this run does not have", CAM_TRAINING_RESULTS_FILE);
out:
    return st;
}

cam_status cam_training_results_take(cam_training *t, const cam_strbuf *bytes) {
    cam_status st = CAM_OK;
    rest from = {cam_strbuf_text(bytes), bytes->length};
    int64_t labels = 0, rows = t->run->corpus.part_count[CAM_PART_VALIDATION];
    CAM_TRY(take_bytes(&from, &labels, sizeof labels));
    if (labels != t->latest.labels)
        CAM_FAIL(CAM_E_MODEL, "%s has %lld labels, and this run %lld", CAM_TRAINING_RESULTS_FILE, (long long)labels,
                 (long long)t->latest.labels);
    CAM_TRY(take_metrics(&from, rows, &t->latest));
    CAM_TRY(take_metrics(&from, rows, &t->kept));
    CAM_TRY(take_guesses(&from, t->guesses[CAM_PART_VALIDATION], rows, labels));
    if (from.bytes > 0)
        CAM_FAIL(CAM_E_MODEL, "%s is longer than this run's", CAM_TRAINING_RESULTS_FILE);
out:
    return st;
}
