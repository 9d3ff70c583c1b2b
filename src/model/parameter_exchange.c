/* parameter_exchange.c: see parameter_exchange.h. */
#include "parameter_exchange.h"
#include "parameters_internal.h"

/* The buffers of a bucket's segments in a plane; segments without data in this plane are left out. */
static int buffers_of(const cam_parameters *params, const cam_bucket *bucket, cam_plane plane,
                      cam_comm_buffer buffers[CAM_COMM_MAX_BUFFERS]) {
    int count = 0;
    for (int s = 0; s < bucket->segments; s++) {
        cam_tensor t = cam_parameters_segment(params, bucket->first + s, plane);
        if (t.data)
            buffers[count++] = (cam_comm_buffer){.data = t.data, .dtype = t.dtype, .count = t.shape[0]};
    }
    return count;
}

cam_status cam_exchange_gradients(const cam_parameters *params, cam_comm *comm, int depth) {
    cam_comm_buffer buffers[CAM_COMM_MAX_BUFFERS];
    for (int b = 0; b < params->bucket_count; b++)
        if (params->buckets[b].depth == depth) {
            int count = buffers_of(params, &params->buckets[b], CAM_GRADIENT, buffers);
            return params->sharding.sharded ? cam_comm_reduce_scatter(comm, buffers, count)
                                            : cam_comm_all_reduce(comm, buffers, count);
        }
    return CAM_OK;
}

cam_status cam_exchange_weights(const cam_parameters *params, cam_comm *comm, const cam_bucket *bucket) {
    cam_comm_buffer buffers[CAM_COMM_MAX_BUFFERS];
    return cam_comm_all_gather(comm, buffers, buffers_of(params, bucket, CAM_WEIGHT, buffers));
}

cam_status cam_exchange_low_halves(const cam_parameters *params, cam_comm *comm) {
    cam_status st = CAM_OK;
    cam_comm_buffer buffers[CAM_COMM_MAX_BUFFERS];
    for (int b = 0; b < params->bucket_count; b++) {
        int count = buffers_of(params, &params->buckets[b], CAM_LOW, buffers);
        if (count > 0)
            CAM_TRY(cam_comm_all_gather(comm, buffers, count));
    }
out:
    return st;
}

static cam_status broadcast_planes(const cam_parameters *params, cam_comm *comm, cam_plane first, cam_plane last) {
    cam_status st = CAM_OK;
    for (int plane = (int)first; plane <= (int)last; plane++) {
        /* the bytes of the plane, counted in 16-bit units */
        cam_comm_buffer whole = {.data = params->plane[plane],
                                 .dtype = CAM_BF16,
                                 .count = (int64_t)(params->bytes[plane] / sizeof(uint16_t))};
        if (whole.data)
            CAM_TRY(cam_comm_broadcast(comm, &whole, 1));
    }
out:
    return st;
}

cam_status cam_exchange_broadcast(const cam_parameters *params, cam_comm *comm) {
    return broadcast_planes(params, comm, CAM_WEIGHT, CAM_LOW);
}

cam_status cam_exchange_broadcast_moments(const cam_parameters *params, cam_comm *comm) {
    CAM_ASSERT(!params->sharding.sharded);
    return broadcast_planes(params, comm, CAM_MOMENT1, CAM_MOMENT2);
}

double cam_exchange_min_bytes(const cam_parameters *params) {
    double bytes = 0, ranks = params->sharding.ranks;
    for (int i = 0; i < params->count; i++) {
        const cam_parameter *p = &params->list[i];
        size_t gradient = cam_parameter_bytes(params, p, CAM_GRADIENT),
               weight = cam_parameter_bytes(params, p, CAM_WEIGHT);
        if (cam_parameters_is_trained(params, i))
            bytes +=
                (double)(p->rows * p->columns) * (double)(gradient + (params->sharding.sharded ? weight : gradient));
    }
    return bytes * (ranks - 1) / ranks;
}
