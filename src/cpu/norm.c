/* norm.c: the gradient's norm, chunk by chunk, and the clipping and skipping that follow from it.
 */
#include "cpu_internal.h"
#include <math.h>

enum { LANES = 16 };

static double chunk_squares(const float *g) {
    double lane[LANES] = {0};
    for (int64_t i = 0; i < CAM_CHUNK; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (double)g[i + l] * (double)g[i + l];
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int l = 0; l < width; l++)
            lane[l] += lane[l + width];
    return lane[0];
}

cam_status CAM_CPU_NAME(cam_cpu_norm_partial)(cam_backend *backend, const cam_norm_partial_args *args) {
    double *partial = args->partial.data;
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t c = 0; c < args->partial.shape[0]; c++)
        partial[c] = chunk_squares(args->chunks ? cam_cpu_chunk(args->grad, args->chunks[c].gradient)
                                                : cam_cpu_floats(args->grad) + c * CAM_CHUNK);
    return CAM_OK;
}

cam_status CAM_CPU_NAME(cam_cpu_norm_final)(cam_backend *backend, const cam_norm_final_args *args) {
    const double *partial = args->partial.data;
    cam_step_state *state = args->state;
    double sum = 0.0;
    (void)backend;
    for (int64_t c = 0; c < args->partial.shape[0]; c++)
        sum += partial[c];
    double norm = sqrt(sum), max_norm = (double)args->max_norm, ratio = max_norm / (norm + 1e-6);
    state->grad_norm = norm;
    state->clip_scale = max_norm > 0.0 && !(ratio >= 1.0) ? (float)ratio : 1.0f;
    state->finite = state->finite && isfinite(norm) && isfinite(state->loss);
    state->updates += state->finite;
    return CAM_OK;
}
