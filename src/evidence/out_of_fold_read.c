/* out_of_fold_read.c: reads oof.jsonl; see out_of_fold.h. The file is not trusted: nothing is allocated for more scores than
 * its bytes can hold. */
#include "files.h"
#include "json_size.h"
#include "out_of_fold_internal.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 65536, MOST_SEEDS = 10000, MOST_FOLDS = 1000, LEAST_ROW_BYTES = 80, LEVELS = 4 };
static const size_t most_bytes = (size_t)1 << 37;

typedef struct reading {
    cam_out_of_fold *oof;
    const char *path, *at, *end;
    long line; /* of the object at hand */
} reading;

/* The object on the next line; NULL after a failure. */
static cam_status read_object(reading *r, json_t **object) {
    cam_status st = CAM_OK;
    json_error_t error;
    const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
    r->line++;
    *object = NULL;
    if (!end)
        CAM_FAIL(CAM_E_DATA, "%s:%ld: the line is cut; the file is not whole", r->path, r->line);
    if (cam_json_check_size(r->at, (size_t)(end - r->at), 4 * (MOST_LABELS + MOST_SEEDS), LEVELS) != CAM_OK)
        CAM_FAIL(CAM_E_DATA, "%s:%ld: %s", r->path, r->line, cam_status_message());
    *object = json_loadb(r->at, (size_t)(end - r->at), JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(*object)) {
        json_decref(*object);
        *object = NULL;
        CAM_FAIL(CAM_E_DATA, "%s:%ld: no JSON object", r->path, r->line);
    }
    r->at = end + 1;
out:
    return st;
}

static cam_status fail_member(const reading *r, const char *name, const char *expected) {
    return cam_fail(CAM_E_DATA, "%s:%ld: \"%s\" is missing, or is not %s", r->path, r->line, name, expected);
}

static cam_status read_integer(const reading *r, const json_t *object, const char *name, int64_t least, int64_t most,
                               int64_t *value) {
    const json_t *member = json_object_get(object, name);
    *value = json_integer_value(member);
    return json_is_integer(member) && *value >= least && *value <= most ? CAM_OK
                                                                        : fail_member(r, name, "a number in range");
}

static cam_status read_text(const reading *r, const json_t *object, const char *name, const char **text,
                            size_t *length) {
    const json_t *member = json_object_get(object, name);
    *text = json_string_value(member);
    *length = json_string_length(member);
    return *text && strlen(*text) == *length ? CAM_OK : fail_member(r, name, "a text");
}

static cam_status read_hex(const reading *r, const json_t *object, const char *name, size_t digits, const char **text) {
    size_t length;
    cam_status st = read_text(r, object, name, text, &length);
    if (st != CAM_OK)
        return st;
    return length == digits && strspn(*text, "0123456789abcdef") == digits
               ? CAM_OK
               : fail_member(r, name, "a hash in hexadecimal digits");
}

/* --- the first line -------------------------------------------------------------------------------------------- */

static cam_status read_labels(reading *r, const json_t *object) {
    const json_t *list = json_object_get(object, "labels");
    size_t count = json_array_size(list);
    int added;
    int32_t number;
    if (count < 1 || count > MOST_LABELS)
        return fail_member(r, "labels", "a list of names");
    for (size_t k = 0; k < count; k++) {
        const json_t *name = json_array_get(list, k);
        const char *text = json_string_value(name);
        if (!text || strlen(text) != json_string_length(name))
            return fail_member(r, "labels", "a list of names");
        cam_status st = cam_name_set_add(&r->oof->labels, text, strlen(text), &number, &added);
        if (st != CAM_OK)
            return st;
        if (!added)
            return cam_fail(CAM_E_DATA, "%s:%ld: the label \"%s\" is there twice", r->path, r->line, text);
    }
    return CAM_OK;
}

static cam_status read_seeds(reading *r, const json_t *object) {
    const json_t *list = json_object_get(object, "seeds");
    size_t count = json_array_size(list);
    if (count < 1 || count > MOST_SEEDS)
        return fail_member(r, "seeds", "a list of numbers");
    r->oof->seeds = (int32_t)count;
    r->oof->seed = malloc(count * sizeof *r->oof->seed);
    if (!r->oof->seed)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu seeds", count);
    for (size_t s = 0; s < count; s++) {
        if (!json_is_integer(json_array_get(list, s)))
            return fail_member(r, "seeds", "a list of numbers");
        r->oof->seed[s] = json_integer_value(json_array_get(list, s));
    }
    return CAM_OK;
}

static cam_status read_title(reading *r) {
    cam_status st = CAM_OK;
    json_t *object = NULL;
    const char *text;
    size_t length;
    int64_t folds;
    CAM_TRY(read_object(r, &object));
    const char *format = json_string_value(json_object_get(object, "format"));
    if (!format || strcmp(format, CAM_OUT_OF_FOLD_FORMAT) != 0)
        CAM_FAIL(CAM_E_DATA, "%s:1: no file of out-of-fold scores; it would begin with {\"format\":\"%s\"", r->path,
                 CAM_OUT_OF_FOLD_FORMAT);
    CAM_TRY(read_integer(r, object, "rows", 1, INT32_MAX, &r->oof->rows));
    CAM_TRY(read_integer(r, object, "folds", 2, MOST_FOLDS, &folds));
    r->oof->folds = (int32_t)folds;
    CAM_TRY(read_labels(r, object));
    CAM_TRY(read_seeds(r, object));
    CAM_TRY(read_hex(r, object, "data_sha256", CAM_SHA256_DIGITS, &text));
    memcpy(r->oof->data_sha256, text, CAM_SHA256_DIGITS + 1);
    CAM_TRY(read_text(r, object, "run", &text, &length));
    r->oof->run = strdup(text);
    if (!r->oof->run)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the name of a run");
out:
    json_decref(object);
    return st;
}

