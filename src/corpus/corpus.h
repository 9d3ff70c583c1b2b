/* corpus.h: the data of a run, from files to token ids: read, audited, labelled, split and tokenised.
 *
 * Every row of every file has a number, its data row id: first the rows of train_file, then those of validation_file,
 * then those of test_file, then those of distill_texts. Random numbers (dropout) depend on this id, which does not depend on the split or the order.
 */
#ifndef CAM_CORPUS_H
#define CAM_CORPUS_H

#include "audit.h"
#include "config.h"
#include "dataset.h"
#include "labels.h"
#include "scorer.h"
#include "text_cache.h"
#include "tokenizer.h"

typedef struct cam_corpus {
    cam_dataset files[CAM_PARTS]; /* empty if the run has no such file */
    int64_t first_row[CAM_PARTS]; /* data row id of each file's first row */
    cam_dataset unlabelled;       /* distill_texts: rows without a label, which are trained on */
    int64_t first_unlabelled;     /* data row id of the first of them */
    int64_t rows;
    cam_labels labels;
    int32_t *label;           /* [rows] id; -1 for a row of `unlabelled`, and after a failure for an unknown label */
    int32_t *part[CAM_PARTS]; /* data row ids of training, validation and test rows, in the order of the split; behind
                               * those of the training rows are those of `unlabelled`, which part_count leaves out */
    int64_t part_count[CAM_PARTS];
    int64_t *label_count;  /* [labels] training rows */
    size_t to_mend;        /* labels that the cure of the audit would rename or leave out */
    size_t dropped;        /* duplicates removed (on_duplicate=drop) */
    int64_t duplicates;    /* rows of the training file that repeat the text of an earlier one */
    cam_token_rows tokens; /* filled by cam_corpus_tokenize */
    cam_text_cache texts;  /* of pretraining: it has the tokens; files, labels and what counts them are empty */
    cam_strbuf warnings;   /* one line each */
} cam_corpus;

/* Reads, renames labels, audits, gives ids and splits. `known` (may be NULL) are the labels of a model folder that already
 * has a classifier: if the data has exactly these labels, their ids are kept.
 *
 * CAM_E_DATA or CAM_E_USAGE, that of the first failure, with the messages of all steps that could be tried, one a line:
 * reading of each file, duplicates (on_duplicate=error), rules and ids of the labels, the split. A line that begins with
 * "hint: " belongs to the error before it. The corpus then holds what could be made, for a report:
 *     files        of each file the rows that could be read, with the labels after the rules
 *     warnings     all that was noticed
 * and, unless the training file gave no row:
 *     labels, label, rows, first_row    a row whose label is not among `labels` has the id -1
 *     label_count  of the training rows, or where there is no split of all rows of the training file
 *     part         NULL, and part_count 0, where there is no split
 * CAM_E_MEMORY: any of these may be missing. The caller closes the corpus in every case. */
CAM_MUST_CHECK cam_status cam_corpus_open(cam_corpus *corpus, const cam_config *config, const cam_labels *known);
void cam_corpus_close(cam_corpus *corpus);

/* Fills `tokens`; warns of texts that were cut, and of texts that have only unknown symbols. `cancel` may be NULL. */
CAM_MUST_CHECK cam_status cam_corpus_tokenize(cam_corpus *corpus, const cam_tokenizer *tokenizer, int32_t max_length,
                                              const cam_cancel *cancel);

/* The corpus of pretraining: takes or makes the cache of the texts (text_cache.h), and splits its rows. Where there is no
 * validation_file, a hash of each text and split_seed say whether it is held out, whatever the other texts are; at least
 * one text is. CAM_E_DATA where there are too few texts; other errors are those of cam_text_cache_open. */
CAM_MUST_CHECK cam_status cam_corpus_open_texts(cam_corpus *corpus, const cam_text_source *source);

/* The reader's options for one of the run's files. */
cam_read_options cam_corpus_read_options(const cam_config *config, const char *path);
/* The label rules of a configuration, which must outlive them. */
cam_label_rules cam_corpus_label_rules(const cam_config *config);
/* The rows that are trained on: part[CAM_PART_TRAIN] has so many, with and without a label. */
static inline int64_t cam_corpus_train_count(const cam_corpus *corpus) {
    return corpus->part_count[CAM_PART_TRAIN] + (int64_t)corpus->unlabelled.count;
}
/* The row with a data row id. */
const cam_row *cam_corpus_row(const cam_corpus *corpus, int64_t id);

#endif
