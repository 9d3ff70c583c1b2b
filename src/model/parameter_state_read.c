/* parameter_state_read.c: puts pieces of a state into parameters; see parameter_state.h. Every piece is compared with the
 * layout before its first byte is used. */
#include "parameter_state.h"
#include "parameter_state_internal.h"
#include "parameters_internal.h"
#include <stdlib.h>
#include <string.h>

/* Bytes that go to the device at a time. Above LAYOUT_BYTES there is no layout. */
enum { STAGING_BYTES = 8 << 20, LAYOUT_BYTES = 256 << 20 };

struct cam_state_reader {
    cam_parameters *params;
    const cam_state_source *source;
    cam_state_layout saved, own;
    void *own_bytes;
    int same;                  /* the two layouts are equal */
    unsigned char *checked;    /* [saved pieces] */
    cam_state_extent *extents; /* of the plane that is read */
    int extent_count;
    void *staging; /* NULL where the host can access the device's memory */
};

/* --- whole pieces ------------------------------------------------------------------------------------------------ */

/* The size of a piece that must be there. */
static cam_status size_of(const cam_state_source *source, const char *name, size_t *bytes) {
    int64_t size = source->size(source->context, name);
    if (size < 0)
        return cam_fail(CAM_E_MODEL, "the checkpoint lacks \"%s\"; choose one that is complete", name);
    *bytes = (size_t)size;
    return CAM_OK;
}

static cam_status fail_size(const char *name, size_t bytes) {
    return cam_fail(CAM_E_MODEL, "\"%s\" of the checkpoint has %zu bytes, which is wrong; choose another checkpoint",
                    name, bytes);
}