/* --- a row ----------------------------------------------------------------------------------------------------- */

static cam_status read_scores(const reading *r, const json_t *object, float *scores) {
    const json_t *list = json_object_get(object, "scores");
    size_t labels = r->oof->labels.count, count = json_array_size(list);
    double sum = 0;
    if (!json_is_array(list))
        return fail_member(r, "scores", "a list of numbers");
    if (count != labels)
        return cam_fail(CAM_E_DATA, "%s:%ld: %zu scores, where there are %zu labels", r->path, r->line, count, labels);
    for (size_t k = 0; k < labels; k++) {
        const json_t *member = json_array_get(list, k);
        double score = json_number_value(member);
        if (!json_is_number(member) || !(score >= 0 && score <= 1.00001))
            return cam_fail(CAM_E_DATA, "%s:%ld: number %zu of the scores is no probability", r->path, r->line, k + 1);
        sum += score;
        scores[k] = (float)score;
    }
    if (!(fabs(sum - 1) <= 1e-3))
        return cam_fail(CAM_E_DATA, "%s:%ld: the scores sum to %g, not to 1", r->path, r->line, sum);
    return CAM_OK;
}

static int is_same_row(const cam_out_of_fold_row *a, const cam_out_of_fold_row *b) {
    return a->row == b->row && a->file == b->file && a->label == b->label && a->line == b->line &&
           a->text_hash == b->text_hash;
}

static cam_status read_place(reading *r, const json_t *object, cam_out_of_fold_row *row) {
    cam_status st = CAM_OK;
    const char *text;
    size_t length;
    int64_t line, label;
    int added;
    CAM_TRY(read_integer(r, object, "row", 0, INT32_MAX, &row->row));
    CAM_TRY(read_text(r, object, "file", &text, &length));
    CAM_TRY(cam_name_set_add(&r->oof->files, text, length, &row->file, &added));
    CAM_TRY(read_integer(r, object, "line", 1, INT64_MAX / 2, &line));
    CAM_TRY(read_integer(r, object, "label", 0, (int64_t)r->oof->labels.count - 1, &label));
    CAM_TRY(read_hex(r, object, "text_hash", 16, &text));
    row->line = (long)line;
    row->label = (int32_t)label;
    row->text_hash = strtoull(text, NULL, 16);
out:
    return st;
}

static cam_status read_row(reading *r, int64_t i, int32_t s) {
    cam_status st = CAM_OK;
    json_t *object = NULL;
    cam_out_of_fold *oof = r->oof;
    cam_out_of_fold_row row = {0};
    int64_t seed, fold;
    CAM_TRY(read_object(r, &object));
    CAM_TRY(read_place(r, object, &row));
    CAM_TRY(read_integer(r, object, "seed", INT64_MIN, INT64_MAX, &seed));
    CAM_TRY(read_integer(r, object, "fold", 0, oof->folds - 1, &fold));
    CAM_TRY(read_scores(r, object, cam_out_of_fold_scores(oof, i, s)));
    if (seed != oof->seed[s] || (s > 0 && !is_same_row(&row, &oof->list[i])) ||
        (s == 0 && i > 0 && row.row <= oof->list[i - 1].row))
        CAM_FAIL(CAM_E_DATA, "%s:%ld: a row is missing or not in its place", r->path, r->line);
    oof->list[i] = row;
    oof->fold[i * oof->seeds + s] = (int32_t)fold;
out:
    json_decref(object);
    return st;
}

/* --- the file -------------------------------------------------------------------------------------------------- */

static cam_status parse(reading *r) {
    cam_status st = CAM_OK;
    cam_out_of_fold *oof = r->oof;
    CAM_TRY(read_title(r));
    int64_t lines = oof->rows * oof->seeds, room = (int64_t)(r->end - r->at);
    if (lines > room / (LEAST_ROW_BYTES + 2 * (int64_t)oof->labels.count))
        CAM_FAIL(CAM_E_DATA, "\"%s\" is cut: it is too short for %lld rows", r->path, (long long)lines);
    CAM_TRY(cam_out_of_fold_allocate(oof));
    for (int64_t i = 0; i < oof->rows; i++)
        for (int32_t s = 0; s < oof->seeds; s++) {
            if (r->at == r->end)
                CAM_FAIL(CAM_E_DATA, "\"%s\" is cut: it has %lld of %lld rows", r->path,
                         (long long)(i * oof->seeds + s), (long long)lines);
            CAM_TRY(read_row(r, i, s));
        }
    if (r->at != r->end)
        CAM_FAIL(CAM_E_DATA, "%s:%ld: more rows than the %lld of the first line", r->path, r->line + 1,
                 (long long)lines);
out:
    return st;
}

cam_status cam_out_of_fold_parse(cam_out_of_fold *oof, const char *path, const char *text, size_t length) {
    reading r = {.oof = oof, .path = path, .at = text, .end = text + length};
    *oof = (cam_out_of_fold){0};
    return length > 0 ? parse(&r) : cam_fail(CAM_E_DATA, "\"%s\" is empty", path);
}

cam_status cam_out_of_fold_read(cam_out_of_fold *oof, const char *path) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    *oof = (cam_out_of_fold){0};
    CAM_TRY(cam_file_read(path, most_bytes, CAM_E_DATA, &text));
    CAM_TRY(cam_out_of_fold_parse(oof, path, cam_strbuf_text(&text), text.length));
out:
    cam_strbuf_release(&text);
    return st;
}
