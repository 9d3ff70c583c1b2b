/* split.h: splits rows into training and validation, row for row as scikit-learn's train_test_split.
 *
 * The same seed, fraction and class ids give the arrays of
 *     train_test_split(range(n), test_size=fraction, random_state=seed, stratify=ids or None)
 * in the same order. With stratify, scikit-learn sorts the classes of the array it is given; here that array is the ids
 * (equal to label texts where ids are sorted by code point, the default).
 *
 * Source: scikit-learn 1.9 model_selection/_split.py and utils/extmath.py (_approximate_mode); numpy RandomState:
 * Mersenne Twister 19937 seeded by init_genrand, shuffles by masked rejection of 32-bit draws. */
#ifndef CAM_SPLIT_H
#define CAM_SPLIT_H

#include "cam/status.h"
#include "dataset.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_split {
    int64_t *train, *test; /* row numbers, in scikit-learn's order */
    size_t train_count, test_count;
} cam_split;

/* ceil(fraction * count) test rows, the rest train; 0 < fraction < 1. `ids` NULL = not stratified; otherwise count ids,
 * 0 <= ids[i] < class_count. CAM_E_USAGE: fraction out of range. CAM_E_DATA: no training row would be left; stratified: a
 * class has one member only, or either part is smaller than the number of classes. The classes concerned are named by
 * `names`, unless that is NULL, with their rows. */
CAM_MUST_CHECK cam_status cam_split_rows(cam_split *split, size_t count, double fraction, uint32_t seed,
                                         const int32_t *ids, size_t class_count, const char *const *names);
/* The same counts, but ordered by rank[count] instead of by random draws: the rows of a class with the lowest ranks are its
 * test rows, and `rank` decides between the rows alone. So a row changes part only where the number of test rows of
 * its class does. `test` is in ascending, `train` in descending order of the ranks: both end where the parts meet.
 * Ties: the first row comes first. Errors as cam_split_rows. */
CAM_MUST_CHECK cam_status cam_split_by_rank(cam_split *split, size_t count, double fraction, const uint64_t *rank,
                                            const int32_t *ids, size_t class_count, const char *const *names);
/* Sets rank[dataset->count] from the seed and the text alone (split_ranks.c); equal texts, as audit.h says, have one rank.
 */
void cam_split_rank_texts(const cam_dataset *dataset, uint32_t seed, uint64_t *rank);
/* Whether a stratified split succeeds: counts[class_count] rows of each class, 0 for a class without. */
int cam_split_is_possible(const int64_t *counts, size_t class_count, double fraction);
void cam_split_release(cam_split *split);

typedef struct cam_split_moves {
    int64_t texts; /* that had rows in both parts */
    int64_t rows;  /* that are now in the other part */
} cam_split_moves;

/* Puts rows with equal texts into one part (split_together.c). first[row] is the first row with the text of this row, or
 * the row itself. A split without equal texts in both parts does not change.
 *
 * A text of both parts goes to the part of its first row; to training where no room is for all its rows: no class (`ids`,
 * NULL = all rows are one) gets more test rows than scikit-learn gave it. Then rows whose text is unique change part,
 * from the end of each part on, until each class has as many test rows as before, or training has no more such rows.
 * Rows that stay keep their order; the others follow. Deterministic. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_split_keep_together(cam_split *split, const int64_t *first, const int32_t *ids,
                                                  size_t class_count, cam_split_moves *moves);

/* numpy.random.RandomState(seed), the part that is needed here. */
typedef struct cam_mt19937 {
    uint32_t state[624];
    int next;
} cam_mt19937;
void cam_mt19937_seed(cam_mt19937 *generator, uint32_t seed);
uint32_t cam_mt19937_next(cam_mt19937 *generator);
/* RandomState.permutation(count): the numbers 0 .. count - 1 into `order`. */
void cam_mt19937_permutation(cam_mt19937 *generator, int64_t *order, size_t count);

#endif
