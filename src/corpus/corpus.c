/* corpus.c: see corpus.h. */
#include "corpus_internal.h"
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

cam_label_rules cam_corpus_label_rules(const cam_config *config) {
    return (cam_label_rules){.map = config->label_map.items,
                             .map_count = config->label_map.count,
                             .label_case = config->label_case,
                             .spellings = config->labels.list.items,
                             .spelling_count = config->labels.list.count,
                             .min_rows = config->min_rows_per_label,
                             .on_rare = config->on_rare_label};
}

const cam_row *cam_corpus_row(const cam_corpus *corpus, int64_t id) {
    int part = CAM_PARTS - 1;
    if (corpus->unlabelled.count > 0 && id >= corpus->first_unlabelled)
        return &corpus->unlabelled.rows[id - corpus->first_unlabelled];
    while (part > 0 && id < corpus->first_row[part])
        part--;
    return &corpus->files[part].rows[id - corpus->first_row[part]];
}

/* --- reading --------------------------------------------------------------------------------------------------- */

/* The texts may be in a file of another kind than the labelled rows. */
static cam_status read_unlabelled(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    const cam_config *config = opening->config;
    const cam_dataset *train = &corpus->files[CAM_PART_TRAIN];
    if (!config->distill_teacher || !config->distill_texts)
        return CAM_OK;
    cam_read_options options = cam_corpus_read_options(config, config->distill_texts);
    options.format = CAM_FORMAT_AUTO;
    options.delimiter = 0;
    options.delimiter_hint = train->delimiter;
    options.encoding_hint = train->encoding;
    options.columns_are_hint = 1;
    options.label_required = 0;
    CAM_TRY(cam_failures_take(&opening->failures, cam_dataset_load(&options, &corpus->unlabelled)));
    cam_read_counts_describe(&corpus->unlabelled.counts, config->distill_texts, &corpus->warnings);
out:
    return st;
}

static cam_status read_files(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    const cam_config *config = opening->config;
    const char *paths[CAM_PARTS] = {config->train_file, config->validation_file, config->test_file};
    for (int part = 0; part < CAM_PARTS; part++) {
        if (!paths[part])
            continue;
        cam_read_options options = cam_corpus_read_options(config, paths[part]);
        options.max_rows = part == CAM_PART_TRAIN ? config->max_train_samples : config->max_eval_samples;
        cam_status read = cam_dataset_load(&options, &corpus->files[part]);
        if (part == CAM_PART_TRAIN)
            opening->train_is_sound = read == CAM_OK;
        CAM_TRY(cam_failures_take(&opening->failures, read));
        cam_read_counts_describe(&corpus->files[part].counts, paths[part], &corpus->warnings);
    }
    CAM_TRY(read_unlabelled(opening));
out:
    return st;
}

/* --- opening --------------------------------------------------------------------------------------------------- */

/* What the counts say once the labels are mended, as the cure proposes: a misspelt label is rare, and is no reason for class
 * weights. */
static cam_status audit_counts(const cam_corpus_opening *opening) {
    cam_corpus *corpus = opening->corpus;
    size_t bytes = (corpus->labels.count + 1) * sizeof *corpus->label_count;
    int weighted = opening->config->class_weights.kind != CAM_CONFIG_CLASS_WEIGHTS_NONE;
    int64_t *mended = malloc(bytes);
    if (!mended)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu labels", corpus->labels.count);
    memcpy(mended, corpus->label_count, bytes);
    cam_corpus_apply_cure(opening, mended);
    cam_audit_labels(&corpus->labels, mended, weighted, &corpus->warnings);
    free(mended);
    return CAM_OK;
}

