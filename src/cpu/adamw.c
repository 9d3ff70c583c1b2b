/* adamw.c: the AdamW update in one pass over parameters, moments and gradients. Memory bound: 28 bytes an element.
 */
#include "cpu_internal.h"
#include <math.h>

typedef struct factors {
    float clip, keep, beta1_rest, beta2, beta2_rest, rate, root_correction2, eps;
} factors;

static void update_chunk(float *restrict p, float *restrict m, float *restrict v, const float *restrict grad,
                         factors f) {
#pragma omp simd
    for (int64_t i = 0; i < CAM_CHUNK; i++) {
        float g = grad[i] * f.clip;
        float decayed = p[i] * f.keep;
        float m1 = m[i] + f.beta1_rest * (g - m[i]);
        float v1 = f.beta2 * v[i] + f.beta2_rest * g * g;
        m[i] = m1;
        v[i] = v1;
        p[i] = decayed - f.rate * (m1 / (sqrtf(v1) / f.root_correction2 + f.eps));
    }
}

cam_status CAM_CPU_NAME(cam_cpu_adamw)(cam_backend *backend, const cam_adamw_args *args) {
    const cam_step_state *state = args->state;
    if (!state->finite)
        return CAM_OK;
    factors shared = {.clip = state->clip_scale,
                      .beta1_rest = (float)(1.0 - args->beta1),
                      .beta2 = (float)args->beta2,
                      .beta2_rest = (float)(1.0 - args->beta2),
                      .root_correction2 = (float)state->root_correction2,
                      .eps = (float)args->eps};
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t c = 0; c < args->m.shape[0] / CAM_CHUNK; c++) {
        factors f = shared;
        const cam_chunk *chunk = &args->chunks[c];
        double rate = state->learning_rate * chunk->rate_scale;
        f.keep = (float)(1.0 - rate * chunk->decay);
        f.rate = (float)(rate * state->inverse_correction1);
        int64_t at = c * CAM_CHUNK;
        update_chunk(cam_cpu_chunk(args->weight, chunk->weight), cam_cpu_floats(args->m) + at,
                     cam_cpu_floats(args->v) + at, cam_cpu_chunk(args->grad, chunk->gradient), f);
    }
    return CAM_OK;
}
