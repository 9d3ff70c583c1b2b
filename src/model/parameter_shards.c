/* parameter_shards.c: the order of the tensors in the index space, and the buckets and shards of the trained ones; see
 * parameters.h.
 *
 * Within a depth, tensors with the same element size in every plane are neighbours, so that a bucket has few segments:
 * one a layer in f32, three in mixed precision (matrices; query, key and value biases; the rest).
 */
#include "cam/comm.h"
#include "parameters_internal.h"
#include <math.h>
#include <stdlib.h>

/* --- sizes ------------------------------------------------------------------------------------------------------ */

size_t cam_parameter_bytes(const cam_parameters *params, const cam_parameter *p, cam_plane plane) {
    int bf16 = plane == CAM_WEIGHT     ? p->split
               : plane == CAM_GRADIENT ? p->split && p->matrix && params->precision.bf16_gradients
                                       : plane == CAM_LOW;
    return plane == CAM_LOW && !p->split ? 0 : bf16 ? sizeof(uint16_t) : sizeof(float);
}

size_t cam_parameters_untrained_bytes(const cam_parameters *params, cam_plane plane) {
    for (int i = 0; i < params->count && plane == CAM_WEIGHT; i++)
        if (params->list[params->by_offset[i]].offset >= params->trained_begin)
            return params->list[params->by_offset[i]].at[CAM_WEIGHT];
    return plane == CAM_WEIGHT ? params->bytes[CAM_WEIGHT] : 0;
}

/* --- order, buckets and shards ---------------------------------------------------------------------------------- */

/* A bucket is closed once it has this many elements: enough to outweigh the latency of a collective, and few enough for
 * it to start early. */
enum { BUCKET_ELEMENTS = 1 << 20 };
/* No further depth is added to a bucket with more segments, since a layer adds up to three. */
enum { BUCKET_SEGMENTS = CAM_COMM_MAX_BUFFERS - 3 };

static int64_t round_up(int64_t n, int64_t unit) {
    return (n + unit - 1) / unit * unit;
}

/* Bytes of one element of a weight and of its gradient. Tensors of one depth and one form follow each other. */
typedef struct form {
    size_t weight, gradient;
} form;
static const form forms[] = {{2, 2}, {2, 4}, {4, 4}};
enum { FORMS = 3 };

static cam_dtype dtype_of(size_t bytes) {
    return bytes == sizeof(float) ? CAM_F32 : CAM_BF16;
}

static int has_form(const cam_parameters *params, const cam_parameter *p, int depth, form f) {
    return p->depth == depth && cam_parameter_bytes(params, p, CAM_WEIGHT) == f.weight &&
           cam_parameter_bytes(params, p, CAM_GRADIENT) == f.gradient;
}

/* Places the tensors of a depth and form; returns their number. */
static int arrange_form(cam_parameters *params, int depth, form f, int *placed) {
    int before = *placed;
    for (int i = 0; i < params->count; i++) {
        cam_parameter *p = &params->list[i];
        if (!has_form(params, p, depth, f))
            continue;
        p->offset = params->elements;
        params->by_offset[(*placed)++] = i;
        params->elements += round_up(p->rows * p->columns, CAM_CHUNK);
    }
    return *placed - before;
}

/* Makes buckets from the head down, in the order in which backward completes them; a bucket's segments are
 * ascending. */
static void make_buckets(cam_parameters *params, const int *depth_of) {
    int end = params->segment_count;
    while (end > 0) {
        int first = end;
        int64_t elements = 0;
        do {
            int depth = depth_of[first - 1];
            while (first > 0 && depth_of[first - 1] == depth) {
                first--;
                elements += params->segments[first].end - params->segments[first].begin;
            }
        } while (first > 0 && elements < BUCKET_ELEMENTS && end - first <= BUCKET_SEGMENTS);
        params->buckets[params->bucket_count++] =
            (cam_bucket){.depth = depth_of[first], .first = first, .segments = end - first};
        end = first;
    }
}

