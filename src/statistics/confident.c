/* confident.c: see confident.h. Comparisons have cleanlab's tolerances, sums its order where they are rounded. */
#include "confident.h"
#include "bootstrap_internal.h"
#include "pairwise.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double tolerance = 1e-6, least_threshold = 2e-6, no_threshold = 2, tiny = 1e-100;

static cam_status check(const cam_confident_rows *rows) {
    return rows->rows > 0 && rows->labels > 1
               ? CAM_OK
               : cam_fail(CAM_E_USAGE, "confident learning on %lld rows with %lld labels", (long long)rows->rows,
                          (long long)rows->labels);
}

/* --- thresholds and joint -------------------------------------------------------------------------------------- */

/* What one weighting of the rows gives: weight 1 for each, or how often a resample has drawn it. */
typedef struct estimate {
    double *threshold, *weight_of; /* [K]; rows of each given label */
    double *counted;               /* [K,K] confident rows by given and true label */
    double *by_true;               /* [K,K] scratch */
    double rows, wrong;            /* all; confidently of another label than the given one */
} estimate;

static cam_status estimate_init(estimate *e, int64_t labels) {
    size_t k = (size_t)labels;
    *e = (estimate){.threshold = malloc(k * sizeof(double)),
                    .weight_of = malloc(k * sizeof(double)),
                    .counted = malloc(k * k * sizeof(double)),
                    .by_true = malloc(k * k * sizeof(double))};
    return e->threshold && e->weight_of && e->counted && e->by_true
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory for the joint of %lld labels", (long long)labels);
}

static void estimate_release(estimate *e) {
    free(e->threshold);
    free(e->weight_of);
    free(e->counted);
    free(e->by_true);
}

static int32_t argmax(const double *scores, int64_t labels) {
    int32_t best = 0;
    for (int32_t k = 1; k < labels; k++)
        if (scores[k] > scores[best])
            best = k;
    return best;
}

/* The label that a row is confidently of; -1 where there is none. `least` are the thresholds less the tolerance. */
static int32_t confident_label(const double *scores, const double *least, int64_t labels) {
    int64_t reached = 0;
    for (int64_t k = 0; k < labels; k++)
        reached += scores[k] >= least[k];
    if (reached > 1)
        return argmax(scores, labels);
    for (int32_t k = 0; reached == 1 && k < labels; k++)
        if (scores[k] >= least[k])
            return k;
    return -1;
}

/* numpy.argmax, with the tolerance in favour of the given label: `best` is the most probable of the others. */
static int is_given_best(const double *scores, int32_t given, int32_t best) {
    double own = scores[given] + tolerance;
    return own > scores[best] || (own >= scores[best] && given < best);
}

static int32_t best_other(const double *scores, int64_t labels, int32_t given) {
    int32_t best = given == 0;
    for (int32_t k = 0; k < labels; k++)
        if (k != given && scores[k] > scores[best])
            best = k;
    return best;
}

static int is_wrong(const double *scores, int64_t labels, int32_t given, int32_t confident) {
    return confident >= 0 && confident != given && !is_given_best(scores, given, best_other(scores, labels, given));
}

/* `weight` NULL: 1 for each row. */
static void count_joint(const cam_confident_rows *rows, const int32_t *weight, estimate *e) {
    int64_t labels = rows->labels;
    for (int64_t k = 0; k < labels; k++)
        e->threshold[k] = e->weight_of[k] = 0;
    e->rows = e->wrong = 0;
    memset(e->counted, 0, (size_t)(labels * labels) * sizeof *e->counted);
    for (int64_t i = 0; i < rows->rows; i++) {
        double w = weight ? weight[i] : 1;
        e->threshold[rows->given[i]] += w * rows->scores[i * labels + rows->given[i]];
        e->weight_of[rows->given[i]] += w;
    }
    for (int64_t k = 0; k < labels; k++) {
        double mean = e->weight_of[k] > 0 ? e->threshold[k] / e->weight_of[k] : no_threshold;
        e->threshold[k] = (mean > least_threshold ? mean : least_threshold) - tolerance;
    }
    for (int64_t i = 0; i < rows->rows; i++) {
        double w = weight ? weight[i] : 1;
        const double *scores = rows->scores + i * labels;
        int32_t label = w > 0 ? confident_label(scores, e->threshold, labels) : -1;
        e->rows += w;
        e->wrong += is_wrong(scores, labels, rows->given[i], label) ? w : 0;
        if (label >= 0)
            e->counted[rows->given[i] * labels + label] += w;
    }
    for (int64_t k = 0; k < labels; k++) {
        e->threshold[k] += tolerance;
        if (e->counted[k * labels + k] < 1)
            e->counted[k * labels + k] = 1;
    }
}

