/* held.c: see held.h. */
#include "held.h"
#include "decay_rows_internal.h"
#include <stdlib.h>

/* More threads than these gain nothing: memory is the limit. */
enum { MAX_THREADS = 16 };

/* Whole groups, so that a pass has no rest. */
static int64_t row_values(const cam_parameters *params) {
    int64_t values = (params->vocab_size - params->word_rows) * params->hidden;
    return (values + CAM_DECAY_GROUP - 1) / CAM_DECAY_GROUP * CAM_DECAY_GROUP;
}

static int is_rounded(const cam_parameters *params, int index) {
    return params->list[index].split && !cam_parameters_is_trained(params, index);
}

/* Rounded values of the tensors before `index`. */
static int64_t low_place(const cam_parameters *params, int index) {
    int64_t values = 0;
    for (int i = 0; i < index; i++)
        values += is_rounded(params, i) ? params->list[i].rows * params->list[i].columns : 0;
    return values;
}

size_t cam_held_bytes(const cam_parameters *params) {
    return (size_t)row_values(params) * sizeof(float) + (size_t)low_place(params, params->count) * sizeof(uint16_t);
}

cam_status cam_held_allocate(cam_parameters *params) {
    cam_status st = CAM_OK;
    cam_held_values *held = &params->held;
    size_t rows = (size_t)row_values(params), low = (size_t)low_place(params, params->count);
    if (rows > 0 && !held->rows)
        held->rows = calloc(rows, sizeof *held->rows);
    if (low > 0 && !held->low)
        held->low = malloc(low * sizeof *held->low);
    if ((rows > 0 && !held->rows) || (low > 0 && !held->low))
        CAM_FAIL(CAM_E_MEMORY, "no memory for the %zu MB of the model that are not trained and saved with it",
                 cam_held_bytes(params) >> 20);
out:
    return st;
}

float *cam_held_row(const cam_parameters *params, int64_t r) {
    CAM_ASSERT(params->held.rows && r >= 0 && r < params->vocab_size - params->word_rows);
    return params->held.rows + r * params->hidden;
}

uint16_t *cam_held_low(const cam_parameters *params, int index) {
    return params->held.low && is_rounded(params, index) ? params->held.low + low_place(params, index) : NULL;
}

void cam_held_begin(cam_parameters *params) {
    params->held.updates = params->decay_updates;
}

void cam_held_catch_up(cam_parameters *params) {
    cam_held_values *held = &params->held;
    int64_t due = params->decay_updates - held->updates;
    int threads = params->backend->host_threads;
    if (!held->rows || due == 0)
        return;
    cam_decay_rows(held->rows, row_values(params), params->decay_factors + held->updates, due,
                   threads < 1             ? 1
                   : threads > MAX_THREADS ? MAX_THREADS
                                           : threads);
    held->updates = params->decay_updates;
}

void cam_held_follow(cam_parameters *params) {
    if (params->decay_updates - params->held.updates >= CAM_HELD_PASS_UPDATES)
        cam_held_catch_up(params);
}