/* Merges neighbours of one form within a bucket into one segment, for fewer and larger messages. */
static void merge_segments(cam_parameters *params) {
    int count = 0;
    for (int b = params->bucket_count - 1; b >= 0; b--) {
        cam_bucket *bucket = &params->buckets[b];
        int first = count;
        for (int s = bucket->first; s < bucket->first + bucket->segments; s++) {
            cam_segment next = params->segments[s];
            cam_segment *last = count > first ? &params->segments[count - 1] : NULL; /* of this bucket */
            if (last && last->weight == next.weight && last->gradient == next.gradient)
                last->end = next.end;
            else
                params->segments[count++] = next;
        }
        bucket->first = first;
        bucket->segments = count - first;
    }
    params->segment_count = count;
}

static void count_shard_chunks(cam_parameters *params) {
    int64_t count = 0, unit = (int64_t)params->sharding.ranks * CAM_CHUNK;
    for (int b = params->bucket_count - 1; b >= 0; b--) {
        cam_bucket *bucket = &params->buckets[b];
        const cam_segment *first = &params->segments[bucket->first];
        bucket->first_shard_chunk = count;
        bucket->shard_chunks = (first[bucket->segments - 1].end - first->begin) / unit;
        count += bucket->shard_chunks;
    }
}

cam_status cam_parameters_arrange(cam_parameters *params, int frozen_depth) {
    cam_status st = CAM_OK;
    int depths = params->layers + 2, placed = 0;
    int *depth_of = calloc((size_t)depths * FORMS, sizeof *depth_of);
    params->segments = calloc((size_t)depths * FORMS, sizeof *params->segments);
    params->buckets = calloc((size_t)depths, sizeof *params->buckets);
    if (!depth_of || !params->segments || !params->buckets)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %d depths", depths);
    for (int depth = 0; depth < depths; depth++) {
        if (depth == frozen_depth)
            params->trained_begin = params->elements;
        for (int f = 0; f < FORMS; f++) {
            int64_t begin = params->elements;
            if (!arrange_form(params, depth, forms[f], &placed) || depth < frozen_depth)
                continue;
            params->elements = begin + round_up(params->elements - begin, (int64_t)params->sharding.ranks * CAM_CHUNK);
            depth_of[params->segment_count] = depth;
            params->segments[params->segment_count++] = (cam_segment){.begin = begin,
                                                                      .end = params->elements,
                                                                      .weight = dtype_of(forms[f].weight),
                                                                      .gradient = dtype_of(forms[f].gradient)};
        }
    }
    CAM_ASSERT(placed == params->count);
    params->chunk_count = (params->elements - params->trained_begin) / CAM_CHUNK;
    make_buckets(params, depth_of);
    merge_segments(params);
    count_shard_chunks(params);
out:
    free(depth_of);
    return st;
}

/* --- the chunk table --------------------------------------------------------------------------------------------- */

/* The learning rate of a depth as a fraction of the head's. */
static double rate_scale(const cam_parameters *params, const cam_train_rates *rates, int depth) {
    return pow(rates->layerwise_decay, params->layers + 1 - depth);
}

/* The chunk that begins `element` elements into a trained tensor; its offsets count from the start of the trained
 * suffix. */
static cam_chunk chunk_of(const cam_parameters *params, const cam_parameter *p, const cam_train_rates *rates,
                          size_t element) {
    uint32_t unit[CAM_MOMENT1];
    for (int plane = 0; plane < CAM_MOMENT1; plane++) {
        size_t begin = cam_parameters_untrained_bytes(params, (cam_plane)plane);
        unit[plane] = (uint32_t)((p->at[plane] - begin + element * cam_parameter_bytes(params, p, (cam_plane)plane)) /
                                 CAM_CHUNK_UNIT);
    }
    int decays = rates->decay_bias_and_norm || !p->bias_or_norm;
    int bf16_gradient = cam_parameter_bytes(params, p, CAM_GRADIENT) == sizeof(uint16_t);
    return (cam_chunk){.rate_scale = rate_scale(params, rates, p->depth),
                       .decay = decays ? rates->weight_decay : 0.0,
                       .weight = unit[CAM_WEIGHT],
                       .low = unit[CAM_LOW],
                       .gradient = unit[CAM_GRADIENT],
                       .form = (p->split ? CAM_CHUNK_SPLIT : 0u) | (bf16_gradient ? CAM_CHUNK_GRADIENT_BF16 : 0u)};
}

