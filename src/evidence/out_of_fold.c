/* out_of_fold.c: makes and writes oof.jsonl; see out_of_fold.h. out_of_fold_read.c reads it. */
#include "out_of_fold.h"
#include "file_writer.h"
#include "json_out.h"
#include "out_of_fold_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cam_out_of_fold_release(cam_out_of_fold *oof) {
    cam_name_set_release(&oof->labels);
    cam_name_set_release(&oof->files);
    free(oof->run);
    free(oof->seed);
    free(oof->list);
    free(oof->fold);
    free(oof->scores);
    *oof = (cam_out_of_fold){0};
}

cam_status cam_out_of_fold_allocate(cam_out_of_fold *oof) {
    size_t cells = (size_t)oof->rows * (size_t)oof->seeds;
    oof->list = calloc((size_t)oof->rows + 1, sizeof *oof->list);
    oof->fold = malloc((cells + 1) * sizeof *oof->fold);
    oof->scores = calloc(cells * oof->labels.count + 1, sizeof *oof->scores);
    if (!oof->list || !oof->fold || !oof->scores)
        return cam_fail(CAM_E_MEMORY, "no memory for the scores of %lld rows", (long long)oof->rows);
    for (size_t i = 0; i < cells; i++)
        oof->fold[i] = -1;
    return CAM_OK;
}

static const cam_dataset *file_of(const cam_corpus *corpus, int64_t id) {
    int part = CAM_PARTS - 1;
    while (part > 0 && id < corpus->first_row[part])
        part--;
    return &corpus->files[part];
}

static cam_status init_row(cam_out_of_fold *oof, const cam_corpus *corpus, int64_t i, int64_t id) {
    int added;
    const char *path = file_of(corpus, id)->path;
    const cam_row *row = cam_corpus_row(corpus, id);
    oof->list[i] = (cam_out_of_fold_row){
        .row = id, .label = corpus->label[id], .line = row->line, .text_hash = cam_audit_text_hash(row)};
    return cam_name_set_add(&oof->files, path, strlen(path), &oof->list[i].file, &added);
}

cam_status cam_out_of_fold_init(cam_out_of_fold *oof, const cam_corpus *corpus, const int64_t *ids, int64_t count,
                                const int64_t *seed, int32_t seeds, int32_t folds, const char *run) {
    cam_status st = CAM_OK;
    int added;
    int32_t number;
    *oof = (cam_out_of_fold){.rows = count, .seeds = seeds, .folds = folds};
    oof->run = strdup(run);
    oof->seed = malloc(((size_t)seeds + 1) * sizeof *oof->seed);
    if (!oof->run || !oof->seed)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the scores of %lld rows", (long long)count);
    for (int32_t s = 0; s < seeds; s++)
        oof->seed[s] = seed[s];
    for (size_t k = 0; k < corpus->labels.count; k++)
        CAM_TRY(
            cam_name_set_add(&oof->labels, corpus->labels.names[k], strlen(corpus->labels.names[k]), &number, &added));
    CAM_TRY(cam_out_of_fold_allocate(oof));
    for (int64_t i = 0; i < count; i++)
        CAM_TRY(init_row(oof, corpus, i, ids[i]));
    CAM_TRY(cam_out_of_fold_hash_data(corpus, oof->data_sha256));
out:
    return st;
}

void cam_out_of_fold_mean(const cam_out_of_fold *oof, int64_t i, double *mean) {
    size_t labels = oof->labels.count;
    for (size_t k = 0; k < labels; k++)
        mean[k] = 0;
    for (int32_t s = 0; s < oof->seeds; s++) {
        const float *scores = cam_out_of_fold_scores(oof, i, s);
        for (size_t k = 0; k < labels; k++)
            mean[k] += (double)scores[k] / oof->seeds;
    }
}

/* --- what the file says of its data ---------------------------------------------------------------------------- */

cam_status cam_out_of_fold_hash_data(const cam_corpus *corpus, char digits[CAM_SHA256_DIGITS + 1]) {
    const cam_dataset *file = &corpus->files[CAM_PART_TRAIN];
    cam_strbuf bytes = CAM_STRBUF_INIT;
    for (size_t i = 0; i < file->count; i++) {
        int32_t label = corpus->label[corpus->first_row[CAM_PART_TRAIN] + (int64_t)i];
        const char *name = label >= 0 ? corpus->labels.names[label] : "";
        cam_strbuf_append(&bytes, file->rows[i].text, file->rows[i].text_length + 1);
        cam_strbuf_append(&bytes, name, strlen(name) + 1);
    }
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK)
        st = cam_sha256(cam_strbuf_text(&bytes), bytes.length, digits);
    cam_strbuf_release(&bytes);
    return st;
}

