/* bootstrap.h: intervals of a classifier's scores by the bootstrap: the rows are drawn again with replacement many times,
 * and the interval is where the middle of the scores lies.
 *
 * What is drawn is a unit: a row, or all rows of a group, or all predictions of a row (one a seed). Rows that belong
 * together, such as those of one customer, are not independent; drawn one by one they would make intervals too short.
 *
 * Draws: resample r of U units consists of U of them; the d-th is floor(w U / 2^32), where w is word d % 4 of
 * cam_philox(seed, r, CAM_BOOTSTRAP_SITE, 0, d / 4). So results do not depend on the number of threads. 10,000 resamples of
 * 10,000 rows take less than a second on two threads.
 *
 * Scores are those of scikit-learn with zero_division=0: the macro F1 of a resample is the mean over the labels that occur
 * in its truth or predictions; the F1 of a label that does not occur in it is 0.
 *
 * Source: Efron, Tibshirani 1993, An introduction to the bootstrap; percentile intervals (interval.h). */
#ifndef CAM_BOOTSTRAP_H
#define CAM_BOOTSTRAP_H

#include "cam/status.h"
#include "interval.h"
#include <stdint.h>

enum { CAM_BOOTSTRAP_RESAMPLES = 10000, CAM_BOOTSTRAP_SITE = 0x50000 };

/* Rows of one classifier. `loss` and `unit` may be NULL: no loss; every row is a unit. */
typedef struct cam_bootstrap_rows {
    int64_t rows;
    int64_t labels;           /* K */
    const int32_t *truth;     /* [rows] below K */
    const int32_t *predicted; /* [rows] below K */
    const double *loss;       /* [rows] cross-entropy */
    int64_t units;            /* with `unit`: how many there are; each has a row */
    const int32_t *unit;      /* [rows] below `units` */
} cam_bootstrap_rows;

typedef struct cam_bootstrap_options {
    uint64_t seed;
    int64_t resamples; /* CAM_BOOTSTRAP_RESAMPLES */
    double confidence; /* between 0 and 1 */
    int threads;       /* cam_threads() */
} cam_bootstrap_options;

/* Without a loss its interval is NaN. */
typedef struct cam_bootstrap_scores {
    cam_interval accuracy, f1_macro, f1_weighted, loss;
    cam_interval *f1; /* [K] of each label; the caller's; NULL = not computed */
} cam_bootstrap_scores;

/* CAM_E_USAGE: no row, no resample, or confidence out of range. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_bootstrap(const cam_bootstrap_rows *rows, const cam_bootstrap_options *options,
                                        cam_bootstrap_scores *scores);

#endif
