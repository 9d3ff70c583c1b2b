/* parameter_state_layout.c: how the pieces of a state are composed, and layout.bin; see parameter_state_internal.h. */
#include "hash.h"
#include "parameter_state_internal.h"
#include "parameters_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- pieces ----------------------------------------------------------------------------------------------------- */

static size_t element_bytes(const cam_segment *segment, cam_plane plane) {
    int split = segment->weight == CAM_BF16;
    return plane == CAM_LOW ? (split ? sizeof(uint16_t) : 0)
                            : (plane == CAM_WEIGHT && split ? sizeof(uint16_t) : sizeof(float));
}

/* Whether a piece of the plane has segment after segment; otherwise it has shards of them. */
static int has_whole_segments(const cam_parameters *params, cam_plane plane) {
    return plane == CAM_WEIGHT || (plane == CAM_LOW && !params->sharding.sharded);
}

cam_state_walk cam_state_walk_begin(const cam_parameters *params, cam_plane plane, int rank) {
    return (cam_state_walk){.params = params, .plane = plane, .rank = rank};
}

/* The shards of one rank or, where a piece has those of all ranks, rank after rank: the order of the chunk table. */
int cam_state_walk_next(cam_state_walk *walk) {
    const cam_parameters *params = walk->params;
    const cam_sharding *sharding = &params->sharding;
    int whole = has_whole_segments(params, walk->plane), sharers = whole || sharding->sharded ? 1 : sharding->ranks;
    while (walk->next < sharers * params->segment_count) {
        int number = walk->next++, sharer = sharding->sharded ? walk->rank : number / params->segment_count;
        walk->segment = number % params->segment_count;
        const cam_segment *segment = &params->segments[walk->segment];
        int64_t shard = (segment->end - segment->begin) / sharding->ranks;
        walk->element = element_bytes(segment, walk->plane);
        if (walk->element == 0)
            continue;
        walk->begin = segment->begin + (whole ? 0 : sharer * shard);
        walk->end = whole ? segment->end : walk->begin + shard;
        walk->at = walk->bytes;
        walk->bytes += (size_t)(walk->end - walk->begin) * walk->element;
        return 1;
    }
    return 0;
}

int cam_state_writes(const cam_parameters *params, cam_plane plane, int rank) {
    return rank == 0 || (params->sharding.sharded && plane != CAM_WEIGHT);
}

size_t cam_state_piece_bytes(const cam_parameters *params, cam_plane plane, int rank) {
    cam_state_walk walk = cam_state_walk_begin(params, plane, rank);
    while (cam_state_walk_next(&walk))
        ;
    return walk.bytes;
}

void cam_state_piece_name(int sharded, cam_plane plane, int rank, char name[CAM_STATE_NAME_BYTES]) {
    static const char *const words[CAM_PLANES] = {
        [CAM_WEIGHT] = "weights", [CAM_LOW] = "low", [CAM_MOMENT1] = "moment1", [CAM_MOMENT2] = "moment2"};
    if (sharded && plane != CAM_WEIGHT)
        snprintf(name, CAM_STATE_NAME_BYTES, "%s-rank-%d.bin", words[plane], rank);
    else
        snprintf(name, CAM_STATE_NAME_BYTES, "%s.bin", words[plane]);
}

int cam_state_stretches(const cam_parameters *params) {
    return params->segment_count * params->sharding.ranks;
}

/* The device memory of the current stretch. Moments lie there in the order of the piece. */
static char *data_of(const cam_state_walk *walk) {
    const cam_parameters *params = walk->params;
    if (walk->plane >= CAM_MOMENT1)
        return params->plane[walk->plane] + walk->at;
    char *segment = cam_parameters_segment(params, walk->segment, walk->plane).data;
    return segment + (size_t)(walk->begin - params->segments[walk->segment].begin) * walk->element;
}

int cam_state_extents(const cam_parameters *params, cam_plane plane, cam_state_extent *list) {
    int count = 0;
    cam_state_walk walk = cam_state_walk_begin(params, plane, params->sharding.rank);
    while (cam_state_walk_next(&walk)) {
        char *data = data_of(&walk);
        size_t bytes = walk.bytes - walk.at;
        if (count > 0 && list[count - 1].data + list[count - 1].bytes == data)
            list[count - 1].bytes += bytes;
        else
            list[count++] = (cam_state_extent){.data = data, .at = walk.at, .bytes = bytes};
    }
    return count;
}

