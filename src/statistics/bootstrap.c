/* bootstrap.c: see bootstrap.h. Scores depend only on how often each combination of truth and predictions was drawn, so a
 * draw adds 1 to the count of its cell, and the scores are computed once a resample. */
#include "bootstrap.h"
#include "bootstrap_internal.h"
#include "cam/philox.h"
#include "threads.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ACCURACY, F1_MACRO, F1_WEIGHTED, LOSS, F1 }; /* columns of values; F1 + k: label k */
enum { THREADS = 64 };                              /* at most */

typedef struct cell {
    int32_t truth, predicted[2];
} cell;

typedef struct plan {
    int64_t rows, labels, units, columns, resamples;
    int classifiers;
    uint64_t seed;
    int64_t cells;
    cell *cell;              /* [cells] the combinations that occur */
    int32_t *cell_of;        /* [rows] */
    int64_t *starts;         /* [units + 1] into `members`; NULL = row u is unit u */
    int32_t *members;        /* [rows] the rows by unit */
    const double *losses[2]; /* [rows] each, or NULL */
    double *values;          /* [columns, resamples] */
} plan;

typedef struct worker {
    const plan *plan;
    int64_t begin, end;  /* resamples */
    int64_t *counts;     /* [cells] */
    int64_t *per_label;  /* [3, labels]: right, support, predicted */
    double *scores;      /* [2, columns] */
    double loss_sums[2]; /* of the resample at hand */
} worker;

/* --- cells and units ------------------------------------------------------------------------------------------- */

typedef struct keyed_row {
    cell key;
    int32_t row;
} keyed_row;

