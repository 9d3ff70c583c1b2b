/* corpus_split.c: which rows are for training, validation and test; see corpus_internal.h. Where a split fails, each
 * setting that is proposed has been tried on the counts of the labels first. */
#include "audit.h"
#include "corpus_internal.h"
#include "remedy.h"
#include "split.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void cam_corpus_put_hints(const char *lines, cam_strbuf *out) {
    for (size_t length; *lines; lines += length + (lines[length] != '\0')) {
        length = strcspn(lines, "\n");
        if (out->length > 0)
            cam_strbuf_putc(out, '\n');
        cam_strbuf_puts(out, "hint: ");
        cam_strbuf_append(out, lines, length);
    }
}

/* --- what lets the split succeed -------------------------------------------------------------------------------- */

/* The training file's rows of each label, after changes that the user could make. */
typedef struct label_counts {
    const cam_corpus_opening *opening;
    int64_t *rows; /* [labels] */
    double fraction;
} label_counts;

static int64_t sum(const label_counts *counts) {
    int64_t rows = 0;
    for (size_t k = 0; k < counts->opening->corpus->labels.count; k++)
        rows += counts->rows[k];
    return rows;
}

static cam_status count_rows(label_counts *counts, const cam_corpus_opening *opening) {
    const cam_corpus *corpus = opening->corpus;
    *counts = (label_counts){opening, calloc(corpus->labels.count + 1, sizeof *counts->rows),
                             opening->config->validation_split};
    if (!counts->rows)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu labels", corpus->labels.count);
    cam_labels_count(&corpus->labels, corpus->label, corpus->files[CAM_PART_TRAIN].count, counts->rows);
    return CAM_OK;
}

/* As min_rows_per_label=2 would. */
static void drop_single(label_counts *counts) {
    for (size_t k = 0; k < counts->opening->corpus->labels.count; k++)
        if (counts->rows[k] == 1)
            counts->rows[k] = 0;
}

/* Whether the run would go on: the split succeeds, and labels are left as configured. */
static int is_enough(const label_counts *counts) {
    const cam_corpus_opening *opening = counts->opening;
    size_t labels = 0;
    for (size_t k = 0; k < opening->corpus->labels.count; k++)
        labels += counts->rows[k] > 0;
    if (opening->config->num_labels > 0 && opening->config->labels.kind != CAM_LABELS_LIST &&
        (int64_t)labels != opening->config->num_labels)
        return 0;
    return labels >= 2 && cam_split_is_possible(counts->rows, opening->corpus->labels.count, counts->fraction);
}

/* The smallest larger fraction, in hundredths up to a half, that is enough; 0 for none. */
static double find_fraction(label_counts counts) {
    for (int percent = (int)floor(counts.fraction * 100) + 1; percent <= 50; percent++) {
        counts.fraction = percent / 100.0;
        if (is_enough(&counts))
            return counts.fraction;
    }
    return 0;
}

static void put_minimum(const cam_corpus_opening *opening, cam_strbuf *out) {
    cam_strbuf_puts(out, "min_rows_per_label=2");
    if (opening->config->on_rare_label != CAM_RARE_LABEL_DROP)
        cam_strbuf_puts(out, " on_rare_label=drop");
}

static void put_fraction(const label_counts *counts, double fraction, cam_strbuf *out) {
    cam_strbuf_printf(out, "validation_split=%g (%.0f rows for validation)", fraction,
                      ceil(fraction * (double)sum(counts)));
}

/* Proposes label_map, min_rows_per_label and validation_split, alone or with the one before where it takes both. */
static void put_proposals(label_counts *counts, cam_strbuf *lines) {
    const cam_corpus_opening *opening = counts->opening;
    int64_t before = sum(counts);
    double fraction = find_fraction(*counts);
    if (fraction > 0) {
        cam_strbuf_puts(lines, "set ");
        put_fraction(counts, fraction, lines);
        cam_strbuf_putc(lines, '\n');
    }
    drop_single(counts);
    fraction = is_enough(counts) ? 0 : find_fraction(*counts);
    if (sum(counts) < before && (fraction > 0 || is_enough(counts))) {
        cam_strbuf_puts(lines, "set ");
        put_minimum(opening, lines);
        if (fraction > 0) {
            cam_strbuf_putc(lines, ' ');
            put_fraction(counts, fraction, lines);
        }
        cam_strbuf_printf(lines, ", which leaves out %lld row%s\n", (long long)(before - sum(counts)),
                          before - sum(counts) == 1 ? "" : "s");
    }
}