/* Over the training rows, or over the training file where there is no split. */
static cam_status count_labels(const cam_corpus_opening *opening) {
    cam_corpus *corpus = opening->corpus;
    const int32_t *rows = corpus->part[CAM_PART_TRAIN];
    int64_t count = rows ? corpus->part_count[CAM_PART_TRAIN] : (int64_t)corpus->files[CAM_PART_TRAIN].count;
    corpus->label_count = calloc(corpus->labels.count + 1, sizeof *corpus->label_count);
    if (!corpus->label_count)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu labels", corpus->labels.count);
    for (int64_t i = 0; i < count; i++) {
        int32_t label = corpus->label[rows ? rows[i] : i];
        if (label >= 0)
            corpus->label_count[label]++;
    }
    return audit_counts(opening);
}

/* Puts the rows without a label behind the training rows. */
static cam_status add_unlabelled(cam_corpus *corpus) {
    size_t labelled = (size_t)corpus->part_count[CAM_PART_TRAIN], count = corpus->unlabelled.count;
    if (count == 0 || !corpus->part[CAM_PART_TRAIN])
        return CAM_OK;
    int32_t *rows = realloc(corpus->part[CAM_PART_TRAIN], (labelled + count) * sizeof *rows);
    if (!rows)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu row numbers", labelled + count);
    for (size_t i = 0; i < count; i++)
        rows[labelled + i] = (int32_t)(corpus->first_unlabelled + (int64_t)i);
    corpus->part[CAM_PART_TRAIN] = rows;
    return CAM_OK;
}

static cam_status open_corpus(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    CAM_TRY(read_files(opening));
    if (corpus->files[CAM_PART_TRAIN].count == 0)
        goto out;
    CAM_TRY(cam_corpus_label(opening));
    if (opening->train_is_sound)
        CAM_TRY(cam_failures_take(&opening->failures, cam_corpus_split(opening)));
    CAM_TRY(add_unlabelled(corpus));
    if (!opening->findings_are_told) {
        cam_strbuf_puts(&corpus->warnings, cam_strbuf_text(&opening->findings));
        cam_corpus_put_cure(opening, &corpus->warnings);
    }
    corpus->to_mend = opening->cure.from.count;
    CAM_TRY(count_labels(opening));
out:
    return st;
}

cam_status cam_corpus_open(cam_corpus *corpus, const cam_config *config, const cam_labels *known) {
    cam_status st = CAM_OK;
    cam_corpus_opening opening = {.corpus = corpus, .config = config, .known = known};
    *corpus = (cam_corpus){0};
    CAM_TRY(open_corpus(&opening));
    CAM_TRY(cam_failures_status(&opening.failures));
out:
    cam_failures_release(&opening.failures);
    cam_strbuf_release(&opening.findings);
    cam_label_cure_release(&opening.cure);
    return st;
}

void cam_corpus_close(cam_corpus *corpus) {
    for (int part = 0; part < CAM_PARTS; part++) {
        cam_dataset_release(&corpus->files[part]);
        free(corpus->part[part]);
    }
    cam_dataset_release(&corpus->unlabelled);
    cam_labels_release(&corpus->labels);
    if (!corpus->texts.map.bytes)
        cam_token_rows_release(&corpus->tokens);
    cam_text_cache_close(&corpus->texts);
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
        cam_strbuf_printf(&corpus->warnings, "%lld of %lld texts %s cut to max_seq_length=%d tokens\n",
                          (long long)corpus->tokens.truncated, (long long)corpus->rows,
                          corpus->tokens.truncated == 1 ? "was" : "were", max_length);
    int64_t unknown = count_unknown_only(&corpus->tokens, cam_tokenizer_special_ids(tokenizer).unk);
    if (unknown > 0)
        cam_strbuf_printf(&corpus->warnings, "%lld text%s only symbols that the vocabulary does not know\n",
                          (long long)unknown, unknown == 1 ? " holds" : "s hold");
    CAM_TRY(cam_tokenizer_warn_of_unknown(tokenizer, texts, &corpus->tokens, &corpus->warnings));
out:
    free(texts);
    return st;
}
