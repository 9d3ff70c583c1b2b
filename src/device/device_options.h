/* device_options.h: what a command asks of the device that it computes on. */
#ifndef CAM_DEVICE_OPTIONS_H
#define CAM_DEVICE_OPTIONS_H

#include "choices.h"
#include "group.h"

typedef struct cam_device_options {
    enum cam_choice_device device;       /* 0 is auto */
    int threads;                         /* of the CPU; 0: as many as the process may use */
    int tf32;                            /* CUDA: f32 products may round their inputs to TF32 */
    enum cam_choice_attention attention; /* 0 is auto */
    int untuned;                         /* CUDA: do not read a table of matmul choices */
    int explain;                         /* log why auto takes the CPU, if this program is built with CUDA */
    cam_group *group;                    /* ranks that call together, one device each; NULL: one rank */
} cam_device_options;

#endif
