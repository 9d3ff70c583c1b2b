/* paired.h: two classifiers compared on the same rows. A paired test sees differences that two separate intervals hide,
 * since both are right or wrong on mostly the same rows.
 *
 * Source: McNemar 1947, Note on the sampling error of the difference between correlated proportions; Dietterich 1998,
 * Approximate statistical tests for comparing supervised classification learning algorithms. */
#ifndef CAM_PAIRED_H
#define CAM_PAIRED_H

#include "bootstrap.h"
#include "cam/status.h"
#include <stdint.h>

/* The bootstrap of the differences "first minus second" of each score: both are scored on the same draws (bootstrap.h).
 * `second` has the predictions (and with `first->loss` the losses) of the second classifier; its other members are those of
 * `first`. Errors as cam_bootstrap. */
CAM_MUST_CHECK cam_status cam_paired_bootstrap(const cam_bootstrap_rows *first, const cam_bootstrap_rows *second,
                                               const cam_bootstrap_options *options, cam_bootstrap_scores *differences);

typedef struct cam_mcnemar {
    int64_t first_only;  /* rows that only the first classifier has right */
    int64_t second_only; /* rows that only the second one has right */
    double p;            /* two-sided: how likely a difference at least this large is where both are equally good */
} cam_mcnemar;

/* McNemar's exact test: scipy.stats.binomtest(first_only, first_only + second_only).pvalue; 1 where both are right on the
 * same rows. The rows must be independent: one prediction a row, no groups. */
cam_mcnemar cam_mcnemar_exact(int64_t rows, const int32_t *truth, const int32_t *first, const int32_t *second);
/* The same from the two counts. */
double cam_mcnemar_p(int64_t first_only, int64_t second_only);

#endif