/* Scales each row of the counts to the rows of its given label, and all to their number: calibrates the joint. The sum has
 * the order of cleanlab's array, true label after true label: its last bit decides how halves are rounded. */
static void calibrate(int64_t labels, estimate *e) {
    double all = 0;
    for (int64_t g = 0; g < labels; g++) {
        double *row = e->counted + g * labels, confident = 0;
        for (int64_t k = 0; k < labels; k++)
            confident += row[k];
        for (int64_t k = 0; k < labels; k++) {
            row[k] = row[k] / (confident > tiny ? confident : tiny) * e->weight_of[g];
            e->by_true[k * labels + g] = row[k];
        }
        all += e->weight_of[g];
    }
    double sum = cam_pairwise_sum(e->by_true, (size_t)(labels * labels));
    for (int64_t i = 0; i < labels * labels; i++)
        e->counted[i] = e->counted[i] / (sum > tiny ? sum : tiny) * all;
}

/* --- rounding -------------------------------------------------------------------------------------------------- */

typedef struct ranked {
    double value;
    int64_t place;
} ranked;

static int ascending(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Rounds a row of the joint so that its sum, rounded, stays: the entries that rounding changed most give or take one. */
static void round_row(const double *values, int64_t count, ranked *order, int64_t *out) {
    double sum = 0, rounded = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += values[k];
        out[k] = (int64_t)rint(values[k]);
        rounded += (double)out[k];
    }
    for (int64_t missing = (int64_t)(rint(sum) - rounded); missing != 0;) {
        int64_t step = missing < 0 ? -1 : 1, changes = step * missing < count ? step * missing : count;
        for (int64_t k = 0; k < count; k++)
            order[k] = (ranked){values[k] - (double)out[k], k};
        qsort(order, (size_t)count, sizeof *order, ascending);
        for (int64_t i = 0; i < changes; i++)
            out[order[step < 0 ? i : count - 1 - i].place] += step;
        missing -= step * changes;
    }
}

/* --- suspects -------------------------------------------------------------------------------------------------- */

/* How many rows of given label g are to be suspects for label t. One row at least stays with its given label: where the
 * joint leaves none, each of the others gives up its part of it. */
static int64_t suspects_of(const cam_confident *found, int64_t labels, int64_t g, int64_t t) {
    const int64_t *row = found->joint + g * labels;
    double others = 0;
    if (row[g] >= 1)
        return row[t];
    for (int64_t k = 0; k < labels; k++)
        others += row[k] != 0;
    others = others - 1 > 1 ? others - 1 : 1;
    double left = (double)row[t] - (double)(1 - row[g]) / others;
    return left > 0 ? (int64_t)left : 0;
}

static void mark_largest(cam_confident *found, ranked *order, int64_t count, int64_t most) {
    qsort(order, (size_t)count, sizeof *order, ascending);
    for (int64_t i = 0; i < most && i < count; i++)
        found->suspect[order[i].place] = 1;
}

static void mark_suspects(const cam_confident_rows *rows, cam_confident *found, const int64_t *members, int64_t count,
                          int64_t given, ranked *order) {
    int64_t labels = rows->labels;
    for (int64_t t = 0; t < labels; t++) {
        int64_t most = t == given ? 0 : suspects_of(found, labels, given, t);
        if (most < 1)
            continue;
        for (int64_t i = 0; i < count; i++) {
            const double *scores = rows->scores + members[i] * labels;
            order[i] = (ranked){-(scores[t] - scores[given]), members[i]};
        }
        mark_largest(found, order, count, most);
    }
}

