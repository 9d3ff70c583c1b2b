/* optimizer_step.c: see optimizer_step.h. */
#include "optimizer_step.h"
#include "parameter_exchange.h"

/* Gathers every rank's loss and requests and merges them into the state. With sharded state, also gathers the partial
 * sums of squares, of which each rank computed those of its shard. */
static cam_status exchange_sums(cam_parameters *params, cam_tensor partial, cam_tensor reports, cam_step_state *state,
                                cam_comm *comm, const uint32_t *request) {
    cam_status st = CAM_OK;
    cam_backend *backend = params->backend;
    const cam_comm_buffer buffers[2] = {{.data = reports.data, .dtype = reports.dtype, .count = reports.shape[0]},
                                        {.data = partial.data, .dtype = partial.dtype, .count = partial.shape[0]}};
    CAM_TRY(cam_step_rank_report(
        backend,
        &(cam_step_rank_report_args){
            .reports = reports.data, .request = request, .rank = comm->rank, .ranks = comm->ranks, .state = state}));
    CAM_TRY(cam_comm_all_gather(comm, buffers, params->sharding.sharded ? 2 : 1));
    CAM_TRY(cam_comm_join(comm));
    CAM_TRY(
        cam_step_merge(backend, &(cam_step_merge_args){.reports = reports.data, .ranks = comm->ranks, .state = state}));
out:
    return st;
}

/* AdamW over chunks [first, first + count) of those whose moments this rank keeps. */
static cam_adamw_args adamw_of(const cam_parameters *params, const cam_step_state *state,
                               const cam_adamw_options *options, int64_t first, int64_t count) {
    cam_tensor m = cam_parameters_trained(params, CAM_MOMENT1), v = cam_parameters_trained(params, CAM_MOMENT2);
    return (cam_adamw_args){.weight = cam_parameters_trained(params, CAM_WEIGHT),
                            .low = cam_parameters_trained(params, CAM_LOW),
                            .m = cam_tensor_rows(m, first * CAM_CHUNK, count * CAM_CHUNK),
                            .v = cam_tensor_rows(v, first * CAM_CHUNK, count * CAM_CHUNK),
                            .grad = cam_parameters_trained(params, CAM_GRADIENT),
                            .chunks = params->chunks + cam_parameters_kept_chunks(params).first + first,
                            .beta1 = options->beta1,
                            .beta2 = options->beta2,
                            .eps = options->eps,
                            .state = state};
}

/* Updates this rank's shard of each bucket, from the embeddings up. A bucket is gathered while the next one is
 * computed. */
static cam_status update_shards(const cam_parameters *params, const cam_step_state *state,
                                const cam_adamw_options *options, cam_comm *comm) {
    cam_status st = CAM_OK;
    for (int b = params->bucket_count - 1; b >= 0; b--) {
        const cam_bucket *bucket = &params->buckets[b];
        cam_adamw_args adamw = adamw_of(params, state, options, bucket->first_shard_chunk, bucket->shard_chunks);
        CAM_TRY(cam_adamw(params->backend, &adamw));
        CAM_TRY(cam_exchange_weights(params, comm, bucket));
    }
    CAM_TRY(cam_comm_join(comm));
out:
    return st;
}

static cam_norm_partial_args squares_of(const cam_parameters *params, cam_tensor squares, int64_t first,
                                        int64_t count) {
    return (cam_norm_partial_args){.partial = cam_tensor_rows(squares, first, count),
                                   .grad = cam_parameters_trained(params, CAM_GRADIENT),
                                   .chunks = params->chunks + first};
}

cam_tensor cam_optimizer_squares(const cam_parameters *params, cam_arena *arena) {
    return cam_arena_1d(arena, CAM_F64, params->chunk_count);
}

cam_status cam_optimizer_sum_squares(const cam_parameters *params, cam_tensor squares, int depth) {
    cam_chunk_range of = cam_parameters_depth_chunks(params, depth);
    cam_norm_partial_args args = squares_of(params, squares, of.first, of.count);
    return cam_norm_partial(params->backend, &args);
}

cam_status cam_optimizer_norm(cam_parameters *params, cam_arena *arena, cam_tensor squares, cam_step_state *state,
                              const cam_adamw_options *options, cam_comm *comm, const uint32_t *request) {
    cam_status st = CAM_OK;
    cam_backend *backend = params->backend;
    size_t mark = cam_arena_mark(arena);
    cam_chunk_range kept = cam_parameters_kept_chunks(params);
    int64_t report_doubles = (comm ? comm->ranks : 1) * (int64_t)(sizeof(cam_rank_report) / sizeof(double));
    cam_tensor reports = cam_arena_1d(arena, CAM_F64, report_doubles);
    cam_tensor partial = squares.data ? squares : cam_optimizer_squares(params, arena);
    cam_norm_partial_args sums = squares_of(params, partial, kept.first, kept.count);
    cam_norm_final_args norm = {.partial = partial, .max_norm = options->max_grad_norm, .state = state};
    CAM_ASSERT(comm || !params->sharding.sharded);
    if (cam_arena_is_counting(arena))
        goto out;
    if (!squares.data)
        CAM_TRY(cam_norm_partial(backend, &sums));
    if (comm)
        CAM_TRY(exchange_sums(params, partial, reports, state, comm, request));
    CAM_TRY(cam_norm_final(backend, &norm));
out:
    cam_arena_release(arena, mark);
    return st;
}

cam_status cam_optimizer_update(const cam_parameters *params, const cam_step_state *state,
                                const cam_adamw_options *options, cam_comm *comm) {
    if (params->sharding.sharded)
        return update_shards(params, state, options, comm);
    cam_adamw_args adamw = adamw_of(params, state, options, 0, cam_parameters_kept_chunks(params).count);
    return cam_adamw(params->backend, &adamw);
}

/* The chunks of a bucket lie rank by rank, and without sharding this rank updates those of all. */
static cam_status update_bucket(const cam_parameters *params, const cam_step_state *state,
                                const cam_adamw_options *options, const cam_bucket *bucket) {
    cam_status st = CAM_OK;
    int64_t of_rank = params->chunk_count / params->sharding.ranks;
    for (int rank = 0; rank < params->sharding.ranks; rank++) {
        int64_t first = rank * of_rank + bucket->first_shard_chunk;
        cam_adamw_args adamw = adamw_of(params, state, options, first, bucket->shard_chunks);
        CAM_TRY(cam_adamw(params->backend, &adamw));
    }
out:
    return st;
}

cam_status cam_optimizer_update_depth(const cam_parameters *params, const cam_step_state *state,
                                      const cam_adamw_options *options, int depth) {
    CAM_ASSERT(!params->sharding.sharded);
    if (params->sharding.ranks == 1) {
        cam_chunk_range of = cam_parameters_depth_chunks(params, depth);
        cam_adamw_args adamw = adamw_of(params, state, options, of.first, of.count);
        return cam_adamw(params->backend, &adamw);
    }
    for (int b = 0; b < params->bucket_count; b++)
        if (params->buckets[b].depth == depth)
            return update_bucket(params, state, options, &params->buckets[b]);
    return CAM_OK;
}
