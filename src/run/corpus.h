/* corpus.h: the data of a run, from files to token ids: read, audited, labelled, split and tokenised.
 *
 * Every row of every file has a number, its data row id: first the rows of train_file, then those of validation_file,
 * then those of test_file. Random numbers (dropout) depend on this id, which does not depend on the split or the order.
 */
#ifndef CAM_CORPUS_H
#define CAM_CORPUS_H

#include "audit.h"
#include "config.h"
#include "dataset.h"
#include "labels.h"
#include "scorer.h"
#include "tokenizer.h"

typedef struct cam_corpus {
    cam_dataset files[CAM_PARTS]; /* empty if the run has no such file */
    int64_t first_row[CAM_PARTS]; /* data row id of each file's first row */
    int64_t rows;
    cam_labels labels;
    int32_t *label;           /* [rows] */
    int32_t *part[CAM_PARTS]; /* data row ids of training, validation and test rows, in the order of the split */
    int64_t part_count[CAM_PARTS];
    int64_t *label_count;  /* [labels] training rows */
    size_t dropped;        /* duplicates removed (on_duplicate=drop) */
    cam_token_rows tokens; /* filled by cam_corpus_tokenize */
    cam_strbuf warnings;   /* one line each */
} cam_corpus;

/* Reads, audits, labels and splits. `known` (may be NULL) are the labels of a model folder that already has a
 * classifier: if the data has exactly these labels, their ids are kept. CAM_E_DATA, CAM_E_USAGE, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_corpus_open(cam_corpus *corpus, const cam_config *config, const cam_labels *known);
void cam_corpus_close(cam_corpus *corpus);

/* Fills `tokens`; warns of texts that were cut, and of texts that have only unknown symbols. `cancel` may be NULL. */
CAM_MUST_CHECK cam_status cam_corpus_tokenize(cam_corpus *corpus, const cam_tokenizer *tokenizer, int32_t max_length,
                                              const cam_cancel *cancel);

/* The reader's options for one of the run's files. */
cam_read_options cam_corpus_read_options(const cam_config *config, const char *path);
/* The label rules of a configuration, which must outlive them. */
cam_label_rules cam_corpus_label_rules(const cam_config *config);
/* The row with a data row id. */
const cam_row *cam_corpus_row(const cam_corpus *corpus, int64_t id);

#endif
