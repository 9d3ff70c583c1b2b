/* tfidf.h: the scores of a classifier without a language model, on the same rows: what fine-tuning has to beat.
 *
 * The features are TF-IDF values of words and pairs of words, and of 2 to 5 characters inside a word and its edges:
 * scikit-learn's
 *     make_union(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
 *                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))
 * The classifier is LIBLINEAR's linear support vector machine with squared hinge loss, one label against the rest:
 * LinearSVC(). The scores are scikit-learn's (1.9) on the same rows, accuracy and macro F1:
 *     examples/commandes    1,370 training rows, 16 labels   0.7908 0.7845   (LogisticRegression(C=10): 0.7582 0.7483)
 *     MASSIVE, intents      9,219 training rows, 60 labels   0.8478 0.8018
 *     Microsoft's skills    3,641 training rows, 75 labels   0.8817 0.8225
 * C = 1: in five-fold cross-validation on the training rows of the shipped example 0.3 has 0.774 and 1 has 0.764, which
 * is within the error of 0.011; on the two larger sets 1 is better by 0.007 and 0.011. MASSIVE takes 4 s and 40 MB.
 */
#ifndef CAM_TFIDF_H
#define CAM_TFIDF_H

#include "cam/status.h"
#include "cancel.h"
#include "dataset.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_tfidf_rows {
    const cam_row *const *rows; /* [count] */
    const int32_t *label;       /* [count] ids below the task's `labels` */
    size_t count;
} cam_tfidf_rows;

typedef struct cam_tfidf_task {
    cam_tfidf_rows train, held_out;
    size_t labels;
    const cam_cancel *cancel; /* may be NULL; asked between two labels: CAM_E_STOPPED */
} cam_tfidf_task;

typedef struct cam_tfidf_scores {
    int64_t rows; /* held-out rows */
    double accuracy, f1_macro;
} cam_tfidf_scores;

/* Trains on `train` and sets predicted[held_out.count] to label ids. The same task gives the same ids. It writes
 * nothing to standard output or error. CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_tfidf_predict(const cam_tfidf_task *task, int32_t *predicted);

/* Sets margins[held_out.count, labels] to the values of classifiers "this label or another one" on the same features: the
 * larger, the more the row looks like the label. -DBL_MAX for a label without training rows. They are LIBLINEAR's logistic
 * regressions with C = 3. Otherwise as cam_tfidf_predict. */
CAM_MUST_CHECK cam_status cam_tfidf_margins(const cam_tfidf_task *task, double *margins);

/* Accuracy and macro F1 of predictions: the mean over labels that occur in `label` or in `predicted`, as in metrics.h.
 * Without rows both are 0. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_tfidf_score(const int32_t *label, const int32_t *predicted, size_t count, size_t labels,
                                          cam_tfidf_scores *scores);

#endif
