/* attention.cuh: common to the three attention kernels: kernel arguments, (sequence, head) pairs, and zeros past the
 * true counts.
 *
 *   attention_plain.cu  any head size, f32 and bf16, FMA; every GPU
 *   attention_short.cu  bf16, head size 64, at most 128 keys: a pair in shared memory, one kernel a direction
 *   attention_tiled.cu  bf16, head size 64, up to 1,024 keys: groups of 64 rows, online softmax
 *
 * A pair is one head of one sequence; pairs are independent of each other. Grids are computed from capacities; a block
 * whose pair is past the true count only writes zeros. The queries of a sequence are distinct tokens of it, so a
 * sequence has at most as many queries as keys.
 */
#ifndef CAM_ATTENTION_CUH
#define CAM_ATTENTION_CUH

#include "cuda.cuh"

/* The operands that forward and backward both read. Strides in elements. */
template <typename T> struct cam_attention_inputs {
    const T *q, *k, *v;
    const int32_t *cu_q, *cu_k, *q_index, *sequence_row;
    const cam_step_state *state;
    int64_t q_stride, kv_stride;
    int64_t query_capacity, key_capacity;
    int32_t sequence_capacity, heads, head_size, max_keys;
    cam_rows q_rows;
    uint32_t threshold, site;
    float scale, kept; /* kept: dropout's factor of a kept probability */
    uint8_t *mask;     /* written by forward, read by backward; or NULL */
};

template <typename T> struct cam_attention_forward {
    cam_attention_inputs<T> in;
    T *out; /* [Nq,H] */
    float *lse;
};

template <typename T> struct cam_attention_backward {
    cam_attention_inputs<T> in;
    T *dq, *dk, *dv;
    int64_t dq_stride, dkv_stride;
    const T *dout, *out; /* [Nq,H] */
    const float *lse;
    float *delta; /* workspace [Nq,A]: rowsum(dout * out) */
};

/* How a probability's dropout decision is found:
 *   NONE     no dropout
 *   TILES    query i of the sequence has index i, so that a tile of the kernel is a tile of cam/philox.h. Forward
 *            writes the decisions to the mask, if there is one
 *   MASKED   as TILES, but the decision is in the mask (backward only)
 *   INDEXED  a query's index is in q_index */
enum cam_attention_map { CAM_MAP_NONE, CAM_MAP_TILES, CAM_MAP_MASKED, CAM_MAP_INDEXED };

static inline cam_attention_map cam_attention_map_of(const cam_attention_fwd_args *args) {
    return args->threshold == 0 ? CAM_MAP_NONE : args->q_rows == CAM_ROWS_TOKENS ? CAM_MAP_TILES : CAM_MAP_INDEXED;
}
static inline cam_attention_map cam_attention_map_of(const cam_attention_bwd_args *args) {
    return args->threshold == 0              ? CAM_MAP_NONE
           : args->q_rows != CAM_ROWS_TOKENS ? CAM_MAP_INDEXED
           : args->mask.data != nullptr      ? CAM_MAP_MASKED
                                             : CAM_MAP_TILES;
}

template <typename T, typename Args> static cam_attention_inputs<T> cam_attention_inputs_of(const Args *args) {
    cam_attention_inputs<T> in = {};
    in.q = static_cast<const T *>(args->q.data), in.q_stride = args->q.row_stride;
    in.k = static_cast<const T *>(args->k.data), in.kv_stride = args->k.row_stride;
    in.v = static_cast<const T *>(args->v.data);
    in.cu_q = static_cast<const int32_t *>(args->cu_q.data);
    in.cu_k = static_cast<const int32_t *>(args->cu_k.data);
    in.q_index = static_cast<const int32_t *>(args->q_index.data);
    in.sequence_row = static_cast<const int32_t *>(args->sequence_row.data);
    in.state = args->state;
    in.query_capacity = args->q.shape[0], in.key_capacity = args->k.shape[0];
    in.sequence_capacity = (int32_t)args->cu_q.shape[0] - 1;
    in.heads = args->heads, in.head_size = (int32_t)(args->q.shape[1] / args->heads);
    in.max_keys = args->max_keys, in.q_rows = args->q_rows;
    in.threshold = args->threshold, in.site = args->site;
    in.scale = args->scale, in.kept = cam_dropout_scale(args->threshold);
    in.mask = static_cast<uint8_t *>(args->mask.data);
    return in;
}

template <typename T> static cam_attention_forward<T> cam_attention_forward_of(const cam_attention_fwd_args *args) {
    cam_attention_forward<T> call = {};
    call.in = cam_attention_inputs_of<T>(args);
    call.out = static_cast<T *>(args->out.data);
    call.lse = static_cast<float *>(args->lse.data);
    return call;
}

