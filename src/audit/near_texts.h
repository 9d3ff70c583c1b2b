/* near_texts.h: pairs of texts that differ in little, such as in a name, a number or one word.
 *
 * The similarity of two texts is the share of character 4-grams that both have among those that either has (Jaccard), after
 * case folding, NFC and what audit.h calls the same text. Texts with fewer than CAM_NEAR_LEAST_GRAMS different 4-grams have
 * no near texts; of a longer one the first CAM_NEAR_MOST_CHARACTERS count.
 *
 * All pairs are found, without comparing each with each: two texts that are similar enough share one of their rarest
 * 4-grams. Deterministic.
 *
 * Source: Chaudhuri, Ganti, Kaushik 2006, A primitive operator for similarity joins in data cleaning (prefix filter). */
#ifndef CAM_NEAR_TEXTS_H
#define CAM_NEAR_TEXTS_H

#include "cam/status.h"
#include "dataset.h"
#include <stdint.h>

enum { CAM_NEAR_LEAST_GRAMS = 12, CAM_NEAR_MOST_CHARACTERS = 2000 };

/* Two rows of the data set, the first one before the second one, and their similarity. */
typedef void (*cam_near_visit)(void *context, int64_t first, int64_t second, double similarity);

/* Calls `visit` for each pair of at least this similarity, above 0 and at most 1. Of rows with the same text only the first
 * takes part: `first` [dataset->count] is that of cam_audit_groups. CAM_E_MEMORY, CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_near_texts(const cam_dataset *dataset, const int64_t *first, double least,
                                         cam_near_visit visit, void *context);

#endif
