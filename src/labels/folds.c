/* folds.c: see folds.h. Comparisons of doubles decide over the folds of groups, so sums add in numpy's order. */
#include "folds.h"
#include "pairwise.h"
#include "split.h"
#include <math.h>
#include <stdlib.h>

/* Sets rows[class_count + 1] (zeros at first) to the rows of each label, and the notes. */
static cam_status count_labels(const int32_t *ids, size_t count, int32_t folds, size_t class_count, int64_t *rows,
                               cam_folds_notes *notes) {
    cam_folds_notes found = {.largest_group = 1};
    int64_t used = 0;
    if (folds < 2 || folds > CAM_FOLDS_MAX)
        return cam_fail(CAM_E_USAGE, "folds is %d; it must be 2 to %d", (int)folds, CAM_FOLDS_MAX);
    if (count < (size_t)folds)
        return cam_fail(CAM_E_DATA, "%zu row%s cannot be divided into %d folds", count, count == 1 ? "" : "s",
                        (int)folds);
    for (size_t i = 0; i < count; i++)
        rows[ids[i]]++;
    for (size_t c = 0; c < class_count; c++) {
        if (rows[c] == 0)
            continue;
        found.small_labels += rows[c] < folds;
        if (used++ == 0 || rows[c] < found.smallest) {
            found.smallest = rows[c];
            found.smallest_id = (int32_t)c;
        }
    }
    if (found.small_labels == used)
        return cam_fail(CAM_E_DATA, "every label has fewer rows than there are folds, %d", (int)folds);
    if (notes)
        *notes = found;
    return CAM_OK;
}

/* --- stratified ------------------------------------------------------------------------------------------------ */

/* Scratch of cam_folds_stratified. */
typedef struct strata {
    int64_t *rows, *next;     /* [class_count + 1]: rows of a label; where its next row goes in `members` */
    int64_t *members, *order; /* [count]: the rows, label after label in the order in which labels appear */
    int32_t *dealt;           /* [count]: the folds that one label's rows get, ascending */
    cam_mt19937 generator;
} strata;

static void strata_release(strata *s) {
    free(s->rows);
    free(s->next);
    free(s->members);
    free(s->order);
    free(s->dealt);
}

static cam_status strata_init(strata *s, size_t count, size_t class_count) {
    s->rows = calloc(class_count + 1, sizeof *s->rows);
    s->next = malloc((class_count + 1) * sizeof *s->next);
    s->members = malloc((count + 1) * sizeof *s->members);
    s->order = malloc((count + 1) * sizeof *s->order);
    s->dealt = malloc((count + 1) * sizeof *s->dealt);
    return s->rows && s->next && s->members && s->order && s->dealt
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory for the folds of %zu rows", count);
}

static void list_members(strata *s, const int32_t *ids, size_t count, size_t class_count) {
    int64_t start = 0;
    for (size_t c = 0; c < class_count; c++)
        s->next[c] = -1;
    for (size_t i = 0; i < count; i++) {
        int64_t *next = &s->next[ids[i]];
        if (*next < 0) {
            *next = start;
            start += s->rows[ids[i]];
        }
        s->members[(*next)++] = (int64_t)i;
    }
}

/* scikit-learn deals the rows, sorted by label, to the folds in turn: this decides how many rows of a label a fold gets.
 * Which ones, a shuffle of the label decides. */
cam_status cam_folds_stratified(int32_t *fold, size_t count, int32_t folds, uint32_t seed, const int32_t *ids,
                                size_t class_count, cam_folds_notes *notes) {
    cam_status st = CAM_OK;
    strata s = {0};
    CAM_TRY(strata_init(&s, count, class_count));
    CAM_TRY(count_labels(ids, count, folds, class_count, s.rows, notes));
    list_members(&s, ids, count, class_count);
    cam_mt19937_seed(&s.generator, seed);
    for (int64_t start = 0, rows; start < (int64_t)count; start += rows) {
        rows = s.rows[ids[s.members[start]]];
        for (int64_t f = 0, at = 0; f < folds; f++)
            for (int64_t place = start + (f - start % folds + folds) % folds; place < start + rows; place += folds)
                s.dealt[at++] = (int32_t)f;
        cam_mt19937_permutation(&s.generator, s.order, (size_t)rows);
        for (int64_t i = 0; i < rows; i++)
            fold[s.members[start + i]] = s.dealt[s.order[i]];
    }
out:
    strata_release(&s);
    return st;
}

