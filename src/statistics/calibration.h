/* calibration.h: whether the scores of a classifier are probabilities, and the temperature that makes them so.
 *
 * A score is the largest probability of a row. Scores are calibrated if of the rows with a score near 0.8 about 80 % are
 * right. The expected calibration error (ECE) is the mean difference: rows fall into 15 bins of equal width by their score,
 * bin b from b/15, excluded, to (b+1)/15, included; ECE is the mean over rows of |accuracy - mean score| of their bin.
 *
 * Temperature scaling divides all logits by one number T > 0: above 1 it makes a model less sure of itself. The order of a
 * row's labels stays, and so does the accuracy. T is the one that makes the labels of the rows likeliest.
 * Source: Guo, Pleiss, Sun, Weinberger, On Calibration of Modern Neural Networks, ICML 2017. */
#ifndef CAM_CALIBRATION_H
#define CAM_CALIBRATION_H

#include "cam/status.h"
#include "json_out.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_RELIABILITY_BINS = 15, CAM_CALIBRATION_FOLDS = 5 };

typedef struct cam_reliability_bin {
    double low, high; /* of the scores */
    int64_t rows;
    double score, accuracy; /* means; 0 without rows */
} cam_reliability_bin;

typedef struct cam_reliability {
    int64_t rows;
    double ece; /* 0 without rows */
    cam_reliability_bin bins[CAM_RELIABILITY_BINS];
} cam_reliability;

/* X(outcome, why) */
#define CAM_CALIBRATION_OUTCOMES(X)                                                                                    \
    X(KEPT, "rows that had no part in choosing it become likelier")                                                    \
    X(NOT_BETTER, "no temperature helps rows that had no part in choosing it")                                         \
    X(FEW_ROWS, "there are too few rows")                                                                              \
    X(ALL_RIGHT, "every row is right, so that the rows say nothing about mistakes")                                    \
    X(NO_SIGNAL, "a row's scores say nothing about its label")                                                         \
    X(NOT_FINITE, "a logit is not finite")

typedef enum cam_calibration_outcome {
#define CAM_CALIBRATION_ENUM(code, why) CAM_CALIBRATION_##code,
    CAM_CALIBRATION_OUTCOMES(CAM_CALIBRATION_ENUM)
#undef CAM_CALIBRATION_ENUM
} cam_calibration_outcome;

typedef struct cam_calibration {
    cam_calibration_outcome outcome;
    int kept;
    double temperature;             /* the likeliest one, also where it is not kept; 1 where there is none */
    double loss_before, loss_after; /* mean cross-entropy */
    cam_reliability before, after;
} cam_calibration;

/* Fits the temperature to logits [rows, labels] (or log-probabilities) of rows with these labels. Cross-fitted: row i is in
 * fold i mod 5, and `loss_after` and `after` score each row with the temperature that the rows of the other folds choose.
 * The temperature is kept if loss_after is below loss_before. Without a temperature `after` is `before`. The result depends
 * on the order of the rows, and on nothing else. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_calibration_fit(const float *logits, const int32_t *label, int64_t rows, int64_t labels,
                                              cam_calibration *out);
/* The same figures of other rows, with a temperature that is known. */
CAM_MUST_CHECK cam_status cam_calibration_apply(const float *logits, const int32_t *label, int64_t rows, int64_t labels,
                                                const cam_calibration *fitted, cam_calibration *out);
/* The bins and the ECE of scores; right[i] is 1 where the label with the score is the row's. */
void cam_reliability_measure(const double *score, const unsigned char *right, int64_t rows, cam_reliability *out);

/* The score of each row's best label at a temperature, and whether that label is the row's. Of equal logits the first is
 * the best; NaN counts as the largest, and its score is NaN. */
void cam_calibration_scores(const float *logits, const int32_t *label, int64_t rows, int64_t labels, double temperature,
                            double *score, unsigned char *right);

const char *cam_calibration_why(cam_calibration_outcome outcome);

/* The member "calibration": {"temperature":,"kept":,"why":,"ece_before":,"ece_after":,"loss_before":,"loss_after":,
 * "bins":[{"low":,"high":,"rows":,"score":,"accuracy":},...]}. The bins are those after calibration where it is kept. */
void cam_calibration_put(const cam_calibration *calibration, cam_json *json);
/* The same member of scores that nothing was fitted to: {"ece_before":,"bins":}. */
void cam_reliability_put(const cam_reliability *reliability, cam_json *json);

#ifdef __cplusplus
}
#endif
#endif
