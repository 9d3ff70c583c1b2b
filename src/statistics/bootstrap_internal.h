/* bootstrap_internal.h: what bootstrap.h, paired.h and confident.h share. */
#ifndef CAM_BOOTSTRAP_INTERNAL_H
#define CAM_BOOTSTRAP_INTERNAL_H

#include "bootstrap.h"

enum { CAM_BOOTSTRAP_DRAWS = 256 }; /* made by one call */

/* Sets unit[CAM_BOOTSTRAP_DRAWS] to the draws `first`, first + 1, ... of a resample, as bootstrap.h says; `first` is a
 * multiple of 4. */
void cam_bootstrap_draw(uint64_t seed, int64_t resample, int64_t units, int64_t first, uint32_t *unit);

/* CAM_E_USAGE as cam_bootstrap. */
CAM_MUST_CHECK cam_status cam_bootstrap_check(int64_t rows, const cam_bootstrap_options *options);

/* The scores of one classifier, or of two the differences "first minus second"; see bootstrap.h. Of the second one only
 * `predicted` and `loss` are read. */
CAM_MUST_CHECK cam_status cam_bootstrap_run(const cam_bootstrap_rows *first, const cam_bootstrap_rows *second,
                                            const cam_bootstrap_options *options, cam_bootstrap_scores *scores);

#endif