template <typename T> static cam_attention_backward<T> cam_attention_backward_of(const cam_attention_bwd_args *args) {
    cam_attention_backward<T> call = {};
    call.in = cam_attention_inputs_of<T>(args);
    call.dq = static_cast<T *>(args->dq.data), call.dq_stride = args->dq.row_stride;
    call.dk = static_cast<T *>(args->dk.data), call.dkv_stride = args->dk.row_stride;
    call.dv = static_cast<T *>(args->dv.data);
    call.dout = static_cast<const T *>(args->dout.data);
    call.out = static_cast<const T *>(args->out.data);
    call.lse = static_cast<const float *>(args->lse.data);
    call.delta = static_cast<float *>(args->workspace.data);
    return call;
}

/* Blocks of a grid with `tiles` blocks a pair; at least one, to write the zeros. */
template <typename T> static int64_t cam_attention_grid(const cam_attention_inputs<T> &in, int64_t tiles) {
    int64_t blocks = (int64_t)in.sequence_capacity * in.heads * tiles;
    return blocks > 0 ? blocks : 1;
}

CAM_MUST_CHECK cam_status cam_attention_fwd_plain(cam_backend *backend, const cam_attention_fwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_bwd_plain(cam_backend *backend, const cam_attention_bwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_fwd_short(cam_backend *backend, const cam_attention_fwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_bwd_short(cam_backend *backend, const cam_attention_bwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_fwd_tiled(cam_backend *backend, const cam_attention_fwd_args *args);
CAM_MUST_CHECK cam_status cam_attention_bwd_tiled(cam_backend *backend, const cam_attention_bwd_args *args);

/* --- on the device ----------------------------------------------------------------------------------------------- */

/* Row numbers are those of the packed tensors; a pair past the true count has no rows. */
struct cam_attention_pair {
    int32_t sequence, head, first_query, queries, first_key, keys;
};

template <typename T>
CAM_DEVICE cam_attention_pair cam_attention_pair_at(const cam_attention_inputs<T> &in, uint32_t index) {
    cam_attention_pair p = {(int32_t)(index / (uint32_t)in.heads), (int32_t)(index % (uint32_t)in.heads), 0, 0, 0, 0};
    if (p.sequence >= in.sequence_capacity)
        return p;
    /* All loads at once. Offsets past the true count may hold anything; they are not used. */
    int32_t sequences = in.state->sequences;
    int32_t q = in.cu_q[p.sequence], q_end = in.cu_q[p.sequence + 1];
    int32_t k = in.cu_k[p.sequence], k_end = in.cu_k[p.sequence + 1];
    if (p.sequence < sequences)
        p.first_query = q, p.queries = q_end - q, p.first_key = k, p.keys = k_end - k;
    return p;
}

/* Bit j: whether lane j of a call is kept. The threshold is in the upper half of its word, to be compared with a word's
 * upper lane without a shift. */
CAM_DEVICE uint32_t cam_attention_kept(const cam_philox_words &words, uint32_t threshold) {
    uint32_t kept = 0;
#pragma unroll
    for (int i = 0; i < 4; i++)
        kept |= ((uint32_t)(words.w[i] << 16 >= threshold) | (uint32_t)(words.w[i] >= threshold) << 1) << 2 * i;
    return kept;
}

/* One head's columns of row `row`. */
template <typename T>
CAM_DEVICE T *cam_attention_row(T *data, int64_t stride, const cam_attention_pair &p, int32_t head_size, int32_t row) {
    return data + row * stride + (int64_t)p.head * head_size;
}

/* The bytes of a pair's mask: tile (i, j) is the (i * tiles + j)-th of 32. */
template <typename T> CAM_DEVICE int cam_attention_mask_tiles(const cam_attention_inputs<T> &in) {
    return (in.max_keys + 15) / 16;
}
template <typename T>
CAM_DEVICE uint8_t *cam_attention_mask_of(const cam_attention_inputs<T> &in, const cam_attention_pair &p) {
    int64_t tiles = cam_attention_mask_tiles(in), pair = (int64_t)p.sequence * in.heads + p.head;
    return in.mask ? in.mask + pair * tiles * tiles * 32 : nullptr;
}

template <typename T> CAM_DEVICE int64_t cam_attention_width(const cam_attention_inputs<T> &in) {
    return (int64_t)in.heads * in.head_size;
}

/* Rows [first, capacity) of `columns` columns := 0, by all blocks of the grid; N elements at once. */
template <int N, typename T>
CAM_DEVICE void cam_attention_zero(T *data, int64_t stride, int64_t columns, int64_t first, int64_t capacity) {
    cam_vec<T, N> zero = {};
#pragma unroll 1
    for (int64_t row = first + blockIdx.x; row < capacity; row += gridDim.x)
#pragma unroll 1
        for (int column = (int)threadIdx.x * N; column < columns; column += (int)blockDim.x * N)
            cam_store(reinterpret_cast<cam_vec<T, N> *>(data + row * stride + column), zero);
}

#endif
