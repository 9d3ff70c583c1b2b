/* confident.h: confident learning: which given labels are probably wrong, and how many.
 *
 * The input are out-of-fold probabilities: those of a model that did not see the row. N rows, K labels; `given` are the
 * labels in the file, a "true" label is one that is estimated here.
 *
 * A label's threshold is the mean probability of that label over the rows which have it as given: what a typical row of
 * the label gets. A row counts as confidently of label k where its probability of k reaches k's threshold; of several, the
 * most probable one. The confident joint counts these rows by given and true label, and is then scaled so that each given
 * label has as many rows as the data. What lies beside its diagonal is the estimated number of wrong labels. For each such
 * cell, as many rows of the given label are suspects as it counts: those with the largest margin for the true label
 * (cleanlab's prune_by_noise_rate); a row whose most probable label is the given one is none.
 *
 * Equal to cleanlab 2.9 on the same probabilities, with the order of equal values, which cleanlab leaves open, as in a stable
 * sort.
 *
 * Source: Northcutt, Jiang, Chuang 2021, Confident learning: estimating uncertainty in dataset labels, JAIR 70. */
#ifndef CAM_CONFIDENT_H
#define CAM_CONFIDENT_H

#include "bootstrap.h"
#include "cam/status.h"
#include "interval.h"
#include <stdint.h>

typedef struct cam_confident_rows {
    int64_t rows, labels;
    const double *scores; /* [N,K] probabilities */
    const int32_t *given; /* [N] below K */
} cam_confident_rows;

/* A zeroed struct is empty. */
typedef struct cam_confident {
    double *threshold;       /* [K]; 2 for a label without rows */
    int64_t *joint;          /* [K,K] rows by given label (first index) and estimated true label; N together */
    unsigned char *suspect;  /* [N] 1 = the given label is probably wrong */
    int32_t *best;           /* [N] the most probable label that is not the given one */
    double *self_confidence; /* [N] the probability of the given label */
    double *margin;          /* [N] (self_confidence - probability of `best` + 1) / 2: from 0, wrong, to 1 */
    int64_t suspects;
} cam_confident;

/* Needs K of at least 2. Release in every case. CAM_E_USAGE: no rows or too few labels. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_confident_find(const cam_confident_rows *rows, cam_confident *found);
void cam_confident_release(cam_confident *found);

/* The estimated share of wrong labels: of rows that count as confidently of another label than the given one, and whose most
 * probable label is not the given one (cleanlab's num_label_issues). Its interval is that of the bootstrap over rows; the
 * thresholds are made anew from each resample (options->threads is not used). The interval tells how much the estimate
 * depends on which rows were drawn, not how good the model is: the confident mistakes of a model count as wrong labels, so
 * that a poor model makes the estimate too high. Errors as cam_bootstrap. */
CAM_MUST_CHECK cam_status cam_confident_wrong_share(const cam_confident_rows *rows,
                                                    const cam_bootstrap_options *options, cam_interval *share);

enum { CAM_CONFIDENT_RESAMPLES = 1000 }; /* each costs N K comparisons */

#endif