/* Returns 0 where the cure of the audit does not help. */
static int put_map_proposal(label_counts *counts, cam_strbuf *lines) {
    const cam_corpus_opening *opening = counts->opening;
    cam_strbuf map = CAM_STRBUF_INIT;
    int shown = cam_corpus_put_map(opening, &opening->cure, &map);
    cam_corpus_apply_cure(opening, counts->rows);
    int64_t before = sum(counts);
    int enough = is_enough(counts);
    if (!enough) {
        drop_single(counts);
        enough = is_enough(counts);
    }
    double fraction = enough ? 0 : find_fraction(*counts);
    if (shown && (enough || fraction > 0)) {
        cam_strbuf_printf(lines, "set %s", cam_strbuf_text(&map));
        if (sum(counts) < before) {
            cam_strbuf_putc(lines, ' ');
            put_minimum(opening, lines);
        }
        if (fraction > 0) {
            cam_strbuf_putc(lines, ' ');
            put_fraction(counts, fraction, lines);
        }
        cam_strbuf_putc(lines, '\n');
    }
    cam_strbuf_release(&map);
    return shown && (enough || fraction > 0);
}

/* Whether every row can be used without stratification: a label may then have no row in training. */
static int may_be_unstratified(const cam_corpus_opening *opening, int64_t rows) {
    return opening->config->class_weights.kind != CAM_CONFIG_CLASS_WEIGHTS_BALANCED &&
           ceil(opening->config->validation_split * (double)rows) < (double)rows;
}

/* The failure of a stratified split again, with what the labels look like and what lets it succeed. */
static cam_status explain(cam_corpus_opening *opening, cam_status failure) {
    cam_status st = CAM_OK;
    cam_strbuf message = CAM_STRBUF_INIT, lines = CAM_STRBUF_INIT;
    label_counts counts = {0}, mapped = {0};
    if (failure != CAM_E_DATA || !opening->config->stratify)
        return failure;
    cam_strbuf_printf(&message, "%s: %s", opening->config->train_file, cam_status_message());
    CAM_TRY(count_rows(&counts, opening));
    CAM_TRY(count_rows(&mapped, opening));
    int64_t rows = sum(&counts);
    if (!opening->findings_are_told)
        cam_strbuf_puts(&lines, cam_strbuf_text(&opening->findings));
    if (!put_map_proposal(&mapped, &lines) && !opening->findings_are_told)
        cam_corpus_put_cure(opening, &lines);
    opening->findings_are_told = 1;
    put_proposals(&counts, &lines);
    if (may_be_unstratified(opening, rows))
        cam_strbuf_puts(&lines, "set stratify=false, and a label may be missing in one of the parts\n");
    cam_corpus_put_hints(cam_strbuf_text(&lines), &message);
    st = cam_fail_again(failure, cam_strbuf_text(&message));
out:
    free(counts.rows);
    free(mapped.rows);
    cam_strbuf_release(&message);
    cam_strbuf_release(&lines);
    return st;
}

/* --- equal texts ----------------------------------------------------------------------------------------------- */

static cam_status keep_together(cam_corpus_opening *opening, cam_split *split, const int64_t *first) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    cam_split_moves moves;
    CAM_TRY(cam_split_keep_together(split, first, opening->config->stratify ? corpus->label : NULL,
                                    corpus->labels.count, &moves));
    if (split->test_count == 0)
        CAM_FAIL(CAM_E_DATA,
                 "%s: every text of the validation rows also stands in training rows; add other texts, or set "
                 "split_duplicates=apart",
                 opening->config->train_file);
    if (moves.texts > 0)
        cam_strbuf_printf(&corpus->warnings,
                          "%lld text%s in training and in validation: %lld row%s changed the part, so that equal texts "
                          "are in one (split_duplicates=apart: as scikit-learn)\n",
                          (long long)moves.texts, moves.texts == 1 ? " was" : "s were", (long long)moves.rows,
                          moves.rows == 1 ? "" : "s");
