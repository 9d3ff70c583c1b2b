/* clean.h: the rows whose labels a person should look at, of the verb `clean`.
 *
 * A row is listed for one or more reasons:
 *     WRONG    its given label is probably wrong, by confident learning on out-of-fold scores (confident.h)
 *     SAME     another row has the same text (audit.h) and another label
 *     NEAR     another row has nearly the same text (near_texts.h, at least cam_clean_similarity) and another label, and the
 *              given label is not the most probable one: else the little difference may well be what tells them apart
 *     OUTLIER  no label gets a quarter of what it gets on its typical row (its threshold of confident.h)
 * The rows whose given label has the lowest score come first. */
#ifndef CAM_CLEAN_H
#define CAM_CLEAN_H

#include "interval.h"
#include "out_of_fold.h"
#include "strbuf.h"

#define CAM_CLEAN_FILE    "clean.json"
#define CAM_SUSPECTS_FILE "suspects.csv"
#define CAM_CHANGES_FILE  "changes.csv"

/* The columns of suspects.csv, in their order. */
#define CAM_SUSPECT_COLUMNS(X)                                                                                         \
    X(file)                                                                                                            \
    X(line)                                                                                                            \
    X(text)                                                                                                            \
    X(given)                                                                                                           \
    X(suggested)                                                                                                       \
    X(score_given)                                                                                                     \
    X(score_suggested)                                                                                                 \
    X(why)                                                                                                             \
    X(decision)

enum {
#define CAM_SUSPECT_COLUMN(name) CAM_SUSPECT_##name,
    CAM_SUSPECT_COLUMNS(CAM_SUSPECT_COLUMN)
#undef CAM_SUSPECT_COLUMN
        CAM_SUSPECT_COLUMN_COUNT
};

enum { CAM_CLEAN_WRONG = 1, CAM_CLEAN_SAME = 2, CAM_CLEAN_NEAR = 4, CAM_CLEAN_OUTLIER = 8 };

extern const double cam_clean_similarity; /* of near texts: 0.8 */

typedef struct cam_clean_row {
    int64_t row;   /* data row id */
    int32_t given; /* label ids */
    int32_t best;  /* the most probable one; may be the given one */
    double score, best_score;
    unsigned why; /* CAM_CLEAN_ */
    int64_t same; /* SAME: a row with the text and another label; else -1 */
    int64_t near; /* NEAR: the most similar row with another label; else -1 */
    double similarity;
} cam_clean_row;

typedef struct cam_clean {
    int64_t rows;
    cam_clean_row *list; /* [count] */
    int64_t count;
    int64_t wrong;            /* rows with WRONG */
    cam_interval wrong_share; /* of all labels */
    double confidence;        /* of its interval */
    int64_t duplicates;       /* rows that repeat the text of an earlier one */
    int64_t conflicts;        /* rows with SAME */
    int64_t near_duplicates;  /* rows with a near text */
    int64_t near_conflicts;   /* rows with NEAR */
    int64_t outliers;         /* rows with OUTLIER */
} cam_clean;

/* `oof` has been compared with the corpus; its rows are those of train_file. Release in every case. CAM_E_USAGE (one label),
 * CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_clean_find(cam_clean *clean, const cam_corpus *corpus, const cam_out_of_fold *oof,
                                         double confidence);
void cam_clean_release(cam_clean *clean);

/* Writes suspects.csv and clean.json into a folder that exists. `scores` says whose scores they are: "oof.jsonl" or
 * "tfidf". CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_clean_write(const cam_clean *clean, const cam_corpus *corpus, const cam_out_of_fold *oof,
                                          const char *scores, const char *folder);
/* Appends the figures and the first rows, in 80 columns. */
void cam_clean_put_table(const cam_clean *clean, const cam_corpus *corpus, cam_strbuf *out);
/* Appends why a row is listed: "probably wrong; same text as line 12: retour". */
void cam_clean_put_why(const cam_clean_row *row, const cam_corpus *corpus, cam_strbuf *out);

#endif