/* --- by group -------------------------------------------------------------------------------------------------- */

/* Replaces x[count] by the squares of the distances from their mean. */
static void square_distances(double *x, size_t count, double mean) {
    for (size_t i = 0; i < count; i++) {
        x[i] -= mean;
        x[i] *= x[i];
    }
}

/* numpy.std(x); x is overwritten. */
static double deviation(double *x, size_t count) {
    square_distances(x, count, cam_pairwise_sum(x, count) / (double)count);
    return sqrt(cam_pairwise_sum(x, count) / (double)count);
}

typedef struct member_row {
    int32_t group, label;
} member_row;

typedef struct ranked_group {
    double deviation;
    int64_t place; /* after the shuffle */
    int32_t group;
} ranked_group;

/* Scratch of cam_folds_stratified_group. Labels without rows have no column. */
typedef struct grouping {
    size_t labels;
    int64_t *rows;        /* [class_count + 1] of each label */
    int32_t *column;      /* [class_count + 1] its column */
    double *size;         /* [labels] rows of each column */
    double *in_fold;      /* [folds, labels] rows of the groups that a fold has so far */
    double *group_rows;   /* [labels] of the group at hand */
    double *values;       /* [max(folds, labels)] scratch */
    double *deviations;   /* [labels] */
    int64_t *starts;      /* [group_count + 1] into `members` */
    int64_t *order;       /* [group_count] */
    member_row *members;  /* [count] sorted by group */
    ranked_group *ranked; /* [group_count] */
    int32_t *fold_of;     /* [group_count] */
    cam_mt19937 generator;
} grouping;

static void grouping_release(grouping *g) {
    free(g->rows);
    free(g->column);
    free(g->size);
    free(g->in_fold);
    free(g->group_rows);
    free(g->values);
    free(g->deviations);
    free(g->starts);
    free(g->order);
    free(g->members);
    free(g->ranked);
    free(g->fold_of);
}

static cam_status grouping_init(grouping *g, size_t count, size_t folds, size_t class_count, size_t group_count) {
    size_t labels = class_count + 1;
    g->rows = calloc(labels, sizeof *g->rows);
    g->column = calloc(labels, sizeof *g->column);
    g->size = calloc(labels, sizeof *g->size);
    g->in_fold = calloc(folds * labels + 1, sizeof *g->in_fold);
    g->group_rows = calloc(labels, sizeof *g->group_rows);
    g->values = calloc(labels + folds, sizeof *g->values);
    g->deviations = calloc(labels, sizeof *g->deviations);
    g->starts = calloc(group_count + 2, sizeof *g->starts);
    g->order = calloc(group_count + 1, sizeof *g->order);
    g->members = calloc(count + 1, sizeof *g->members);
    g->ranked = calloc(group_count + 1, sizeof *g->ranked);
    g->fold_of = calloc(group_count + 1, sizeof *g->fold_of);
    return g->rows && g->column && g->size && g->in_fold && g->group_rows && g->values && g->deviations && g->starts &&
                   g->order && g->members && g->ranked && g->fold_of
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory for the folds of %zu rows", count);
}

static void list_groups(grouping *g, const int32_t *ids, const int32_t *group, size_t count, size_t class_count,
                        size_t group_count) {
    for (size_t c = 0; c < class_count; c++) {
        g->column[c] = (int32_t)g->labels;
        if (g->rows[c] > 0)
            g->size[g->labels++] = (double)g->rows[c];
    }
    for (size_t i = 0; i < count; i++)
        g->starts[group[i] + 2]++;
    for (size_t j = 0; j < group_count; j++)
        g->starts[j + 2] += g->starts[j + 1];
    for (size_t i = 0; i < count; i++) /* starts[j + 1] moves on to the end of group j, the start of the next one */
        g->members[g->starts[group[i] + 1]++] = (member_row){group[i], g->column[ids[i]]};
}