static int has_labels_of(const cam_out_of_fold *oof, const cam_labels *labels) {
    int same = oof->labels.count == labels->count;
    for (size_t k = 0; same && k < labels->count; k++)
        same = strcmp(oof->labels.names[k], labels->names[k]) == 0;
    return same;
}

cam_status cam_out_of_fold_check(const cam_out_of_fold *oof, const char *path, const cam_corpus *corpus) {
    cam_status st = CAM_OK;
    char digits[CAM_SHA256_DIGITS + 1];
    CAM_TRY(cam_out_of_fold_hash_data(corpus, digits));
    if (strcmp(digits, oof->data_sha256) != 0)
        CAM_FAIL(CAM_E_DATA, "\"%s\" was made from other data: the rows of \"%s\" have changed since then", path,
                 corpus->files[CAM_PART_TRAIN].path);
    if (!has_labels_of(oof, &corpus->labels))
        CAM_FAIL(CAM_E_DATA, "\"%s\" was made with other labels, or with their ids in another order", path);
    for (int64_t i = 0; i < oof->rows; i++) {
        const cam_out_of_fold_row *row = &oof->list[i];
        if (row->row >= corpus->rows || row->label != corpus->label[row->row] ||
            row->text_hash != cam_audit_text_hash(cam_corpus_row(corpus, row->row)))
            CAM_FAIL(CAM_E_DATA, "\"%s\" was made from other data: row %lld has another text or label", path,
                     (long long)row->row);
    }
out:
    return st;
}

/* --- writing --------------------------------------------------------------------------------------------------- */

static void put_title(const cam_out_of_fold *oof, cam_strbuf *out) {
    cam_json json;
    cam_json_begin(&json, out);
    cam_json_text(&json, "format", CAM_OUT_OF_FOLD_FORMAT);
    cam_json_integer(&json, "rows", oof->rows);
    cam_json_array(&json, "labels");
    for (size_t k = 0; k < oof->labels.count; k++)
        cam_json_text(&json, NULL, oof->labels.names[k]);
    cam_json_close(&json);
    cam_json_array(&json, "seeds");
    for (int32_t s = 0; s < oof->seeds; s++)
        cam_json_integer(&json, NULL, oof->seed[s]);
    cam_json_close(&json);
    cam_json_integer(&json, "folds", oof->folds);
    cam_json_text(&json, "data_sha256", oof->data_sha256);
    cam_json_text(&json, "run", oof->run);
    cam_json_end(&json);
    cam_strbuf_putc(out, '\n');
}

static void put_row(const cam_out_of_fold *oof, int64_t i, int32_t s, cam_strbuf *out) {
    const cam_out_of_fold_row *row = &oof->list[i];
    const float *scores = cam_out_of_fold_scores(oof, i, s);
    cam_strbuf_printf(out, "{\"row\":%" PRId64 ",\"file\":", row->row);
    cam_strbuf_put_json(out, oof->files.names[row->file], oof->files.lengths[row->file]);
    cam_strbuf_printf(out, ",\"line\":%ld,\"text_hash\":\"%016" PRIx64 "\",\"seed\":%" PRId64, row->line,
                      row->text_hash, oof->seed[s]);
    cam_strbuf_printf(out, ",\"fold\":%d,\"label\":%d,\"scores\":[", (int)oof->fold[i * oof->seeds + s],
                      (int)row->label);
    for (size_t k = 0; k < oof->labels.count; k++) {
        char number[32];
        snprintf(number, sizeof number, k ? ",%.9g" : "%.9g", (double)scores[k]);
        cam_strbuf_puts(out, number);
    }
    cam_strbuf_puts(out, "]}\n");
}

cam_status cam_out_of_fold_write(const cam_out_of_fold *oof, const char *path) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_file_writer writer = CAM_FILE_WRITER_CLOSED;
    CAM_TRY(cam_file_writer_open(&writer, path));
    put_title(oof, &text);
    for (int64_t i = 0; i < oof->rows; i++)
        for (int32_t s = 0; s < oof->seeds; s++) {
            put_row(oof, i, s, &text);
            CAM_TRY(cam_file_writer_drain(&writer, &text, 0));
        }
    CAM_TRY(cam_file_writer_drain(&writer, &text, 1));
    CAM_TRY(cam_file_writer_commit(&writer));
out:
    cam_file_writer_abandon(&writer);
    cam_strbuf_release(&text);
    return st;
}
