/* figures.h: the figures of a classifier by the predictions of models that never saw the rows, with their intervals.
 *
 * The predictions of all seeds are counted together. A row with all its predictions, or with groups all rows of a group,
 * is drawn as a whole by the bootstrap (bootstrap.h). The spread over seeds is told apart: the standard deviation of the
 * seeds' own figures.
 */
#ifndef CAM_FIGURES_H
#define CAM_FIGURES_H

#include "bootstrap.h"
#include "fold_plan.h"
#include "json_out.h"
#include "metrics.h"
#include "paired.h"

/* N rows, S seeds, K labels. A zeroed struct is empty. */
typedef struct cam_predictions {
    int64_t rows, labels;
    int32_t seeds;
    const int32_t *group; /* [N] of a fold plan; NULL: none */
    int64_t groups;
    int32_t *row_id;    /* [N] data row ids, ascending */
    int32_t *truth;     /* [N S] */
    int32_t *unit;      /* [N S] */
    int32_t *predicted; /* [N S] */
    double *loss;       /* [N S] cross-entropy; NULL: none */
    float *logits;      /* [N S K]; NULL: none */
} cam_predictions;

/* Those of the trainings of a plan, and of labels that something else predicts, one a row. CAM_E_MEMORY. Release in every
 * case. */
CAM_MUST_CHECK cam_status cam_predictions_of_results(cam_predictions *p, const cam_run *run, const cam_fold_plan *plan,
                                                     const cam_repeat_result *results);
CAM_MUST_CHECK cam_status cam_predictions_of_labels(cam_predictions *p, const cam_run *run, const cam_fold_plan *plan,
                                                    const int32_t *predicted, int32_t seeds);
void cam_predictions_release(cam_predictions *p);

/* A zeroed struct is empty. */
typedef struct cam_figures {
    cam_bootstrap_scores scores; /* scores.f1 [K] */
    cam_metrics metrics;         /* of all predictions together; its loss only where there is one */
    int has_loss;
    int32_t seeds;
    double spread_accuracy, spread_f1_macro, spread_f1_weighted, spread_loss; /* NaN with one seed */
} cam_figures;

/* CAM_E_MEMORY. Release in every case. */
CAM_MUST_CHECK cam_status cam_figures_find(cam_figures *figures, const cam_predictions *p, double confidence);
void cam_figures_release(cam_figures *figures);
/* The object `key`: {"accuracy":{"value":,"low":,"high":,"seed_spread":},"f1_macro":{..},"f1_weighted":{..},"loss":{..}}. */
void cam_figures_put(const cam_figures *figures, cam_json *json, const char *key);

/* The difference "first minus second" of two classifiers over the same rows and seeds, of accuracy and of macro F1, and
 * McNemar's exact test on the predictions of the first seed: `p` is -1 with groups, whose rows are not independent. */
typedef struct cam_figures_difference {
    cam_interval accuracy, f1_macro;
    double p;
} cam_figures_difference;
CAM_MUST_CHECK cam_status cam_figures_compare(const cam_predictions *first, const cam_predictions *second,
                                              double confidence, cam_figures_difference *difference);

/* Predicts every row by the TF-IDF baseline (tfidf.h) trained on the same folds; predicted[rows]. `cancel` may be NULL.
 * CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_fold_baseline(const cam_run *run, const cam_fold_plan *plan, const cam_cancel *cancel,
                                            int32_t *predicted);
#define CAM_BASELINE_NAME "TF-IDF and a linear classifier"

#endif
