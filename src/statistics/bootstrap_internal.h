/* bootstrap_internal.h: what bootstrap.h and paired.h share. */
#ifndef CAM_BOOTSTRAP_INTERNAL_H
#define CAM_BOOTSTRAP_INTERNAL_H

#include "bootstrap.h"

/* The scores of one classifier, or of two the differences "first minus second"; see bootstrap.h. Of the second one only
 * `predicted` and `loss` are read. */
CAM_MUST_CHECK cam_status cam_bootstrap_run(const cam_bootstrap_rows *first, const cam_bootstrap_rows *second,
                                            const cam_bootstrap_options *options, cam_bootstrap_scores *scores);

#endif