static int by_cell(const void *a, const void *b) {
    const keyed_row *x = a, *y = b;
    int order = (x->key.truth > y->key.truth) - (x->key.truth < y->key.truth);
    for (int p = 0; p < 2 && order == 0; p++)
        order = (x->key.predicted[p] > y->key.predicted[p]) - (x->key.predicted[p] < y->key.predicted[p]);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static void find_cells(plan *p, const int32_t *truth, const int32_t *first, const int32_t *second, keyed_row *keyed) {
    for (int64_t i = 0; i < p->rows; i++)
        keyed[i] = (keyed_row){{truth[i], {first[i], second ? second[i] : 0}}, (int32_t)i};
    qsort(keyed, (size_t)p->rows, sizeof *keyed, by_cell);
    for (int64_t i = 0; i < p->rows; i++) {
        if (i == 0 || memcmp(&keyed[i].key, &p->cell[p->cells - 1], sizeof(cell)) != 0)
            p->cell[p->cells++] = keyed[i].key;
        p->cell_of[keyed[i].row] = (int32_t)(p->cells - 1);
    }
}

static void list_units(plan *p, const int32_t *unit) {
    for (int64_t i = 0; i < p->rows; i++)
        p->starts[unit[i] + 2]++;
    for (int64_t u = 0; u < p->units; u++)
        p->starts[u + 2] += p->starts[u + 1];
    for (int64_t i = 0; i < p->rows; i++) /* starts[u + 1] moves to the end of unit u, the start of the next one */
        p->members[p->starts[unit[i] + 1]++] = (int32_t)i;
}

/* --- one resample ---------------------------------------------------------------------------------------------- */

static void score(worker *w, int classifier, int64_t rows, double *out) {
    const plan *p = w->plan;
    int64_t *right = w->per_label, *support = right + p->labels, *predicted = support + p->labels;
    memset(right, 0, (size_t)(3 * p->labels) * sizeof *right);
    for (int64_t c = 0; c < p->cells; c++) {
        int32_t truth = p->cell[c].truth, chosen = p->cell[c].predicted[classifier];
        support[truth] += w->counts[c];
        predicted[chosen] += w->counts[c];
        right[truth] += truth == chosen ? w->counts[c] : 0;
    }
    int64_t all_right = 0, occurring = 0;
    double sum = 0, weighted = 0;
    for (int64_t k = 0; k < p->labels; k++) {
        int64_t both = support[k] + predicted[k];
        double f1 = both > 0 ? 2.0 * (double)right[k] / (double)both : 0;
        all_right += right[k];
        occurring += both > 0;
        sum += f1;
        weighted += f1 * (double)support[k];
        if (p->columns > F1)
            out[F1 + k] = f1;
    }
    out[ACCURACY] = (double)all_right / (double)rows;
    out[F1_MACRO] = sum / (double)occurring;
    out[F1_WEIGHTED] = weighted / (double)rows;
    out[LOSS] = p->losses[classifier] ? w->loss_sums[classifier] / (double)rows : NAN;
}

/* The scores of the counts at hand, which are those of `rows` rows, to w->scores[0 .. columns - 1]. */
static void score_counts(worker *w, int64_t rows) {
    int64_t columns = w->plan->columns;
    for (int c = 0; c < w->plan->classifiers; c++)
        score(w, c, rows, w->scores + c * columns);
    for (int64_t i = 0; w->plan->classifiers == 2 && i < columns; i++)
        w->scores[i] -= w->scores[columns + i];
}

static void clear_counts(worker *w) {
    memset(w->counts, 0, (size_t)w->plan->cells * sizeof *w->counts);
    w->loss_sums[0] = w->loss_sums[1] = 0;
}

static void add_row(worker *w, int64_t row) {
    const plan *p = w->plan;
    w->counts[p->cell_of[row]]++;
    for (int c = 0; c < p->classifiers; c++)
        if (p->losses[c])
            w->loss_sums[c] += p->losses[c][row];
}

static int64_t add_unit(worker *w, int64_t unit) {
    const plan *p = w->plan;
    for (int64_t i = p->starts[unit]; i < p->starts[unit + 1]; i++)
        add_row(w, p->members[i]);
    return p->starts[unit + 1] - p->starts[unit];
}

void cam_bootstrap_draw(uint64_t seed, int64_t resample, int64_t units, int64_t first, uint32_t *unit) {
    uint32_t call = (uint32_t)(first / 4);
    for (uint32_t i = 0; i < CAM_BOOTSTRAP_DRAWS / 4; i++) {
        cam_philox_words r = cam_philox(seed, (uint32_t)resample, CAM_BOOTSTRAP_SITE, 0, call + i);
        for (int j = 0; j < 4; j++)
            unit[4 * i + (uint32_t)j] = (uint32_t)(((uint64_t)r.w[j] * (uint64_t)units) >> 32);
    }
}

static void resample(worker *w, int64_t number) {
    const plan *p = w->plan;
    uint32_t units[CAM_BOOTSTRAP_DRAWS];
    int is_plain = !p->starts && !p->losses[0];
    int64_t rows = p->starts ? 0 : p->units;
    clear_counts(w);
    for (int64_t at = 0; at < p->units; at += CAM_BOOTSTRAP_DRAWS) {
        int64_t left = p->units - at < CAM_BOOTSTRAP_DRAWS ? p->units - at : CAM_BOOTSTRAP_DRAWS;
        cam_bootstrap_draw(p->seed, number, p->units, at, units);
        if (is_plain)
            for (int64_t i = 0; i < left; i++)
                w->counts[p->cell_of[units[i]]]++;
        else if (!p->starts)
            for (int64_t i = 0; i < left; i++)
                add_row(w, units[i]);
        else
            for (int64_t i = 0; i < left; i++)
                rows += add_unit(w, units[i]);
    }
    score_counts(w, rows);
    for (int64_t i = 0; i < p->columns; i++)
        p->values[i * p->resamples + number] = w->scores[i];
}

static void *run_worker(void *context) {
    worker *w = context;
    for (int64_t i = w->begin; i < w->end; i++)
        resample(w, i);
    return NULL;
}

/* --- all of them ----------------------------------------------------------------------------------------------- */

static cam_status init_worker(worker *w, const plan *p, int number, int threads) {
    *w = (worker){.plan = p,
                  .begin = p->resamples * number / threads,
                  .end = p->resamples * (number + 1) / threads,
                  .counts = malloc((size_t)p->cells * sizeof *w->counts),
                  .per_label = malloc((size_t)(3 * p->labels) * sizeof *w->per_label),
                  .scores = calloc((size_t)(2 * p->columns), sizeof *w->scores)};
    return w->counts && w->per_label && w->scores ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for resamples");
}

/* Each worker has resamples of its own. One whose thread the system does not start works here. */
static void run_workers(worker *workers, int count) {
    pthread_t thread[THREADS];
    int started[THREADS] = {0};
    for (int i = 1; i < count; i++)
        started[i] = cam_thread_start(&thread[i], run_worker, &workers[i]);
    run_worker(&workers[0]);
    for (int i = 1; i < count; i++) {
        if (started[i])
            pthread_join(thread[i], NULL);
        else
            run_worker(&workers[i]);
    }
}

static cam_interval interval_of(const plan *p, const worker *w, int64_t column, double confidence) {
    return cam_interval_of(w->scores[column], p->values + column * p->resamples, p->resamples, confidence);
}

static cam_status make_plan(plan *p, const cam_bootstrap_rows *first, const cam_bootstrap_rows *second,
                            const cam_bootstrap_options *options, int has_f1) {
    cam_status st = CAM_OK;
    keyed_row *keyed = malloc((size_t)first->rows * sizeof *keyed);
    *p = (plan){.rows = first->rows,
                .labels = first->labels,
                .units = first->unit ? first->units : first->rows,
                .columns = F1 + (has_f1 ? first->labels : 0),
                .resamples = options->resamples,
                .classifiers = second ? 2 : 1,
                .seed = options->seed,
                .losses = {first->loss, first->loss && second ? second->loss : NULL}};
    p->cell = malloc((size_t)p->rows * sizeof *p->cell);
    p->cell_of = malloc((size_t)p->rows * sizeof *p->cell_of);
    p->values = malloc((size_t)(p->columns * p->resamples) * sizeof *p->values);
    p->starts = first->unit ? calloc((size_t)p->units + 2, sizeof *p->starts) : NULL;
    p->members = malloc((size_t)p->rows * sizeof *p->members);
    if (!keyed || !p->cell || !p->cell_of || !p->values || (first->unit && !p->starts) || !p->members)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld resamples of %lld rows", (long long)p->resamples,
                 (long long)p->rows);
    find_cells(p, first->truth, first->predicted, second ? second->predicted : NULL, keyed);
    if (first->unit)
        list_units(p, first->unit);
out:
    free(keyed);
    return st;
}

