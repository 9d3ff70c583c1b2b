/* beginning.h: a copy of all that training changes of the values that a load has filled in, to go back to: many times
 * faster than a load.
 */
#ifndef CAM_BEGINNING_H
#define CAM_BEGINNING_H

#include "parameters.h"

/* A zeroed struct is empty. */
typedef struct cam_beginning {
    void *weight, *low; /* device memory: the trained parts of these planes */
    float *rows;        /* host memory: the left-out rows that are held (held.h); NULL: none are */
    int is_taken;
} cam_beginning;

/* Device memory that a copy takes. */
size_t cam_beginning_bytes(const cam_parameters *params);
/* Copies the values, which have just been loaded; again into the same memory. CAM_E_MEMORY; the copy is then empty. */
CAM_MUST_CHECK cam_status cam_beginning_take(cam_beginning *beginning, const cam_parameters *params);
/* Puts them back; the record of updates must be empty. */
CAM_MUST_CHECK cam_status cam_beginning_put(const cam_beginning *beginning, cam_parameters *params);
void cam_beginning_release(cam_beginning *beginning, const cam_parameters *params);

#endif
