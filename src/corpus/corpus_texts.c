/* corpus_texts.c: cam_corpus_open_texts of corpus.h. */
#include "corpus.h"
#include "hash.h"
#include "plain.h"
#include <stdlib.h>
#include <string.h>

/* --- the split ---------------------------------------------------------------------------------------------------- */

/* Every text has a rank that depends on it and the seed alone; the lowest ones are held out. */
typedef struct text_ranks {
    const uint64_t *of_text;
    uint64_t seed;
} text_ranks;

static uint64_t rank_of(const text_ranks *ranks, int64_t row) {
    return cam_hash_mix(ranks->of_text[row] ^ ranks->seed);
}

/* The rank below which `fraction` of all texts lie; that of one text where there is none. */
static uint64_t find_limit(const text_ranks *ranks, int64_t rows, double fraction) {
    uint64_t limit = (uint64_t)(fraction * 0x1p64), lowest = UINT64_MAX;
    for (int64_t r = 0; r < rows; r++)
        lowest = rank_of(ranks, r) < lowest ? rank_of(ranks, r) : lowest;
    return lowest < limit || lowest == UINT64_MAX ? limit : lowest + 1;
}

static cam_status take_rows(cam_corpus *corpus, cam_data_part part, int64_t most) {
    corpus->part[part] = malloc(((size_t)most + 1) * sizeof(int32_t));
    if (!corpus->part[part])
        return cam_fail(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)most);
    return CAM_OK;
}

static void add_row(cam_corpus *corpus, cam_data_part part, int64_t row) {
    corpus->part[part][corpus->part_count[part]++] = (int32_t)row;
}

static cam_status fail_without_training(const cam_corpus *corpus, const cam_config *config) {
    const uint64_t *of_text = corpus->texts.of_text;
    int64_t same = 1;
    while (same < corpus->rows && of_text[same] == of_text[0])
        same++;
    if (same == corpus->rows)
        return cam_fail(CAM_E_DATA, "%s: a single text cannot be trained on and held out as well; add texts",
                        config->train_file);
    return cam_fail(CAM_E_DATA, "%s: all texts are held out, and none is left for training; set validation_split=%g",
                    config->train_file, CAM_PRETRAINING_SPLIT);
}

static cam_status split(cam_corpus *corpus, const cam_config *config) {
    cam_status st = CAM_OK;
    const cam_text_counts *counts = &corpus->texts.counts;
    uint64_t seed = (uint64_t)config->split_seed;
    text_ranks of = {corpus->texts.of_text, cam_hash_mix(cam_hash_bytes(CAM_HASH_START, &seed, sizeof seed))};
    int has_file = config->validation_file != NULL;
    uint64_t limit = has_file ? 0 : find_limit(&of, counts->rows, config->validation_split);
    int64_t held = has_file ? counts->rows - counts->train_rows : 0;
    for (int64_t r = 0; r < counts->rows && !has_file; r++)
        held += rank_of(&of, r) < limit;
    CAM_TRY(take_rows(corpus, CAM_PART_TRAIN, counts->rows - held));
    CAM_TRY(take_rows(corpus, CAM_PART_VALIDATION, held));
    CAM_TRY(take_rows(corpus, CAM_PART_TEST, 0));
    for (int64_t r = 0; r < counts->rows; r++) {
        int is_held = has_file ? r >= counts->train_rows : rank_of(&of, r) < limit;
        add_row(corpus, is_held ? CAM_PART_VALIDATION : CAM_PART_TRAIN, r);
    }
    if (corpus->part_count[CAM_PART_TRAIN] == 0)
        return fail_without_training(corpus, config);
    if (has_file && held == 0)
        CAM_FAIL(CAM_E_DATA, "%s: the texts have no word: no loss can be measured on them", config->validation_file);
out:
    return st;
}

/* --- what is doubtful --------------------------------------------------------------------------------------------- */

static void warn(cam_corpus *corpus) {
    enum { ONE_UNKNOWN_IN = 100 };
    const cam_text_counts *counts = &corpus->texts.counts;
    cam_strbuf *out = &corpus->warnings;
    if (counts->bad > 0) {
        cam_plain_put_counted(out, counts->bad, "bad row was", "bad rows were");
        cam_strbuf_puts(out, " left out\n");
    }
    if (counts->unknown > counts->tokens / ONE_UNKNOWN_IN)
        cam_strbuf_printf(out, "%.1f %% of the tokens are unknown to the vocabulary: is it that of this language?\n",
                          100 * (double)counts->unknown / (double)counts->tokens);
}

cam_status cam_corpus_open_texts(cam_corpus *corpus, const cam_text_source *source) {
    cam_status st = CAM_OK;
    *corpus = (cam_corpus){0};
    CAM_TRY(cam_text_cache_open(&corpus->texts, source));
    corpus->tokens = corpus->texts.tokens;
    corpus->rows = corpus->texts.counts.rows;
    warn(corpus);
    CAM_TRY(split(corpus, source->config));
out:
    return st;
}
