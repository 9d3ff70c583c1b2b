/* update.c: see update.h. */
#include "update.h"

cam_status cam_update(cam_parameters *params, cam_arena *arena, cam_step_state *state,
                      const cam_adamw_options *options) {
    cam_status st = CAM_OK;
    cam_backend *backend = params->backend;
    size_t mark = cam_arena_mark(arena);
    cam_tensor grad = cam_parameters_trained(params, CAM_GRADIENT);
    cam_tensor m = cam_parameters_trained(params, CAM_MOMENT1);
    cam_tensor partial = cam_arena_1d(arena, CAM_F64, m.shape[0] / CAM_CHUNK);
    cam_norm_partial_args sums = {.partial = partial, .grad = grad, .chunks = params->chunks};
    cam_norm_final_args norm = {.partial = partial, .max_norm = options->max_grad_norm, .state = state};
    cam_adamw_args adamw = {.weight = cam_parameters_trained(params, CAM_WEIGHT),
                            .low = cam_parameters_trained(params, CAM_LOW),
                            .m = m,
                            .v = cam_parameters_trained(params, CAM_MOMENT2),
                            .grad = grad,
                            .chunks = params->chunks,
                            .beta1 = options->beta1,
                            .beta2 = options->beta2,
                            .eps = options->eps,
                            .state = state};
    sums.workspace.bytes = cam_norm_partial_workspace(backend, &sums);
    norm.workspace.bytes = cam_norm_final_workspace(backend, &norm);
    adamw.workspace.bytes = cam_adamw_workspace(backend, &adamw);
    size_t most = sums.workspace.bytes > norm.workspace.bytes ? sums.workspace.bytes : norm.workspace.bytes;
    most = most > adamw.workspace.bytes ? most : adamw.workspace.bytes;
    sums.workspace.data = norm.workspace.data = adamw.workspace.data = cam_arena_take(arena, most);
    if (cam_arena_is_counting(arena))
        goto out;
    CAM_TRY(cam_norm_partial(backend, &sums));
    CAM_TRY(cam_norm_final(backend, &norm));
    CAM_TRY(cam_adamw(backend, &adamw));
out:
    cam_arena_release(arena, mark);
    return st;
}