/* --- the table of a run ------------------------------------------------------------------------------------------ */

static const char magic[8] = {'c', 'a', 'm', 's', 't', 'a', 't', 'e'};
enum { VERSION = 1 };

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t trained_elements(const cam_parameters *params, int tensor) {
    const cam_parameter *p = &params->list[tensor];
    return cam_parameters_is_trained(params, tensor) ? p->rows * p->columns : 0;
}

static int64_t trained_chunks(const cam_parameters *params, int tensor) {
    return (trained_elements(params, tensor) + CAM_CHUNK - 1) / CAM_CHUNK;
}

static uint64_t vocabulary_of(const cam_parameters *params) {
    size_t bytes = params->word_id ? (size_t)params->word_rows * sizeof *params->word_id : 0;
    return cam_hash_mix(cam_hash_bytes(CAM_HASH_START, params->word_id, bytes));
}

/* The tables while they are filled; with NULL tables entries are only counted. */
typedef struct tables {
    const cam_parameters *params;
    cam_state_entry *pieces;
    cam_state_run *runs;
    int32_t piece_count, run_count;
} tables;

/* The tensors of a stretch. */
static void add_runs(tables *t, const cam_state_walk *walk) {
    const cam_parameters *params = t->params;
    for (int i = 0; i < params->count; i++) {
        int tensor = params->by_offset[i];
        int64_t offset = params->list[tensor].offset, chunks = trained_chunks(params, tensor);
        int64_t begin = larger(offset, walk->begin), end = smaller(offset + chunks * CAM_CHUNK, walk->end);
        if (begin >= end)
            continue;
        if (t->runs)
            t->runs[t->run_count] =
                (cam_state_run){.piece = t->piece_count,
                                .tensor = tensor,
                                .first = (begin - offset) / CAM_CHUNK,
                                .chunks = (end - begin) / CAM_CHUNK,
                                .at = (int64_t)(walk->at + (size_t)(begin - walk->begin) * walk->element)};
        t->run_count++;
    }
}

static void add_pieces(tables *t) {
    for (int plane = 0; plane < CAM_PLANES; plane++)
        for (int rank = 0; rank < t->params->sharding.ranks; rank++) {
            cam_state_walk walk = cam_state_walk_begin(t->params, (cam_plane)plane, rank);
            if (plane == CAM_GRADIENT || !cam_state_writes(t->params, (cam_plane)plane, rank))
                continue;
            while (cam_state_walk_next(&walk))
                add_runs(t, &walk);
            if (walk.bytes == 0)
                continue;
            if (t->pieces)
                t->pieces[t->piece_count] = (cam_state_entry){plane, rank, (int64_t)walk.bytes};
            t->piece_count++;
        }
}

static size_t layout_bytes(size_t tensors, size_t pieces, size_t runs) {
    return sizeof(cam_state_head) + tensors * sizeof(int64_t) + pieces * sizeof(cam_state_entry) +
           runs * sizeof(cam_state_run);
}

cam_status cam_state_layout_make(const cam_parameters *params, void **bytes, size_t *count) {
    tables sizes = {.params = params}, t = {.params = params};
    add_pieces(&sizes);
    *count = layout_bytes((size_t)params->count, (size_t)sizes.piece_count, (size_t)sizes.run_count);
    *bytes = calloc(1, *count);
    if (!*bytes)
        return cam_fail(CAM_E_MEMORY, "no memory for a table of %d tensors", params->count);
    cam_state_head *head = *bytes;
    *head = (cam_state_head){.version = VERSION,
                             .chunk = CAM_CHUNK,
                             .bf16 = params->precision.bf16 != 0,
                             .ranks = params->sharding.ranks,
                             .sharded = params->sharding.sharded,
                             .tensors = params->count,
                             .pieces = sizes.piece_count,
                             .runs = sizes.run_count,
                             .vocabulary = vocabulary_of(params)};
    memcpy(head->magic, magic, sizeof magic);
    int64_t *elements = (int64_t *)(head + 1);
    for (int i = 0; i < params->count; i++)
        elements[i] = trained_elements(params, i);
    t.pieces = (cam_state_entry *)(elements + params->count);
    t.runs = (cam_state_run *)(t.pieces + sizes.piece_count);
    add_pieces(&t);
    return CAM_OK;
}

