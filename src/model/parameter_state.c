/* parameter_state.c: the copy of the state in host memory; see parameter_state.h. */
#include "parameter_state.h"
#include "cam/arena.h"
#include "parameter_state_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The planes of a state. */
static const cam_plane planes[] = {CAM_WEIGHT, CAM_LOW, CAM_MOMENT1, CAM_MOMENT2};
enum { PLANES = sizeof planes / sizeof *planes };

static size_t round_up(size_t bytes, size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

/* Bytes of this rank's piece of a plane; 0: it has none. */
static size_t own_bytes(const cam_parameters *params, cam_plane plane) {
    int rank = params->sharding.rank;
    return cam_state_writes(params, plane, rank) ? cam_state_piece_bytes(params, plane, rank) : 0;
}

size_t cam_parameter_state_bytes(const cam_parameters *params) {
    size_t bytes = 0;
    for (int i = 0; i < PLANES; i++)
        bytes += round_up(own_bytes(params, planes[i]), CAM_ARENA_ALIGN);
    return bytes;
}

/* --- memory ----------------------------------------------------------------------------------------------------- */

/* Divides work on host memory among the backend's threads. Each has one part of every extent, so that it writes long
 * pieces of memory. */
static size_t part_begin(const cam_state_extent *extent, int part, int parts) {
    return part == parts ? extent->bytes
                         : extent->bytes / (size_t)parts / CAM_ARENA_ALIGN * CAM_ARENA_ALIGN * (size_t)part;
}

static int threads_of(const cam_parameter_state *state) {
    int threads = state->params->backend->host_threads;
    return threads < 1 ? 1 : threads;
}

/* Copies the extents from memory that the host can access, or writes zeros to the copies. */
static void write_extents(const cam_parameter_state *state, int zeros) {
    int threads = threads_of(state);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++)
        for (int i = 0; i < state->extent_count; i++) {
            const cam_state_extent *extent = &state->extents[i];
            size_t begin = part_begin(extent, part, threads), bytes = part_begin(extent, part + 1, threads) - begin;
            if (zeros)
                memset(extent->copy + begin, 0, bytes);
            else
                memcpy(extent->copy + begin, extent->data + begin, bytes);
        }
}

/* --- pieces ----------------------------------------------------------------------------------------------------- */

static cam_state_piece *add_piece(cam_parameter_state *state, const void *bytes, size_t count) {
    CAM_ASSERT(state->count < CAM_STATE_PIECES);
    cam_state_piece *piece = &state->pieces[state->count++];
    *piece = (cam_state_piece){.bytes = bytes, .count = count};
    return piece;
}

static cam_status open_planes(cam_parameter_state *state) {
    cam_status st = CAM_OK;
    const cam_parameters *params = state->params;
    const cam_sharding *sharding = &params->sharding;
    size_t total = cam_parameter_state_bytes(params), at = 0;
    void *memory = NULL;
    if (total == 0)
        return CAM_OK;
    state->extents = malloc((size_t)cam_state_stretches(params) * PLANES * sizeof *state->extents);
    if (!state->extents || cam_backend_allocate_staging(params->backend, total, &memory) != CAM_OK)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the %zu MB of a copy of the training state; save_strategy=no needs none",
                 (total >> 20) + 1);
    state->memory = memory;
    for (int i = 0; i < PLANES; i++) {
        size_t bytes = own_bytes(params, planes[i]);
        if (bytes == 0)
            continue;
        cam_state_piece_name(sharding->sharded, planes[i], sharding->rank,
                             add_piece(state, state->memory + at, bytes)->name);
        cam_state_extent *first = state->extents + state->extent_count;
        int count = cam_state_extents(params, planes[i], first);
        for (int e = 0; e < count; e++)
            first[e].copy = state->memory + at + first[e].at;
        state->extent_count += count;
        at += round_up(bytes, CAM_ARENA_ALIGN);
    }
    write_extents(state, 1);
out:
    return st;
}

/* What only rank 0 has. */
static cam_status open_tables(cam_parameter_state *state) {
    cam_status st = CAM_OK;
    const cam_parameters *params = state->params;
    size_t count = 0;
    CAM_TRY(cam_state_layout_make(params, &state->layout, &count));
    snprintf(add_piece(state, state->layout, count)->name, CAM_STATE_NAME_BYTES, "layout.bin");
    if (!params->word_id)
        goto out;
    state->decay = calloc((size_t)params->max_decay_updates + 1, sizeof *state->decay);
    if (!state->decay)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a record of %lld updates", (long long)params->max_decay_updates);
    snprintf(add_piece(state, state->decay, 0)->name, CAM_STATE_NAME_BYTES, "decay.bin");
out:
    return st;
}

cam_status cam_parameter_state_open(cam_parameter_state *state, const cam_parameters *params) {
    cam_status st = CAM_OK;
    *state = (cam_parameter_state){.params = params};
    CAM_TRY(open_planes(state));
    if (params->sharding.rank == 0)
        CAM_TRY(open_tables(state));
out:
    if (st != CAM_OK)
        cam_parameter_state_close(state);
    return st;
}

void cam_parameter_state_close(cam_parameter_state *state) {
    if (state->memory)
        cam_backend_release_staging(state->params->backend, state->memory);
    free(state->decay);
    free(state->layout);
    free(state->extents);
    *state = (cam_parameter_state){0};
}

/* --- taking ----------------------------------------------------------------------------------------------------- */

static cam_status copy_from_device(const cam_parameter_state *state) {
    cam_status st = CAM_OK;
    cam_backend *backend = state->params->backend;
    for (int i = 0; i < state->extent_count; i++) {
        const cam_state_extent *extent = &state->extents[i];
        CAM_TRY(cam_backend_copy(backend, extent->copy, extent->data, extent->bytes, CAM_FROM_DEVICE));
    }
    CAM_TRY(cam_backend_synchronize(backend));
out:
    return st;
}

static void copy_record(cam_parameter_state *state) {
    const float *factors;
    size_t bytes = (size_t)cam_parameters_recorded(state->params, &factors) * sizeof *factors;
    if (!state->decay)
        return;
    if (bytes > 0)
        memcpy(state->decay, factors, bytes);
    for (int i = 0; i < state->count; i++)
        if (state->pieces[i].bytes == state->decay)
            state->pieces[i].count = bytes;
}

cam_status cam_parameter_state_take(cam_parameter_state *state) {
    cam_status st = CAM_OK;
    if (state->params->backend->host_memory)
        write_extents(state, 0);
    else
        CAM_TRY(copy_from_device(state));
    copy_record(state);
out:
    return st;
}