static void count_group(grouping *g, int32_t group) {
    for (size_t c = 0; c < g->labels; c++)
        g->group_rows[c] = 0;
    for (int64_t i = g->starts[group]; i < g->starts[group + 1]; i++)
        g->group_rows[g->members[i].label]++;
}

static int by_deviation(const void *a, const void *b) {
    const ranked_group *x = a, *y = b;
    if (x->deviation != y->deviation)
        return x->deviation > y->deviation ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* The groups whose labels are the most unequal come first; equal ones in shuffled order. */
static void rank_groups(grouping *g, size_t group_count) {
    cam_mt19937_permutation(&g->generator, g->order, group_count);
    for (size_t place = 0; place < group_count; place++) {
        int32_t group = (int32_t)g->order[place];
        count_group(g, group);
        g->ranked[place] = (ranked_group){deviation(g->group_rows, g->labels), (int64_t)place, group};
    }
    qsort(g->ranked, group_count, sizeof *g->ranked, by_deviation);
}

/* The mean over labels of the deviation between folds of the share of a label's rows that a fold has, where `f` also had
 * the group at hand. */
static double unevenness(grouping *g, size_t folds, size_t f) {
    for (size_t c = 0; c < g->labels; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < folds; i++)
            g->values[i] = (g->in_fold[i * g->labels + c] + (i == f ? g->group_rows[c] : 0)) / g->size[c];
        if (g->labels == 1) { /* numpy then adds adjacent numbers */
            g->deviations[c] = deviation(g->values, folds);
            continue;
        }
        for (size_t i = 0; i < folds; i++)
            sum += g->values[i];
        square_distances(g->values, folds, sum / (double)folds);
        for (size_t i = 0; i < folds; i++)
            squares += g->values[i];
        g->deviations[c] = sqrt(squares / (double)folds);
    }
    return cam_pairwise_sum(g->deviations, g->labels) / (double)g->labels;
}

static size_t find_best_fold(grouping *g, size_t folds) {
    size_t best = 0;
    double least = INFINITY, least_rows = INFINITY;
    for (size_t f = 0; f < folds; f++) {
        double value = unevenness(g, folds, f), rows = 0;
        for (size_t c = 0; c < g->labels; c++)
            rows += g->in_fold[f * g->labels + c];
        int is_close = fabs(value - least) <= 1e-8 + 1e-5 * fabs(least); /* numpy.isclose */
        if (value < least || (is_close && rows < least_rows)) {
            least = value;
            least_rows = rows;
            best = f;
        }
    }
    return best;
}

cam_status cam_folds_stratified_group(int32_t *fold, size_t count, int32_t folds, uint32_t seed, const int32_t *ids,
                                      size_t class_count, const int32_t *group, size_t group_count,
                                      cam_folds_notes *notes) {
    cam_status st = CAM_OK;
    grouping g = {0};
    CAM_TRY(grouping_init(&g, count, (size_t)(folds > 0 ? folds : 0), class_count, group_count));
    CAM_TRY(count_labels(ids, count, folds, class_count, g.rows, notes));
    if (group_count < (size_t)folds)
        CAM_FAIL(CAM_E_DATA, "%zu group%s cannot be divided into %d folds", group_count, group_count == 1 ? "" : "s",
                 (int)folds);
    list_groups(&g, ids, group, count, class_count, group_count);
    for (size_t j = 0; notes && j < group_count; j++)
        if (g.starts[j + 1] - g.starts[j] > notes->largest_group)
            notes->largest_group = g.starts[j + 1] - g.starts[j];
    cam_mt19937_seed(&g.generator, seed);
    rank_groups(&g, group_count);
    for (size_t j = 0; j < group_count; j++) {
        count_group(&g, g.ranked[j].group);
        size_t best = find_best_fold(&g, (size_t)folds);
        for (size_t c = 0; c < g.labels; c++)
            g.in_fold[best * g.labels + c] += g.group_rows[c];
        g.fold_of[g.ranked[j].group] = (int32_t)best;
    }
    for (size_t i = 0; i < count; i++)
        fold[i] = g.fold_of[group[i]];
out:
    grouping_release(&g);
    return st;
}
