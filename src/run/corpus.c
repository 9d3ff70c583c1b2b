/* corpus.c: see corpus.h. */
#include "corpus.h"
#include "log.h"
#include "split.h"
#include <stdlib.h>
#include <string.h>

cam_read_options cam_corpus_read_options(const cam_config *config, const char *path) {
    return (cam_read_options){.path = path,
                              .format = config->format,
                              .encoding = config->encoding,
                              .delimiter = cam_config_delimiter_char(config->delimiter),
                              .columns = config->columns.count ? config->columns.items : NULL,
                              .column_count = config->columns.count,
                              .text_column = config->text_column,
                              .label_column = config->label_column,
                              .on_bad_row = config->on_bad_row,
                              .label_required = 1};
}

const cam_row *cam_corpus_row(const cam_corpus *corpus, int64_t id) {
    int part = CAM_PARTS - 1;
    while (part > 0 && id < corpus->first_row[part])
        part--;
    return &corpus->files[part].rows[id - corpus->first_row[part]];
}

/* --- reading --------------------------------------------------------------------------------------------------- */

static cam_status read_files(cam_corpus *corpus, const cam_config *config) {
    cam_status st = CAM_OK;
    const char *paths[CAM_PARTS] = {config->train_file, config->validation_file, config->test_file};
    for (int part = 0; part < CAM_PARTS; part++) {
        if (!paths[part])
            continue;
        cam_read_options options = cam_corpus_read_options(config, paths[part]);
        options.max_rows = part == CAM_PART_TRAIN ? config->max_train_samples : config->max_eval_samples;
        CAM_TRY(cam_dataset_load(&options, &corpus->files[part]));
        cam_read_counts_describe(&corpus->files[part].counts, paths[part], &corpus->warnings);
    }
out:
    return st;
}

/* Finds duplicates and leaks between files. on_duplicate=drop removes rows, so this precedes the numbering of rows. */
static cam_status audit(cam_corpus *corpus, const cam_config *config) {
    cam_status st = CAM_OK;
    cam_audit found;
    const cam_dataset *parts[CAM_PARTS];
    for (int part = 0; part < CAM_PARTS; part++)
        parts[part] = corpus->files[part].count ? &corpus->files[part] : NULL;
    CAM_TRY(cam_audit_run(&found, parts));
    CAM_TRY(cam_audit_apply(&found, config->on_duplicate, &corpus->files[CAM_PART_TRAIN], &corpus->warnings,
                            &corpus->dropped));
out:
    return st;
}

static cam_status number_rows(cam_corpus *corpus) {
    for (int part = 0; part < CAM_PARTS; part++) {
        corpus->first_row[part] = corpus->rows;
        corpus->rows += (int64_t)corpus->files[part].count;
    }
    if (corpus->rows > INT32_MAX)
        return cam_fail(CAM_E_DATA, "%lld rows are more than a run can number", (long long)corpus->rows);
    corpus->label = malloc((size_t)corpus->rows * sizeof *corpus->label);
    return corpus->label ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for %lld labels", (long long)corpus->rows);
}

/* --- labels ---------------------------------------------------------------------------------------------------- */

