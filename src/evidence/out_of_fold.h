/* out_of_fold.h: oof.jsonl, the probabilities of each row by a model that never saw it.
 *
 * A JSON object a line. The first one is about the file:
 *     {"format":"cam-train oof 1","rows":N,"labels":["a",...],"seeds":[42],"folds":5,"data_sha256":"64 hex digits",
 *      "run":"id of the configuration"}
 * then one for each row and seed: rows in ascending order, the seeds of a row in the order of the first line:
 *     {"row":data row id (corpus.h),"file":"as configured","line":first line of the row in the file,
 *      "text_hash":"16 hex digits, as in split.tsv","seed":42,"fold":0,"label":id of the given label,"scores":[K of them]}
 * Scores have nine significant digits, so a float32 is read back to its bits.
 *
 * N rows, S seeds, K labels. Errors: CAM_E_DATA where a file is not such a file, CAM_E_STORAGE, CAM_E_MEMORY. */
#ifndef CAM_OUT_OF_FOLD_H
#define CAM_OUT_OF_FOLD_H

#include "cam/status.h"
#include "corpus.h"
#include "name_set.h"
#include "sha256.h"
#include <stddef.h>
#include <stdint.h>

#define CAM_OUT_OF_FOLD_FILE "oof.jsonl"

typedef struct cam_out_of_fold_row {
    int64_t row;   /* data row id */
    int32_t file;  /* number in `files` */
    int32_t label; /* id of the given label, below K */
    long line;
    uint64_t text_hash; /* cam_audit_text_hash */
} cam_out_of_fold_row;

/* A zeroed struct is empty. */
typedef struct cam_out_of_fold {
    int64_t rows;
    int32_t seeds, folds;
    cam_name_set labels;       /* K names by id */
    cam_name_set files;        /* as configured */
    char *run;                 /* id of the configuration */
    int64_t *seed;             /* [S] */
    cam_out_of_fold_row *list; /* [N] the data row id grows */
    int32_t *fold;             /* [N,S] */
    float *scores;             /* [N,S,K] each from 0 to 1, a row's together 1 */
    char data_sha256[CAM_SHA256_DIGITS + 1];
} cam_out_of_fold;

/* Makes one of the rows ids[count], ascending data row ids with labels, with folds of -1 and scores of 0: the caller sets
 * both, and then writes it. Release in every case. */
CAM_MUST_CHECK cam_status cam_out_of_fold_init(cam_out_of_fold *oof, const cam_corpus *corpus, const int64_t *ids,
                                               int64_t count, const int64_t *seed, int32_t seeds, int32_t folds,
                                               const char *run);
void cam_out_of_fold_release(cam_out_of_fold *oof);
/* The K scores of row number i, of the N, by seed number s. */
static inline float *cam_out_of_fold_scores(const cam_out_of_fold *oof, int64_t i, int32_t s) {
    return oof->scores + (i * oof->seeds + s) * (int64_t)oof->labels.count;
}
/* Their mean over the seeds, to mean[K]. */
void cam_out_of_fold_mean(const cam_out_of_fold *oof, int64_t i, double *mean);

CAM_MUST_CHECK cam_status cam_out_of_fold_write(const cam_out_of_fold *oof, const char *path);
/* Reads a file; `path` is also in the messages, with the line. Release in every case. */
CAM_MUST_CHECK cam_status cam_out_of_fold_read(cam_out_of_fold *oof, const char *path);
/* The same of a text in memory. */
CAM_MUST_CHECK cam_status cam_out_of_fold_parse(cam_out_of_fold *oof, const char *path, const char *text,
                                                size_t length);
/* CAM_E_DATA where the file was made from other data than the corpus has now: rows, texts, labels or their order. */
CAM_MUST_CHECK cam_status cam_out_of_fold_check(const cam_out_of_fold *oof, const char *path, const cam_corpus *corpus);

/* SHA-256 of the rows of train_file as read (label rules applied, duplicates dropped where the configuration says so): of each its text, a
 * NUL, the name of its label, a NUL. */
CAM_MUST_CHECK cam_status cam_out_of_fold_hash_data(const cam_corpus *corpus, char digits[CAM_SHA256_DIGITS + 1]);

#endif
