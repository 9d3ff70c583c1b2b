/* adamw.cu: the AdamW update, one launch and one pass over weights, moments and gradients. Memory bound.
 *
 * Every product and every sum of the formula is rounded separately; cam_mul prevents the compiler from fusing them. The
 * weight of a row that never had a gradient is therefore p times the factors `keep` in order. Saving a checkpoint
 * repeats exactly these products for such rows.
 */
#include "cuda.cuh"

/* A thread owns GROUPS times four elements, THREADS * 4 apart: whole sectors in every access, of f32 and of 16 bits. */
enum { THREADS = 256, GROUP = 4, GROUPS = CAM_CHUNK / (THREADS * GROUP) };

namespace {
typedef cam_vec<float, GROUP> four;
typedef cam_vec<cam_bf16, GROUP> four_halves;
struct planes {
    unsigned char *weight, *low;
    float *m, *v;
    const unsigned char *grad;
};
struct betas {
    float beta1_rest, beta2, beta2_rest, eps;
};
struct factors {
    float clip, keep, rate, root_correction2;
    uint32_t finite;
};
/* A thread's part of weight and gradient, as stored. */
template <bool SPLIT> struct weights;
template <> struct weights<false> { four whole[GROUPS]; };
template <> struct weights<true> { four_halves high[GROUPS], low[GROUPS]; };
} // namespace

template <typename T> CAM_DEVICE cam_vec<T, GROUP> *group_at(void *chunk, int group) {
    return static_cast<cam_vec<T, GROUP> *>(chunk) + group * THREADS + threadIdx.x;
}
template <typename T> CAM_DEVICE const cam_vec<T, GROUP> *group_at(const void *chunk, int group) {
    return static_cast<const cam_vec<T, GROUP> *>(chunk) + group * THREADS + threadIdx.x;
}

CAM_DEVICE void load_weights(weights<false> *w, const unsigned char *at, const unsigned char *) {
    for (int i = 0; i < GROUPS; i++)
        w->whole[i] = cam_load(group_at<float>(at, i));
}
CAM_DEVICE void load_weights(weights<true> *w, const unsigned char *at, const unsigned char *low) {
    for (int i = 0; i < GROUPS; i++) {
        w->high[i] = cam_load(group_at<cam_bf16>(at, i));
        w->low[i] = cam_load_once(group_at<cam_bf16>(low, i));
    }
}
CAM_DEVICE float weight_of(const weights<false> &w, int group, int e) {
    return w.whole[group].at[e];
}
CAM_DEVICE float weight_of(const weights<true> &w, int group, int e) {
    return cam_bits_to_f32(cam_split_join(w.high[group].at[e].bits, w.low[group].at[e].bits));
}
CAM_DEVICE void set_weight(weights<false> *w, int group, int e, float p) {
    w->whole[group].at[e] = p;
}
CAM_DEVICE void set_weight(weights<true> *w, int group, int e, float p) {
    uint32_t u = cam_f32_to_bits(p);
    w->high[group].at[e].bits = cam_split_high(u);
    w->low[group].at[e].bits = cam_split_low(u);
}
/* The next forward pass reads the weight, so its store is cached; the other planes are read in the next step only. */
CAM_DEVICE void store_weights(const weights<false> &w, int group, unsigned char *at, unsigned char *) {
    cam_store(group_at<float>(at, group), w.whole[group]);
}
CAM_DEVICE void store_weights(const weights<true> &w, int group, unsigned char *at, unsigned char *low) {
    cam_store(group_at<cam_bf16>(at, group), w.high[group]);
    cam_store_once(group_at<cam_bf16>(low, group), w.low[group]);
}

/* Computed for the block by one thread, because f64 is slow on smaller GPUs. There is no long operation among them: the
 * step state has the quotient and the root. */
CAM_DEVICE void make_factors(factors *f, const cam_chunk &chunk, const cam_step_state *state) {
    if (threadIdx.x == 0) {
        double rate = cam_mul(state->learning_rate, chunk.rate_scale);
        f->clip = state->clip_scale;
        f->keep = (float)(1.0 - cam_mul(rate, chunk.decay));
        f->rate = (float)cam_mul(rate, state->inverse_correction1);
        f->root_correction2 = (float)state->root_correction2;
        f->finite = state->finite;
    }
}

/* Updates a chunk of one form. The loads of its moments were issued before; the factors are computed while all loads
 * are in flight. */