/* Lists the chunks of the trained tensors in the order of the index space. */
static void list_chunks(const cam_parameters *params, const cam_train_rates *rates, cam_chunk *chunks) {
    int64_t count = 0;
    for (int i = 0; i < params->count; i++) {
        const cam_parameter *p = &params->list[params->by_offset[i]];
        int64_t end = i + 1 < params->count ? params->list[params->by_offset[i + 1]].offset : params->elements;
        for (int64_t k = 0; p->offset >= params->trained_begin && p->offset + k * CAM_CHUNK < end; k++)
            chunks[count++] = chunk_of(params, p, rates, (size_t)k * CAM_CHUNK);
    }
    CAM_ASSERT(count == params->chunk_count);
}

/* Reorders the chunks by rank; for each rank, its shard of every segment in ascending order. */
static void order_by_rank(const cam_parameters *params, const cam_chunk *chunks, cam_chunk *sharded) {
    int64_t count = 0;
    for (int rank = 0; rank < params->sharding.ranks; rank++)
        for (int s = 0; s < params->segment_count; s++) {
            const cam_segment *segment = &params->segments[s];
            int64_t shard = (segment->end - segment->begin) / CAM_CHUNK / params->sharding.ranks;
            int64_t first = (segment->begin - params->trained_begin) / CAM_CHUNK + rank * shard;
            for (int64_t k = 0; k < shard; k++)
                sharded[count++] = chunks[first + k];
        }
    CAM_ASSERT(count == params->chunk_count);
}

cam_status cam_parameters_fill_chunks(cam_parameters *params, const cam_train_rates *rates) {
    cam_status st = CAM_OK;
    size_t bytes = (size_t)params->chunk_count * sizeof(cam_chunk);
    cam_chunk *in_order = malloc(bytes);
    params->chunks_host = malloc(bytes);
    if (!in_order || !params->chunks_host)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %lld chunks", (long long)params->chunk_count);
    list_chunks(params, rates, in_order);
    order_by_rank(params, in_order, params->chunks_host);
    void *device = NULL;
    CAM_TRY(cam_backend_allocate(params->backend, bytes, &device));
    params->chunks = device;
    CAM_TRY(cam_backend_copy(params->backend, device, params->chunks_host, bytes, CAM_TO_DEVICE));
out:
    free(in_order);
    return st;
}

cam_chunk_range cam_parameters_kept_chunks(const cam_parameters *params) {
    const cam_sharding *sharding = &params->sharding;
    int64_t count = params->chunk_count / sharding->ranks;
    return sharding->sharded ? (cam_chunk_range){sharding->rank * count, count}
                             : (cam_chunk_range){0, params->chunk_count};
}

cam_chunk_range cam_parameters_depth_chunks(const cam_parameters *params, int depth) {
    CAM_ASSERT(params->sharding.ranks <= 1);
    int first = 0, end;
    while (params->list[params->by_offset[first]].depth < depth)
        first++;
    for (end = first; end < params->count && params->list[params->by_offset[end]].depth == depth;)
        end++;
    int64_t begin = params->list[params->by_offset[first]].offset;
    int64_t after = end < params->count ? params->list[params->by_offset[end]].offset : params->elements;
    CAM_ASSERT(begin >= params->trained_begin);
    return (cam_chunk_range){(begin - params->trained_begin) / CAM_CHUNK, (after - begin) / CAM_CHUNK};
}

cam_tensor cam_parameters_segment(const cam_parameters *params, int index, cam_plane plane) {
    const cam_segment *segment = &params->segments[index];
    int place = 0;
    while (params->list[params->by_offset[place]].offset < segment->begin)
        place++;
    const cam_parameter *first = &params->list[params->by_offset[place]];
    CAM_ASSERT(plane < CAM_MOMENT1 && first->offset == segment->begin);
    size_t bytes = cam_parameter_bytes(params, first, plane);
    if (bytes == 0 || !params->plane[plane])
        return CAM_NONE;
    return cam_tensor_1d(params->plane[plane] + first->at[plane], dtype_of(bytes), segment->end - segment->begin);
}
