/* out_of_fold_internal.h: what out_of_fold.c and out_of_fold_read.c share. */
#ifndef CAM_OUT_OF_FOLD_INTERNAL_H
#define CAM_OUT_OF_FOLD_INTERNAL_H

#include "out_of_fold.h"

#define CAM_OUT_OF_FOLD_FORMAT "cam-train oof 1"

/* The arrays of `rows`, `seeds` and `labels`, which are set. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_out_of_fold_allocate(cam_out_of_fold *oof);

#endif
