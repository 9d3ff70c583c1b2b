/* parameters_internal.h: what the store's tensors (parameters.c) and its arrangement (parameters_shares.c) share. */
#ifndef CAM_PARAMETERS_INTERNAL_H
#define CAM_PARAMETERS_INTERNAL_H

#include "parameters.h"

/* Bytes of one element of a tensor in a plane; 0 where it has none there. */
size_t cam_parameter_bytes(const cam_parameters *params, const cam_parameter *p, cam_plane plane);
/* Bytes of a plane before what is trained. */
size_t cam_parameters_untrained_bytes(const cam_parameters *params, cam_plane plane);

/* Gives every tensor its place in the index space; fills by_offset, elements, trained_begin, segments and buckets. */
CAM_MUST_CHECK cam_status cam_parameters_arrange(cam_parameters *params, int frozen_depth);
/* The table of chunks, here and on the device. */
CAM_MUST_CHECK cam_status cam_parameters_fill_chunks(cam_parameters *params, const cam_train_rates *rates);

#endif