template <bool SPLIT, typename G>
CAM_DEVICE void update_chunk(planes p, const cam_chunk &chunk, int64_t c, four m[GROUPS], four v[GROUPS], betas b,
                             factors *shared, const cam_step_state *state) {
    weights<SPLIT> w;
    cam_vec<G, GROUP> grad[GROUPS];
    unsigned char *weight = p.weight + (int64_t)chunk.weight * CAM_CHUNK_UNIT;
    unsigned char *low = SPLIT ? p.low + (int64_t)chunk.low * CAM_CHUNK_UNIT : nullptr;
    load_weights(&w, weight, low);
#pragma unroll
    for (int i = 0; i < GROUPS; i++)
        grad[i] = cam_load_once(group_at<G>(p.grad + (int64_t)chunk.gradient * CAM_CHUNK_UNIT, i));
    make_factors(shared, chunk, state);
    cam_sync_block();
    factors f = *shared;
    if (!f.finite)
        return;
#pragma unroll
    for (int i = 0; i < GROUPS; i++) {
#pragma unroll
        for (int e = 0; e < GROUP; e++) {
            float g = cam_mul(cam_to_f32(grad[i].at[e]), f.clip);
            float decayed = cam_mul(weight_of(w, i, e), f.keep);
            float m1 = m[i].at[e] + cam_mul(b.beta1_rest, g - m[i].at[e]);
            float v1 = cam_mul(b.beta2, v[i].at[e]) + cam_mul(cam_mul(b.beta2_rest, g), g);
            m[i].at[e] = m1;
            v[i].at[e] = v1;
            set_weight(&w, i, e, decayed - cam_mul(f.rate, m1 / (cam_sqrt(v1) / f.root_correction2 + b.eps)));
        }
        store_weights(w, i, weight, low);
        cam_store_once(group_at<float>(p.m + c * CAM_CHUNK, i), m[i]);
        cam_store_once(group_at<float>(p.v + c * CAM_CHUNK, i), v[i]);
    }
}

/* adamw: the formula of cam/ops.h (Loshchilov, Hutter 2019).
 *   block   a chunk; the last chunk first, since norm_partial has just read the last gradients and the next forward
 *           pass begins with the first weights
 *   thread  eight elements, 88 to 112 bytes of loads in flight
 * Bytes: 26 an element (split, bf16 gradient) or 28 (f32, f32). At least four blocks fit on a multiprocessor, with 115
 * KB of loads in flight. Runs below sm_80 too. */
CAM_KERNEL_AT_LEAST(THREADS, 4)
adamw_kernel(planes p, const cam_chunk *chunks, betas b, const cam_step_state *state) {
    CAM_SHARED(factors, shared);
    int64_t c = (int64_t)gridDim.x - 1 - blockIdx.x;
    cam_chunk chunk = chunks[c];
    four m[GROUPS], v[GROUPS];
#pragma unroll
    for (int i = 0; i < GROUPS; i++) {
        m[i] = cam_load_once(group_at<float>(p.m + c * CAM_CHUNK, i));
        v[i] = cam_load_once(group_at<float>(p.v + c * CAM_CHUNK, i));
    }
    switch (chunk.form) {
    case 0:
        update_chunk<false, float>(p, chunk, c, m, v, b, shared, state);
        break;
    case CAM_CHUNK_SPLIT:
        update_chunk<true, float>(p, chunk, c, m, v, b, shared, state);
        break;
    case CAM_CHUNK_GRADIENT_BF16:
        update_chunk<false, cam_bf16>(p, chunk, c, m, v, b, shared, state);
        break;
    default:
        update_chunk<true, cam_bf16>(p, chunk, c, m, v, b, shared, state);
    }
}

cam_status cam_cuda_adamw(cam_backend *backend, const cam_adamw_args *args) {
    planes p = {static_cast<unsigned char *>(args->weight.data), static_cast<unsigned char *>(args->low.data),
                static_cast<float *>(args->m.data), static_cast<float *>(args->v.data),
                static_cast<const unsigned char *>(args->grad.data)};
    betas b = {(float)(1.0 - args->beta1), (float)args->beta2, (float)(1.0 - args->beta2), (float)args->eps};
    return CAM_LAUNCH(backend, adamw_kernel, args->m.shape[0] / CAM_CHUNK, THREADS, sizeof(factors), p, args->chunks, b,
                      args->state);
}
