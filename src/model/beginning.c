/* beginning.c: see beginning.h. */
#include "beginning.h"
#include "held.h"
#include <stdlib.h>
#include <string.h>

static size_t row_bytes(const cam_parameters *params) {
    return params->held.rows ? (size_t)((params->vocab_size - params->word_rows) * params->hidden) * sizeof(float) : 0;
}

size_t cam_beginning_bytes(const cam_parameters *params) {
    return cam_tensor_bytes(cam_parameters_trained(params, CAM_WEIGHT)) +
           cam_tensor_bytes(cam_parameters_trained(params, CAM_LOW));
}

/* The copy of a plane, made where it is not there yet. */
static cam_status take_plane(const cam_parameters *params, cam_plane plane, void **copy) {
    cam_status st = CAM_OK;
    cam_tensor trained = cam_parameters_trained(params, plane);
    size_t bytes = cam_tensor_bytes(trained);
    if (bytes == 0)
        return CAM_OK;
    if (!*copy)
        CAM_TRY(cam_backend_allocate(params->backend, bytes, copy));
    CAM_TRY(cam_backend_copy(params->backend, *copy, trained.data, bytes, CAM_ON_DEVICE));
out:
    return st;
}

cam_status cam_beginning_take(cam_beginning *b, const cam_parameters *params) {
    cam_status st = CAM_OK;
    size_t bytes = row_bytes(params);
    if (bytes > 0 && !b->rows)
        b->rows = malloc(bytes);
    if (bytes > 0 && !b->rows)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a copy of the rows that are not trained");
    if (bytes > 0)
        memcpy(b->rows, params->held.rows, bytes);
    CAM_TRY(take_plane(params, CAM_WEIGHT, &b->weight));
    CAM_TRY(take_plane(params, CAM_LOW, &b->low));
    b->is_taken = 1;
out:
    if (st != CAM_OK)
        cam_beginning_release(b, params);
    return st;
}

static cam_status put_plane(const cam_parameters *params, cam_plane plane, const void *copy) {
    cam_tensor trained = cam_parameters_trained(params, plane);
    return copy ? cam_backend_copy(params->backend, trained.data, copy, cam_tensor_bytes(trained), CAM_ON_DEVICE)
                : CAM_OK;
}

cam_status cam_beginning_put(const cam_beginning *b, cam_parameters *params) {
    cam_status st = CAM_OK;
    CAM_ASSERT(b->is_taken && params->decay_updates == 0);
    CAM_TRY(put_plane(params, CAM_WEIGHT, b->weight));
    CAM_TRY(put_plane(params, CAM_LOW, b->low));
    if (b->rows)
        memcpy(params->held.rows, b->rows, row_bytes(params));
    cam_held_begin(params);
out:
    return st;
}

void cam_beginning_release(cam_beginning *b, const cam_parameters *params) {
    if (params->backend) {
        cam_backend_release(params->backend, b->weight);
        cam_backend_release(params->backend, b->low);
    }
    free(b->rows);
    *b = (cam_beginning){0};
}