static void score_rows(const cam_confident_rows *rows, cam_confident *found) {
    for (int64_t i = 0; i < rows->rows; i++) {
        const double *scores = rows->scores + i * rows->labels;
        int32_t given = rows->given[i], best = best_other(scores, rows->labels, given);
        found->best[i] = best;
        found->self_confidence[i] = scores[given];
        found->margin[i] = (scores[given] - scores[best] + 1) / 2;
        if (is_given_best(scores, given, best))
            found->suspect[i] = 0;
        found->suspects += found->suspect[i];
    }
}

void cam_confident_release(cam_confident *found) {
    free(found->threshold);
    free(found->joint);
    free(found->suspect);
    free(found->best);
    free(found->self_confidence);
    free(found->margin);
    *found = (cam_confident){0};
}

static cam_status allocate(const cam_confident_rows *rows, cam_confident *found) {
    size_t n = (size_t)rows->rows, k = (size_t)rows->labels;
    *found = (cam_confident){.threshold = malloc(k * sizeof(double)),
                             .joint = malloc(k * k * sizeof(int64_t)),
                             .suspect = calloc(n, 1),
                             .best = malloc(n * sizeof(int32_t)),
                             .self_confidence = malloc(n * sizeof(double)),
                             .margin = malloc(n * sizeof(double))};
    return found->threshold && found->joint && found->suspect && found->best && found->self_confidence && found->margin
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory for %lld suspects", (long long)rows->rows);
}

cam_status cam_confident_find(const cam_confident_rows *rows, cam_confident *found) {
    cam_status st = CAM_OK;
    estimate e = {0};
    int64_t labels = rows->labels, *members = NULL;
    ranked *order = NULL;
    *found = (cam_confident){0};
    CAM_TRY(check(rows));
    CAM_TRY(allocate(rows, found));
    CAM_TRY(estimate_init(&e, labels));
    members = malloc((size_t)rows->rows * sizeof *members);
    order = malloc((size_t)(rows->rows + labels) * sizeof *order);
    if (!members || !order)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld suspects", (long long)rows->rows);
    count_joint(rows, NULL, &e);
    memcpy(found->threshold, e.threshold, (size_t)labels * sizeof(double));
    calibrate(labels, &e);
    for (int64_t g = 0; g < labels; g++) {
        int64_t count = 0;
        round_row(e.counted + g * labels, labels, order, found->joint + g * labels);
        for (int64_t i = 0; i < rows->rows; i++)
            if (rows->given[i] == g)
                members[count++] = i;
        if (count > 1)
            mark_suspects(rows, found, members, count, g, order);
    }
    score_rows(rows, found);
out:
    free(members);
    free(order);
    estimate_release(&e);
    return st;
}

/* --- the share of wrong labels --------------------------------------------------------------------------------- */

static double wrong_share(const cam_confident_rows *rows, const int32_t *weight, estimate *e) {
    count_joint(rows, weight, e);
    return e->wrong / e->rows;
}

cam_status cam_confident_wrong_share(const cam_confident_rows *rows, const cam_bootstrap_options *options,
                                     cam_interval *share) {
    cam_status st = CAM_OK;
    estimate e = {0};
    int32_t *weight = NULL;
    double *values = NULL;
    CAM_TRY(check(rows));
    CAM_TRY(cam_bootstrap_check(rows->rows, options));
    CAM_TRY(estimate_init(&e, rows->labels));
    weight = malloc((size_t)rows->rows * sizeof *weight);
    values = malloc((size_t)options->resamples * sizeof *values);
    if (!weight || !values)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld resamples", (long long)options->resamples);
    for (int64_t r = 0; r < options->resamples; r++) {
        uint32_t units[CAM_BOOTSTRAP_DRAWS];
        memset(weight, 0, (size_t)rows->rows * sizeof *weight);
        for (int64_t at = 0; at < rows->rows; at += CAM_BOOTSTRAP_DRAWS) {
            cam_bootstrap_draw(options->seed, r, rows->rows, at, units);
            for (int64_t i = 0; i < CAM_BOOTSTRAP_DRAWS && at + i < rows->rows; i++)
                weight[units[i]]++;
        }
        values[r] = wrong_share(rows, weight, &e);
    }
    *share = cam_interval_of(wrong_share(rows, NULL, &e), values, options->resamples, options->confidence);
out:
    free(weight);
    free(values);
    estimate_release(&e);
    return st;
}