/* --- the table of a state ----------------------------------------------------------------------------------------- */

static cam_status fail_damaged(void) {
    return cam_fail(CAM_E_MODEL, "\"layout.bin\" of the checkpoint is damaged; choose another checkpoint");
}

static int sizes_agree(const cam_state_head *head, size_t count) {
    if (head->ranks < 1 || head->tensors < 0 || head->pieces < 0 || head->runs < 0)
        return 0;
    return layout_bytes((size_t)head->tensors, (size_t)head->pieces, (size_t)head->runs) == count;
}

static cam_status check_tensors(const cam_parameters *params, const cam_state_layout *layout) {
    for (int i = 0; i < params->count; i++)
        if (layout->elements[i] != trained_elements(params, i))
            return cam_fail(CAM_E_MODEL,
                            "the checkpoint trains %lld values of \"%s\", this run %lld; use the settings and the data "
                            "of the run that wrote it",
                            (long long)layout->elements[i], params->list[i].name[0],
                            (long long)trained_elements(params, i));
    return CAM_OK;
}

static cam_status check_same_parameters(const cam_parameters *params, const cam_state_layout *layout) {
    cam_status st = CAM_OK;
    const cam_state_head *head = layout->head;
    if (head->tensors != params->count)
        CAM_FAIL(CAM_E_MODEL, "the checkpoint has %d tensors, this run's model %d; use the model that it was made with",
                 head->tensors, params->count);
    if (!head->bf16 != !params->precision.bf16)
        CAM_FAIL(CAM_E_MODEL, "the checkpoint was made with bf16=%s; use the same", head->bf16 ? "true" : "false");
    CAM_TRY(check_tensors(params, layout));
    if (head->vocabulary != vocabulary_of(params))
        CAM_FAIL(CAM_E_MODEL, "the checkpoint was made with texts of other words; use the data of its run");
out:
    return st;
}

static int is_piece(const cam_state_head *head, const cam_state_entry *entry) {
    return entry->plane >= 0 && entry->plane < CAM_PLANES && entry->plane != CAM_GRADIENT && entry->rank >= 0 &&
           entry->rank < head->ranks && entry->bytes >= 0;
}

static int is_within(const cam_parameters *params, const cam_state_layout *layout, const cam_state_run *run) {
    if (run->piece < 0 || run->piece >= layout->head->pieces || run->tensor < 0 || run->tensor >= params->count)
        return 0;
    int64_t chunks = trained_chunks(params, run->tensor);
    if (run->first < 0 || run->chunks < 1 || run->first > chunks || run->chunks > chunks - run->first)
        return 0;
    const cam_state_entry *piece = &layout->pieces[run->piece];
    size_t element = cam_parameter_bytes(params, &params->list[run->tensor], (cam_plane)piece->plane);
    int64_t bytes = run->chunks * CAM_CHUNK * (int64_t)element;
    return element > 0 && run->at >= 0 && run->at <= piece->bytes && bytes <= piece->bytes - run->at;
}

cam_status cam_state_layout_view(const cam_parameters *params, const void *bytes, size_t count,
                                 cam_state_layout *layout) {
    cam_status st = CAM_OK;
    const cam_state_head *head = bytes;
    *layout = (cam_state_layout){.bytes = bytes, .count = count, .head = head};
    if (count < sizeof *head || memcmp(head->magic, magic, sizeof magic) != 0)
        return fail_damaged();
    if (head->version != VERSION || head->chunk != CAM_CHUNK)
        CAM_FAIL(CAM_E_MODEL, "the checkpoint was made by another version of the program; use that one");
    if (!sizes_agree(head, count))
        return fail_damaged();
    layout->elements = (const int64_t *)(head + 1);
    layout->pieces = (const cam_state_entry *)(layout->elements + head->tensors);
    layout->runs = (const cam_state_run *)(layout->pieces + head->pieces);
    CAM_TRY(check_same_parameters(params, layout));
    for (int32_t i = 0; i < head->pieces; i++)
        if (!is_piece(head, &layout->pieces[i]))
            return fail_damaged();
    for (int32_t i = 0; i < head->runs; i++)
        if (!is_within(params, layout, &layout->runs[i]))
            return fail_damaged();
out:
    return st;
}
