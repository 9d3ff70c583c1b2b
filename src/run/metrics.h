/* metrics.h: how well a classifier does on a set of rows.
 *
 * An accumulator takes one row of logits at a time and keeps the confusion matrix and the summed loss; all figures
 * follow from those two. Two accumulators over parts of a set add up to that of the whole, counts exactly.
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
    double loss_sum;    /* of the rows' cross-entropies, neither smoothed nor weighted */
} cam_metrics;

/* All zero. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_metrics_init(cam_metrics *metrics, int64_t labels);
void cam_metrics_clear(cam_metrics *metrics);
void cam_metrics_release(cam_metrics *metrics);

/* A row: its K logits and its label. */
void cam_metrics_add(cam_metrics *metrics, const float *logits, int64_t truth);
/* += another accumulator over the same labels. */
void cam_metrics_merge(cam_metrics *metrics, const cam_metrics *other);

/* The label with the largest logit; the first of equals, and a NaN counts as largest (numpy.argmax). */
int64_t cam_argmax(const float *logits, int64_t labels);
/* log(sum(exp(logits))) - logits[truth], in double: torch.nn.functional.cross_entropy of one row. */
double cam_cross_entropy(const float *logits, int64_t labels, int64_t truth);
/* scores [K] out: softmax in double. */
void cam_softmax(const float *logits, int64_t labels, double *scores);

/* A ratio whose denominator is 0 is 0 (scikit-learn's zero_division=0). f1 = 2 tp / (support + predicted). */
typedef struct cam_class_scores {
    double precision, recall, f1;
    int64_t support;   /* rows of this label */
    int64_t predicted; /* rows predicted as it */
} cam_class_scores;
cam_class_scores cam_metrics_class(const cam_metrics *metrics, int64_t label);

/* Macro: the mean over labels that occur in the truth or in the predictions. Weighted: the mean by support. Micro is
 * the accuracy, each row having one label. Without rows all are 0 and `loss` is NaN. Source: scikit-learn,
 * metrics/_classification.py. */
typedef struct cam_scores {
    int64_t rows;
#define CAM_METRIC_FIELD(code, word, field, ...) double field;
    CAM_METRICS(CAM_METRIC_FIELD) /* choices.h; the loss is the mean cross-entropy */
#undef CAM_METRIC_FIELD
    double precision_macro, recall_macro, precision_weighted, recall_weighted;
} cam_scores;
cam_scores cam_metrics_scores(const cam_metrics *metrics);

/* By the table of choices.h. */
typedef enum cam_choice_metric cam_metric;
double cam_metric_value(cam_metric metric, const cam_scores *scores);
int cam_metric_sign(cam_metric metric); /* CAM_MORE_IS_BETTER or CAM_LESS_IS_BETTER */
/* "word value" of every metric that is shown there, one of CAM_SHOWN_*, two spaces between them. */
void cam_metrics_put_shown(cam_strbuf *buf, const cam_scores *scores, int where);

/* The label that every row was predicted as, though the truth holds several; -1 where there is none. */
int64_t cam_metrics_only_prediction(const cam_metrics *metrics);

/* The object of metrics.json and of eval --json, as member `key` (NULL in an array):
 *   {"rows":, the metrics of choices.h in their order: "loss":,"accuracy":,...,
 *    "labels":[{"label":,"precision":,"recall":,"f1":,"support":},...],"confusion":[[...],...],"warnings":[...]}
 * `names` [K] are the labels, UTF-8. The single-prediction warning is added by itself; `warnings` [count] are the
 * caller's further ones. */
void cam_metrics_put_member(cam_json *json, const char *key, const cam_metrics *metrics, const char *const *names,
                            const char *const *warnings, int64_t count);
/* The same as a text of its own, on one line without its end. */
void cam_metrics_put_json(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names,
                          const char *const *warnings, int64_t count);
/* The text of the single-prediction warning; 0 and nothing appended where it does not apply. */
int cam_metrics_put_warning(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names);

/* For people: figures a label, their means, the confusion matrix where K <= 20, and the largest confusions. Columns are
 * aligned by display width; control characters in labels are shown as '?', long labels cut with an ellipsis. */
void cam_metrics_put_table(cam_strbuf *buf, const cam_metrics *metrics, const char *const *names);

#endif
