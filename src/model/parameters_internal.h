/* parameters_internal.h: functions of parameter_shards.c, which parameters.c builds on. */
#ifndef CAM_PARAMETERS_INTERNAL_H
#define CAM_PARAMETERS_INTERNAL_H

#include "parameters.h"

/* Bytes of one element of a tensor in a plane; 0 if the plane does not have the tensor. */
size_t cam_parameter_bytes(const cam_parameters *params, const cam_parameter *p, cam_plane plane);
/* Bytes of a plane before the trained suffix. */
size_t cam_parameters_untrained_bytes(const cam_parameters *params, cam_plane plane);

/* Places every tensor in the index space; fills by_offset, elements, trained_begin, segments and buckets. */
CAM_MUST_CHECK cam_status cam_parameters_arrange(cam_parameters *params, int frozen_depth);
/* Fills the chunk table, in host and in device memory. */
CAM_MUST_CHECK cam_status cam_parameters_fill_chunks(cam_parameters *params, const cam_train_rates *rates);

#endif
