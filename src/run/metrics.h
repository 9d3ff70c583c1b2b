/* metrics.h: the metrics of a classifier on a set of rows.
 *
 * An accumulator adds one row of logits at a time to the confusion matrix and the summed loss; all figures are computed
 * from those two. Accumulators over parts of a set can be merged; their counts then are exactly those of the whole set.
 *
 * K labels; matrices are [K,K] row-major, rows = truth, columns = prediction.
 */
#ifndef CAM_METRICS_H
#define CAM_METRICS_H

#include "cam/status.h"
#include "choices.h"
#include "json_out.h"
#include "strbuf.h"
#include <stdint.h>

typedef struct cam_metrics {
    int64_t labels;     /* K */
    int64_t rows;       /* the sum over `confusion` */
    int64_t *confusion; /* [K,K], owned */
    double loss_sum;    /* the sum of the rows' cross-entropies, neither smoothed nor weighted */
} cam_metrics;

/* All zero. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_metrics_init(cam_metrics *metrics, int64_t labels);
void cam_metrics_clear(cam_metrics *metrics);
void cam_metrics_release(cam_metrics *metrics);

/* Adds a row: its K logits and its label. */
void cam_metrics_add(cam_metrics *metrics, const float *logits, int64_t truth);
/* Adds another accumulator over the same labels. */
void cam_metrics_merge(cam_metrics *metrics, const cam_metrics *other);

/* The label with the largest logit; the first of equal ones; NaN counts as the largest (numpy.argmax). */
int64_t cam_argmax(const float *logits, int64_t labels);
/* log(sum(exp(logits))) - logits[truth], in double: torch.nn.functional.cross_entropy of one row. */
double cam_cross_entropy(const float *logits, int64_t labels, int64_t truth);
/* Softmax in double, to scores [K]. */
void cam_softmax(const float *logits, int64_t labels, double *scores);

/* A ratio with denominator 0 is 0 (scikit-learn's zero_division=0). f1 = 2 tp / (support + predicted). */
typedef struct cam_class_scores {
    double precision, recall, f1;
    int64_t support;   /* rows of this label */
    int64_t predicted; /* rows for which it was predicted */
} cam_class_scores;
cam_class_scores cam_metrics_class(const cam_metrics *metrics, int64_t label);

/* Macro: the mean over labels that occur in the truth or in the predictions. Weighted: the mean weighted by support.
 * Micro: equal to the accuracy, since each row has one label. Without rows all are 0 and `loss` is NaN. Source:
 * scikit-learn, metrics/_classification.py. */
typedef struct cam_scores {
    int64_t rows;
#define CAM_METRIC_FIELD(code, word, field, ...) double field;
    CAM_METRICS(CAM_METRIC_FIELD) /* choices.h; the loss is the mean cross-entropy */
#undef CAM_METRIC_FIELD
    double precision_macro, recall_macro, precision_weighted, recall_weighted;
} cam_scores;
cam_scores cam_metrics_scores(const cam_metrics *metrics);

/* Values by the metrics table of choices.h. */
typedef enum cam_choice_metric cam_metric;
double cam_metric_value(cam_metric metric, const cam_scores *scores);
int cam_metric_sign(cam_metric metric); /* CAM_MORE_IS_BETTER or CAM_LESS_IS_BETTER */
/* Appends "name value" of every metric that is shown in this place (one of CAM_SHOWN_*), separated by two spaces. */
void cam_metrics_put_shown(cam_strbuf *buf, const cam_scores *scores, int where);

/* The label that was predicted for all rows although the truth has several; -1 if there is none. */
int64_t cam_metrics_only_prediction(const cam_metrics *metrics);

/* The members of an object of metrics.json and of eval --json:
 *   {"rows":, the metrics of choices.h in their order: "loss":,"accuracy":,...,
 *    "labels":[{"label":,"precision":,"recall":,"f1":,"support":},...],"confusion":[[...],...],"warnings":[...]}
 * `names` [K] are the labels, UTF-8. The single-prediction warning is added by itself; `warnings` [count] are further
 * ones of the caller. */
void cam_metrics_put_members(cam_json *json, const cam_metrics *metrics, const char *const *names,
                             const char *const *warnings, int64_t count);
/* The same as a JSON document of its own, on one line, without the newline. It begins with "part", the part of a file
 * that was scored, unless `part` is NULL. */
void cam_metrics_put_json(cam_strbuf *buf, const char *part, const cam_metrics *metrics, const char *const *names,
                          const char *const *warnings, int64_t count);
/* Appends the text of the single-prediction warning and returns 1; returns 0 if it does not apply. */
int cam_metrics_put_warning(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names);

/* For people: the figures of each label, their means, the confusion matrix if K <= 15 and it fits 80 columns, and the
 * largest confusions. Columns are aligned by display width; control characters in labels are shown as '?', long labels
 * are cut with an ellipsis. */
void cam_metrics_put_table(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names);

#endif