cam_status cam_bootstrap_check(int64_t rows, const cam_bootstrap_options *options) {
    if (rows < 1 || options->resamples < 1)
        return cam_fail(CAM_E_USAGE, "a bootstrap of %lld rows with %lld resamples", (long long)rows,
                        (long long)options->resamples);
    return options->confidence > 0 && options->confidence < 1
               ? CAM_OK
               : cam_fail(CAM_E_USAGE, "confidence is %g; it must lie between 0 and 1", options->confidence);
}

cam_status cam_bootstrap_run(const cam_bootstrap_rows *first, const cam_bootstrap_rows *second,
                             const cam_bootstrap_options *options, cam_bootstrap_scores *scores) {
    cam_status st = CAM_OK;
    plan p = {0};
    worker workers[THREADS] = {{0}};
    int threads = options->threads < 1 ? 1 : options->threads < THREADS ? options->threads : THREADS;
    CAM_TRY(cam_bootstrap_check(first->rows, options));
    CAM_TRY(make_plan(&p, first, second, options, scores->f1 != NULL));
    for (int i = 0; i < threads; i++)
        CAM_TRY(init_worker(&workers[i], &p, i, threads));
    run_workers(workers, threads);
    worker *w = &workers[0];
    clear_counts(w);
    for (int64_t i = 0; i < p.rows; i++)
        add_row(w, i);
    score_counts(w, p.rows);
    scores->accuracy = interval_of(&p, w, ACCURACY, options->confidence);
    scores->f1_macro = interval_of(&p, w, F1_MACRO, options->confidence);
    scores->f1_weighted = interval_of(&p, w, F1_WEIGHTED, options->confidence);
    scores->loss = interval_of(&p, w, LOSS, options->confidence);
    for (int64_t k = 0; scores->f1 && k < p.labels; k++)
        scores->f1[k] = interval_of(&p, w, F1 + k, options->confidence);
out:
    for (int i = 0; i < THREADS; i++) {
        free(workers[i].counts);
        free(workers[i].per_label);
        free(workers[i].scores);
    }
    free(p.cell);
    free(p.cell_of);
    free(p.values);
    free(p.starts);
    free(p.members);
    return st;
}

cam_status cam_bootstrap(const cam_bootstrap_rows *rows, const cam_bootstrap_options *options,
                         cam_bootstrap_scores *scores) {
    return cam_bootstrap_run(rows, NULL, options, scores);
}
