/* split.c: see split.h. Follows scikit-learn operation by operation, in double: the rows of each part depend on the
 * order of the random draws and on how ties are broken. */
#include "split.h"
#include "strbuf.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 624, M = 397 }; /* Matsumoto, Nishimura 1998: degree of recurrence, middle word */

void cam_mt19937_seed(cam_mt19937 *generator, uint32_t seed) {
    uint32_t *s = generator->state;
    s[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        s[i] = 1812433253U * (s[i - 1] ^ (s[i - 1] >> 30)) + i;
    generator->next = N;
}

static uint32_t twist(uint32_t upper, uint32_t lower) {
    uint32_t y = (upper & 0x80000000U) | (lower & 0x7FFFFFFFU);
    return (y >> 1) ^ (lower & 1 ? 0x9908B0DFU : 0);
}

uint32_t cam_mt19937_next(cam_mt19937 *generator) {
    uint32_t *s = generator->state;
    if (generator->next == N) {
        for (int i = 0; i < N; i++)
            s[i] = s[(i + M) % N] ^ twist(s[i], s[(i + 1) % N]);
        generator->next = 0;
    }
    uint32_t y = s[generator->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680U;
    y ^= (y << 15) & 0xEFC60000U;
    return y ^ (y >> 18);
}

/* numpy's legacy random_interval: uniform in [0, max]; draws above max are discarded. */
static uint32_t interval(cam_mt19937 *generator, uint32_t max) {
    uint32_t mask = max, value;
    for (int shift = 1; shift < 32; shift *= 2)
        mask |= mask >> shift;
    do
        value = cam_mt19937_next(generator) & mask;
    while (value > max);
    return value;
}

/* RandomState.shuffle. */
static void shuffle(cam_mt19937 *generator, int64_t *order, size_t count) {
    for (size_t i = count; i-- > 1;) {
        size_t j = interval(generator, (uint32_t)i);
        int64_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

void cam_mt19937_permutation(cam_mt19937 *generator, int64_t *order, size_t count) {
    for (size_t i = 0; i < count; i++)
        order[i] = (int64_t)i;
    shuffle(generator, order, count);
}

static int descending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* scikit-learn's _approximate_mode: how many of each class's `counts` members are drawn when `draws` are in all.
 * Floors first, then one more in the order of the remainders; a tie that does not fit is broken by rng.choice, which
 * permutes even where all of a tie fit; without a generator the first class comes first. `remainders` and `order`,
 * [2 classes] each, are scratch. */
static void approximate_mode(cam_mt19937 *generator, const int64_t *counts, size_t classes, size_t draws,
                             int64_t *drawn, double *remainders, int64_t *order) {
    int64_t total = 0, floored = 0;
    double *sorted = remainders + classes;
    for (size_t i = 0; i < classes; i++)
        total += counts[i];
    for (size_t i = 0; i < classes; i++) {
        double continuous = (double)counts[i] / (double)total * (double)draws;
        drawn[i] = (int64_t)floor(continuous);
        floored += drawn[i];
        sorted[i] = remainders[i] = continuous - floor(continuous);
    }
    qsort(sorted, classes, sizeof *sorted, descending);
    int64_t left = (int64_t)draws - floored;
    for (size_t at = 0; at < classes && left > 0;) {
        size_t past = at;
        while (past < classes && sorted[past] == sorted[at])
            past++;
        size_t tied = past - at;
        for (size_t i = 0; !generator && i < tied; i++)
            order[i] = (int64_t)i;
        if (generator)
            cam_mt19937_permutation(generator, order, tied);
        size_t add = tied < (size_t)left ? tied : (size_t)left;
        int64_t *ties = order + tied;
        for (size_t i = 0, k = 0; i < classes; i++)
            if (remainders[i] == sorted[at])
                ties[k++] = (int64_t)i;
        for (size_t k = 0; k < add; k++)
            drawn[ties[order[k]]]++;
        left -= (int64_t)add;
        at = past;
    }
}

static cam_status allocate(cam_split *split, size_t train, size_t test) {
    *split = (cam_split){malloc(train * sizeof(int64_t)), malloc(test * sizeof(int64_t)), 0, 0};
    return split->train && split->test ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory to split %zu rows", train + test);
}

void cam_split_release(cam_split *split) {
    free(split->train);
    free(split->test);
    *split = (cam_split){0};
}

static cam_status split_plain(cam_split *split, cam_mt19937 *generator, size_t train, size_t test) {
    int64_t *order = malloc((train + test) * sizeof *order);
    if (!order)
        return cam_fail(CAM_E_MEMORY, "no memory to split %zu rows", train + test);
    cam_mt19937_permutation(generator, order, train + test);
    memcpy(split->test, order, test * sizeof *order);
    memcpy(split->train, order + test, train * sizeof *order);
    free(order);
    split->train_count = train;
    split->test_count = test;
    return CAM_OK;
}

/* Scratch of a stratified split, one allocation an array. Classes without rows take no part. */
typedef struct strata {
    size_t classes;
    int64_t *counts, *train, *left, *test, *starts; /* [classes]; starts [classes + 1] */
    int64_t *rows, *order;                          /* [count + class_count] */
    double *remainders;                             /* [2 classes] */
} strata;

static void strata_release(strata *s) {
    free(s->counts);
    free(s->rows);
    free(s->remainders);
}

static cam_status strata_init(strata *s, size_t count, const int32_t *ids, size_t class_count) {
    *s = (strata){0};
    s->counts = calloc(5 * class_count + 1, sizeof *s->counts);
    s->rows = malloc(2 * (count + class_count) * sizeof *s->rows);
    s->remainders = malloc(2 * (class_count + 1) * sizeof *s->remainders);
    if (!s->counts || !s->rows || !s->remainders)
        return cam_fail(CAM_E_MEMORY, "no memory to split %zu rows", count);
    s->order = s->rows + count + class_count;
    s->train = s->counts + class_count;
    s->left = s->train + class_count;
    s->test = s->left + class_count;
    s->starts = s->test + class_count;
    int64_t *at = s->train; /* scratch until then: the next free slot of each class in `rows` */
    for (size_t i = 0; i < count; i++)
        s->left[ids[i]]++;
    for (size_t c = 0; c < class_count; c++) {
        at[c] = s->starts[s->classes];
        if (s->left[c] == 0)
            continue;
        s->counts[s->classes] = s->left[c];
        s->starts[s->classes + 1] = s->starts[s->classes] + s->left[c];
        s->classes++;
    }
    for (size_t i = 0; i < count; i++)
        s->rows[at[ids[i]]++] = (int64_t)i;
    return CAM_OK;
}

/* Appends ": "a", "b"", the classes with one row, or ": "a" 12, "b" 3", all classes with their rows. */
static void put_classes(const strata *s, const int32_t *ids, int only_single, const char *const *names,
                        cam_strbuf *out) {
    enum { SHOWN = 20 };
    size_t shown = 0, all = 0;
    for (size_t c = 0; c < s->classes; c++) {
        if (only_single && s->counts[c] >= 2)
            continue;
        if (all++ < SHOWN) {
            const char *name = names[ids[s->rows[s->starts[c]]]];
            cam_strbuf_puts(out, shown++ ? ", " : ": ");
            cam_strbuf_put_json(out, name, strlen(name));
            if (!only_single)
                cam_strbuf_printf(out, " %lld", (long long)s->counts[c]);
        }
    }
    if (all > shown)
        cam_strbuf_printf(out, " and %zu more", all - shown);
}

static cam_status check_strata(const strata *s, const int32_t *ids, size_t train, size_t test,
                               const char *const *names) {
    cam_status st = CAM_OK;
    cam_strbuf shown = CAM_STRBUF_INIT;
    size_t single = 0;
    for (size_t c = 0; c < s->classes; c++)
        single += s->counts[c] < 2;
    if (names)
        put_classes(s, ids, single > 0, names, &shown);
    if (single > 0)
        CAM_FAIL(CAM_E_DATA, "%zu label%s one row only, and a stratified split needs two of each%s", single,
                 single == 1 ? " has" : "s have", cam_strbuf_text(&shown));
    if (train < s->classes || test < s->classes)
        CAM_FAIL(CAM_E_DATA, "a stratified split of %zu rows would leave %zu for %s, fewer than the %zu labels%s",
                 train + test, train < s->classes ? train : test, train < s->classes ? "training" : "validation",
                 s->classes, cam_strbuf_text(&shown));
out:
    cam_strbuf_release(&shown);
    return st;
}

static cam_status split_stratified(cam_split *split, cam_mt19937 *generator, size_t train, size_t test,
                                   const int32_t *ids, size_t class_count, const char *const *names) {
    cam_status st = CAM_OK;
    strata s = {0};
    CAM_TRY(strata_init(&s, train + test, ids, class_count));
    CAM_TRY(check_strata(&s, ids, train, test, names));
    approximate_mode(generator, s.counts, s.classes, train, s.train, s.remainders, s.order);
    for (size_t c = 0; c < s.classes; c++)
        s.left[c] = s.counts[c] - s.train[c];
    approximate_mode(generator, s.left, s.classes, test, s.test, s.remainders, s.order);
    for (size_t c = 0; c < s.classes; c++) {
        cam_mt19937_permutation(generator, s.order, (size_t)s.counts[c]);
        for (int64_t k = 0; k < s.train[c] + s.test[c]; k++) {
            int64_t row = s.rows[s.starts[c] + s.order[k]];
            if (k < s.train[c])
                split->train[split->train_count++] = row;
            else
                split->test[split->test_count++] = row;
        }
    }
    shuffle(generator, split->train, split->train_count);
    shuffle(generator, split->test, split->test_count);
out:
    strata_release(&s);
    return st;
}

/* --- by rank --------------------------------------------------------------------------------------------------- */

typedef struct ranked_row {
    uint64_t rank;
    int64_t row;
} ranked_row;

static int by_rank(const void *a, const void *b) {
    const ranked_row *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Walks over all rows in the order of their ranks, and takes each as a test row while its class lacks some. */
static void take_ranked(cam_split *split, const ranked_row *rows, size_t count, const int32_t *ids, int64_t *lacking) {
    for (size_t i = 0; i < count; i++) {
        int64_t *lack = &lacking[ids ? ids[rows[i].row] : 0];
        if (*lack > 0)
            split->test[split->test_count++] = rows[i].row;
        else
            split->train[split->train_count++] = rows[i].row;
        *lack -= *lack > 0;
    }
    for (size_t i = 0, j = split->train_count; i + 1 < j; i++) {
        int64_t kept = split->train[i];
        split->train[i] = split->train[--j];
        split->train[j] = kept;
    }
}

/* The test rows of each class, by its id, into lacking[class_count]. */
static cam_status count_test_rows(size_t train, size_t test, const int32_t *ids, size_t class_count,
                                  const char *const *names, int64_t *lacking) {
    cam_status st = CAM_OK;
    strata s = {0};
    CAM_TRY(strata_init(&s, train + test, ids, class_count));
    CAM_TRY(check_strata(&s, ids, train, test, names));
    approximate_mode(NULL, s.counts, s.classes, test, s.test, s.remainders, s.order);
    for (size_t c = 0; c < s.classes; c++)
        lacking[ids[s.rows[s.starts[c]]]] = s.test[c];
out:
    strata_release(&s);
    return st;
}

static cam_status split_ranked(cam_split *split, const uint64_t *rank, size_t train, size_t test, const int32_t *ids,
                               size_t class_count, const char *const *names) {
    cam_status st = CAM_OK;
    size_t count = train + test;
    ranked_row *rows = malloc(count * sizeof *rows);
    int64_t *lacking = calloc(class_count + 1, sizeof *lacking);
    if (!rows || !lacking)
        CAM_FAIL(CAM_E_MEMORY, "no memory to split %zu rows", count);
    lacking[0] = (int64_t)test;
    if (ids)
        CAM_TRY(count_test_rows(train, test, ids, class_count, names, lacking));
    for (size_t i = 0; i < count; i++)
        rows[i] = (ranked_row){rank[i], (int64_t)i};
    qsort(rows, count, sizeof *rows, by_rank);
    take_ranked(split, rows, count, ids, lacking);
out:
    free(rows);
    free(lacking);
    return st;
}

/* --- both ------------------------------------------------------------------------------------------------------ */

static size_t test_rows(size_t count, double fraction) {
    return (size_t)ceil(fraction * (double)count);
}

int cam_split_is_possible(const int64_t *counts, size_t class_count, double fraction) {
    size_t rows = 0, classes = 0;
    for (size_t c = 0; c < class_count; c++) {
        if (counts[c] == 1)
            return 0;
        rows += (size_t)counts[c];
        classes += counts[c] > 0;
    }
    size_t test = test_rows(rows, fraction);
    return test < rows && test >= classes && rows - test >= classes;
}

/* Checks the fraction, and makes room for the rows of both parts. */
static cam_status begin(cam_split *split, size_t count, double fraction, size_t *test) {
    cam_status st = CAM_OK;
    *split = (cam_split){0};
    if (!(fraction > 0 && fraction < 1))
        CAM_FAIL(CAM_E_USAGE, "validation_split is %g; it must lie between 0 and 1", fraction);
    if (count > UINT32_MAX)
        CAM_FAIL(CAM_E_UNSUPPORTED, "%zu rows are more than a split can hold", count);
    *test = test_rows(count, fraction);
    if (*test >= count)
        CAM_FAIL(CAM_E_DATA, "validation_split %g of %zu row%s leaves none to train on", fraction, count,
                 count == 1 ? "" : "s");
    CAM_TRY(allocate(split, count - *test, *test));
out:
    return st;
}

cam_status cam_split_rows(cam_split *split, size_t count, double fraction, uint32_t seed, const int32_t *ids,
                          size_t class_count, const char *const *names) {
    cam_status st = CAM_OK;
    cam_mt19937 generator;
    size_t test;
    CAM_TRY(begin(split, count, fraction, &test));
    cam_mt19937_seed(&generator, seed);
    if (ids)
        CAM_TRY(split_stratified(split, &generator, count - test, test, ids, class_count, names));
    else
        CAM_TRY(split_plain(split, &generator, count - test, test));
out:
    if (st != CAM_OK)
        cam_split_release(split);
    return st;
}

cam_status cam_split_by_rank(cam_split *split, size_t count, double fraction, const uint64_t *rank, const int32_t *ids,
                             size_t class_count, const char *const *names) {
    cam_status st = CAM_OK;
    size_t test;
    CAM_TRY(begin(split, count, fraction, &test));
    CAM_TRY(split_ranked(split, rank, count - test, test, ids, class_count, names));
out:
    if (st != CAM_OK)
        cam_split_release(split);
    return st;
}