/* Reads a piece of up to `most` bytes into memory to be freed. */
static cam_status read_whole(const cam_state_source *source, const char *name, size_t most, void **bytes,
                             size_t *count) {
    cam_status st = CAM_OK;
    size_t size = 0;
    *bytes = NULL;
    CAM_TRY(size_of(source, name, &size));
    if (size > most)
        return fail_size(name, size);
    *bytes = malloc(size + 1);
    if (!*bytes)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu bytes of the checkpoint", size);
    if (size > 0)
        CAM_TRY(source->read(source->context, name, 0, size, *bytes));
    *count = size;
out:
    if (st != CAM_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return st;
}

cam_status cam_state_read_layout(const cam_state_source *source, void **bytes, size_t *count) {
    return read_whole(source, "layout.bin", LAYOUT_BYTES, bytes, count);
}

cam_status cam_state_read_decay(const cam_parameters *params, const cam_state_source *source, float **factors,
                                int64_t *updates) {
    cam_status st = CAM_OK;
    void *bytes = NULL;
    size_t count = 0;
    *factors = NULL;
    *updates = 0;
    if (!params->word_id)
        return CAM_OK;
    CAM_TRY(read_whole(source, "decay.bin", (size_t)params->max_decay_updates * sizeof(float), &bytes, &count));
    if (count % sizeof(float) != 0) {
        free(bytes);
        return fail_size("decay.bin", count);
    }
    *factors = bytes;
    *updates = (int64_t)(count / sizeof(float));
out:
    return st;
}

/* --- planes ------------------------------------------------------------------------------------------------------ */

cam_status cam_state_reader_open(cam_parameters *params, const cam_state_source *source, const void *layout,
                                 size_t count, cam_state_reader **reader) {
    cam_status st = CAM_OK;
    size_t own_count = 0;
    cam_state_reader *r = *reader = calloc(1, sizeof *r);
    if (!r)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read the checkpoint");
    r->params = params;
    r->source = source;
    CAM_TRY(cam_state_layout_view(params, layout, count, &r->saved));
    CAM_TRY(cam_state_layout_make(params, &r->own_bytes, &own_count));
    CAM_TRY(cam_state_layout_view(params, r->own_bytes, own_count, &r->own));
    r->same = count == own_count && memcmp(layout, r->own_bytes, count) == 0;
    r->checked = calloc((size_t)r->saved.head->pieces + 1, 1);
    r->extents = malloc((size_t)cam_state_stretches(params) * sizeof *r->extents);
    if (!r->checked || !r->extents)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read the checkpoint");
    if (!params->backend->host_memory)
        CAM_TRY(cam_backend_allocate_staging(params->backend, STAGING_BYTES, &r->staging));
out:
    if (st != CAM_OK) {
        cam_state_reader_close(r);
        *reader = NULL;
    }
    return st;
}

void cam_state_reader_close(cam_state_reader *reader) {
    if (!reader)
        return;
    if (reader->staging)
        cam_backend_release_staging(reader->params->backend, reader->staging);
    free(reader->own_bytes);
    free(reader->checked);
    free(reader->extents);
    free(reader);
}

/* Names a piece of the state, and compares its size with the layout before its first use. */
static cam_status use_piece(cam_state_reader *reader, int piece, char name[CAM_STATE_NAME_BYTES]) {
    cam_status st = CAM_OK;
    const cam_state_entry *entry = &reader->saved.pieces[piece];
    size_t bytes = 0;
    cam_state_piece_name(reader->saved.head->sharded, (cam_plane)entry->plane, entry->rank, name);
    if (reader->checked[piece])
        return CAM_OK;
    CAM_TRY(size_of(reader->source, name, &bytes));
    if (bytes != (size_t)entry->bytes)
        return fail_size(name, bytes);
    reader->checked[piece] = 1;
out:
    return st;
}

/* Reads bytes of a piece into device memory. */
static cam_status read_bytes(cam_state_reader *reader, int piece, size_t at, size_t bytes, char *data) {
    cam_status st = CAM_OK;
    const cam_state_source *source = reader->source;
    cam_backend *backend = reader->params->backend;
    char name[CAM_STATE_NAME_BYTES];
    CAM_TRY(use_piece(reader, piece, name));
    if (!reader->staging)
        return source->read(source->context, name, at, bytes, data);
    for (size_t done = 0, n; done < bytes; done += n) {
        n = bytes - done < STAGING_BYTES ? bytes - done : STAGING_BYTES;
        CAM_TRY(source->read(source->context, name, at + done, n, reader->staging));
        CAM_TRY(cam_backend_copy(backend, data + done, reader->staging, n, CAM_TO_DEVICE));
        CAM_TRY(cam_backend_synchronize(backend));
    }
out:
    return st;
}

/* The piece of the own layout that holds what this rank keeps of a plane; -1: the plane is empty. */
static int own_piece(const cam_state_reader *reader, cam_plane plane) {
    const cam_sharding *sharding = &reader->params->sharding;
    int rank = cam_state_writes(reader->params, plane, sharding->rank) ? sharding->rank : 0;
    for (int32_t i = 0; i < reader->own.head->pieces; i++)
        if (reader->own.pieces[i].plane == (int)plane && reader->own.pieces[i].rank == rank)
            return i;
    return -1;
}

/* The device memory of a byte of the own piece. */
static char *data_at(const cam_state_reader *reader, size_t at) {
    const cam_state_extent *extent = reader->extents;
    while (at - extent->at >= extent->bytes)
        extent++;
    return extent->data + (at - extent->at);
}

/* Reads the chunks of an own run from the runs of the state that have some of them. */
static cam_status read_run(cam_state_reader *reader, const cam_state_run *own, cam_plane plane) {
    cam_status st = CAM_OK;
    const cam_state_layout *saved = &reader->saved;
    const cam_parameter *tensor = &reader->params->list[own->tensor];
    size_t chunk_bytes = CAM_CHUNK * cam_parameter_bytes(reader->params, tensor, plane);
    int64_t found = 0;
    for (int32_t i = 0; i < saved->head->runs; i++) {
        const cam_state_run *run = &saved->runs[i];
        if (run->tensor != own->tensor || saved->pieces[run->piece].plane != (int)plane)
            continue;
        int64_t begin = run->first > own->first ? run->first : own->first;
        int64_t run_end = run->first + run->chunks, own_end = own->first + own->chunks;
        int64_t end = run_end < own_end ? run_end : own_end;
        if (begin >= end)
            continue;
        CAM_TRY(read_bytes(reader, run->piece, (size_t)run->at + (size_t)(begin - run->first) * chunk_bytes,
                           (size_t)(end - begin) * chunk_bytes,
                           data_at(reader, (size_t)own->at) + (size_t)(begin - own->first) * chunk_bytes));
        found += end - begin;
    }
    if (found != own->chunks)
        CAM_FAIL(CAM_E_MODEL, "the checkpoint has not all of \"%s\"; choose one that is complete", tensor->name[0]);
out:
    return st;
}

cam_status cam_state_reader_read(cam_state_reader *reader, cam_plane plane) {
    cam_status st = CAM_OK;
    int piece = own_piece(reader, plane);
    if (piece < 0)
        return CAM_OK;
    reader->extent_count = cam_state_extents(reader->params, plane, reader->extents);
    for (int i = 0; i < reader->extent_count && reader->same; i++) {
        const cam_state_extent *extent = &reader->extents[i];
        CAM_TRY(read_bytes(reader, piece, extent->at, extent->bytes, extent->data));
    }
    for (int32_t i = 0; i < reader->own.head->runs && !reader->same; i++)
        if (reader->own.runs[i].piece == piece)
            CAM_TRY(read_run(reader, &reader->own.runs[i], plane));
out:
    return st;
}