/* Whether the data has exactly the labels of a model folder. */
static int same_labels(const cam_labels *a, const cam_labels *b) {
    if (!a || a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (cam_labels_find(b, a->names[i], strlen(a->names[i])) < 0)
            return 0;
    return 1;
}

static cam_status label_rows(cam_corpus *corpus, const cam_config *config, const cam_labels *known) {
    cam_status st = CAM_OK;
    cam_label_options options = {
        .order = config->labels.kind, .list = config->labels.list.items, .list_count = config->labels.list.count};
    CAM_TRY(cam_labels_build(&corpus->labels, &options, &corpus->files[CAM_PART_TRAIN], &corpus->warnings));
    if (same_labels(known, &corpus->labels)) {
        cam_labels_release(&corpus->labels);
        CAM_TRY(cam_labels_from_names(&corpus->labels, (const char *const *)known->names, known->count));
    }
    if (config->num_labels > 0 && (int64_t)corpus->labels.count != config->num_labels)
        CAM_FAIL(CAM_E_USAGE,
                 "num_labels is %lld, but the data has %zu labels; leave it auto, or list them in \"labels\"",
                 (long long)config->num_labels, corpus->labels.count);
    for (int part = 0; part < CAM_PARTS; part++)
        CAM_TRY(cam_labels_assign(&corpus->labels, &corpus->files[part], corpus->label + corpus->first_row[part]));
out:
    return st;
}

/* --- split ----------------------------------------------------------------------------------------------------- */

static cam_status take_part(cam_corpus *corpus, cam_data_part part, size_t count) {
    corpus->part_count[part] = (int64_t)count;
    corpus->part[part] = malloc((count + 1) * sizeof(int32_t));
    return corpus->part[part] ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for %zu row numbers", count);
}

static cam_status take_whole_file(cam_corpus *corpus, cam_data_part part) {
    cam_status st = take_part(corpus, part, corpus->files[part].count);
    for (int64_t i = 0; st == CAM_OK && i < corpus->part_count[part]; i++)
        corpus->part[part][i] = (int32_t)(corpus->first_row[part] + i);
    return st;
}

static cam_status split_train_file(cam_corpus *corpus, const cam_config *config) {
    cam_status st = CAM_OK;
    cam_split split = {0};
    CAM_TRY(cam_split_rows(&split, corpus->files[CAM_PART_TRAIN].count, config->validation_split,
                           (uint32_t)config->split_seed, config->stratify ? corpus->label : NULL, corpus->labels.count,
                           (const char *const *)corpus->labels.names));
    CAM_TRY(take_part(corpus, CAM_PART_TRAIN, split.train_count));
    CAM_TRY(take_part(corpus, CAM_PART_VALIDATION, split.test_count));
    for (size_t i = 0; i < split.train_count; i++)
        corpus->part[CAM_PART_TRAIN][i] = (int32_t)split.train[i];
    for (size_t i = 0; i < split.test_count; i++)
        corpus->part[CAM_PART_VALIDATION][i] = (int32_t)split.test[i];
out:
    cam_split_release(&split);
    return st;
}

static cam_status split(cam_corpus *corpus, const cam_config *config) {
    cam_status st = CAM_OK;
    if (config->validation_file) {
        CAM_TRY(take_whole_file(corpus, CAM_PART_TRAIN));
        CAM_TRY(take_whole_file(corpus, CAM_PART_VALIDATION));
    } else {
        CAM_TRY(split_train_file(corpus, config));
    }
    CAM_TRY(take_whole_file(corpus, CAM_PART_TEST));
out:
    return st;
}

static cam_status count_labels(cam_corpus *corpus) {
    size_t near_duplicates;
    corpus->label_count = calloc(corpus->labels.count, sizeof *corpus->label_count);
    if (!corpus->label_count)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu labels", corpus->labels.count);
    for (int64_t i = 0; i < corpus->part_count[CAM_PART_TRAIN]; i++)
        corpus->label_count[corpus->label[corpus->part[CAM_PART_TRAIN][i]]]++;
    cam_status st =
        cam_labels_near_duplicates(&corpus->labels, corpus->label_count, &corpus->warnings, &near_duplicates);
    if (st == CAM_OK)
        cam_audit_labels(&corpus->labels, corpus->label_count, &corpus->warnings);
    return st;
}

cam_status cam_corpus_open(cam_corpus *corpus, const cam_config *config, const cam_labels *known) {
    cam_status st = CAM_OK;
    *corpus = (cam_corpus){0};
    CAM_TRY(read_files(corpus, config));
    CAM_TRY(audit(corpus, config));
    CAM_TRY(number_rows(corpus));
    CAM_TRY(label_rows(corpus, config, known));
    CAM_TRY(split(corpus, config));
    CAM_TRY(count_labels(corpus));
out:
    if (st != CAM_OK)
        cam_corpus_close(corpus);
    return st;
}

void cam_corpus_close(cam_corpus *corpus) {
    for (int part = 0; part < CAM_PARTS; part++) {
        cam_dataset_release(&corpus->files[part]);
        free(corpus->part[part]);
    }
    cam_labels_release(&corpus->labels);
    cam_token_rows_release(&corpus->tokens);
    cam_strbuf_release(&corpus->warnings);
    free(corpus->label);
    free(corpus->label_count);
    *corpus = (cam_corpus){0};
}

/* --- tokens ---------------------------------------------------------------------------------------------------- */

/* The number of rows of which every token between <s> and </s> is unknown. */
static int64_t count_unknown_only(const cam_token_rows *tokens, int32_t unk) {
    int64_t rows = 0;
    for (int64_t r = 0; r < tokens->rows; r++) {
        int64_t begin = tokens->offsets[r] + 1, end = tokens->offsets[r + 1] - 1;
        int only = begin < end;
        for (int64_t t = begin; t < end && only; t++)
            only = tokens->ids[t] == unk;
        rows += only;
    }
    return rows;
}

cam_status cam_corpus_tokenize(cam_corpus *corpus, const cam_tokenizer *tokenizer, int32_t max_length,
                               const cam_cancel *cancel) {
    cam_status st = CAM_OK;
    cam_text *texts = malloc((size_t)(corpus->rows + 1) * sizeof *texts);
    if (!texts)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld texts", (long long)corpus->rows);
    for (int64_t r = 0; r < corpus->rows; r++) {
        const cam_row *row = cam_corpus_row(corpus, r);
        texts[r] = (cam_text){row->text, row->text_length};
    }
    CAM_TRY(cam_tokenizer_encode_all(tokenizer, texts, corpus->rows, max_length, cancel, &corpus->tokens));
    if (corpus->tokens.truncated > 0)
        cam_strbuf_printf(&corpus->warnings, "%lld of %lld texts were cut to max_seq_length=%d tokens\n",
                          (long long)corpus->tokens.truncated, (long long)corpus->rows, max_length);
    int64_t unknown = count_unknown_only(&corpus->tokens, cam_tokenizer_special_ids(tokenizer).unk);
    if (unknown > 0)
        cam_strbuf_printf(&corpus->warnings, "%lld texts hold only symbols that the vocabulary does not know\n",
                          (long long)unknown);
out:
    free(texts);
    return st;
}