out:
    return st;
}

/* Validation rows whose text a training row has. */
static cam_status count_shared(const cam_split *split, const int64_t *first, size_t count, int64_t *shared) {
    unsigned char *trained = calloc(count + 1, 1);
    if (!trained)
        return cam_fail(CAM_E_MEMORY, "no memory to compare %zu rows", count);
    for (size_t i = 0; i < split->train_count; i++)
        trained[first[split->train[i]]] = 1;
    for (size_t i = 0; i < split->test_count; i++)
        *shared += trained[first[split->test[i]]];
    free(trained);
    return CAM_OK;
}

static cam_status treat_duplicates(cam_corpus_opening *opening, cam_split *split) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    const cam_dataset *train = &corpus->files[CAM_PART_TRAIN];
    int64_t *first = NULL, shared = 0;
    if (corpus->duplicates == 0)
        goto out;
    first = malloc((train->count + 1) * sizeof *first);
    if (!first)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %zu rows", train->count);
    CAM_TRY(cam_audit_groups(train, first));
    if (opening->config->split_duplicates == CAM_SPLIT_DUPLICATES_TOGETHER) {
        CAM_TRY(keep_together(opening, split, first));
        goto out;
    }
    CAM_TRY(count_shared(split, first, train->count, &shared));
    if (shared > 0 && opening->config->on_duplicate != CAM_DUPLICATE_IGNORE)
        cam_strbuf_printf(&corpus->warnings,
                          "%lld of %zu validation texts %s also in training, which flatters the score; "
                          "split_duplicates=together keeps equal texts in one part\n",
                          (long long)shared, split->test_count, shared == 1 ? "stands" : "stand");
out:
    free(first);
    return st;
}

/* --- parts ----------------------------------------------------------------------------------------------------- */

static cam_status take_part(cam_corpus *corpus, cam_data_part part, size_t count) {
    corpus->part[part] = malloc((count + 1) * sizeof(int32_t));
    if (!corpus->part[part])
        return cam_fail(CAM_E_MEMORY, "no memory for %zu row numbers", count);
    corpus->part_count[part] = (int64_t)count;
    return CAM_OK;
}

static cam_status take_whole_file(cam_corpus *corpus, cam_data_part part) {
    cam_status st = take_part(corpus, part, corpus->files[part].count);
    for (int64_t i = 0; st == CAM_OK && i < corpus->part_count[part]; i++)
        corpus->part[part][i] = (int32_t)(corpus->first_row[part] + i);
    return st;
}

static cam_status draw(const cam_corpus *corpus, const cam_config *config, cam_split *split) {
    const cam_dataset *file = &corpus->files[CAM_PART_TRAIN];
    const int32_t *ids = config->stratify ? corpus->label : NULL;
    const char *const *names = (const char *const *)corpus->labels.names;
    uint32_t seed = (uint32_t)config->split_seed;
    if (config->split_by == CAM_SPLIT_BY_SHUFFLE)
        return cam_split_rows(split, file->count, config->validation_split, seed, ids, corpus->labels.count, names);
    uint64_t *rank = malloc((file->count + 1) * sizeof *rank);
    if (!rank)
        return cam_fail(CAM_E_MEMORY, "no memory to split %zu rows", file->count);
    cam_split_rank_texts(file, seed, rank);
    cam_status st =
        cam_split_by_rank(split, file->count, config->validation_split, rank, ids, corpus->labels.count, names);
    free(rank);
    return st;
}

static cam_status split_train_file(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    const cam_config *config = opening->config;
    cam_split split = {0};
    cam_status failure = draw(corpus, config, &split);
    if (failure != CAM_OK)
        CAM_TRY(explain(opening, failure));
    CAM_TRY(treat_duplicates(opening, &split));
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

cam_status cam_corpus_split(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    if (opening->config->validation_file || opening->config->validation_split == 0) {
        CAM_TRY(take_whole_file(corpus, CAM_PART_TRAIN));
        CAM_TRY(take_whole_file(corpus, CAM_PART_VALIDATION));
    } else {
        CAM_TRY(split_train_file(opening));
    }
    CAM_TRY(take_whole_file(corpus, CAM_PART_TEST));
out:
    return st;
}
