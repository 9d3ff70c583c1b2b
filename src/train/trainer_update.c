/* trainer_update.c: the update of a step: gradient norm, clipping, AdamW; see trainer.h.
 *
 * Where the backend has a side queue and the optimizer state is not sharded, the AdamW of a step runs at the head of
 * the next one, in the side queue: depth by depth from the embeddings up, beside the forward pass, which waits for a
 * depth before it reads the depth's weights. AdamW reads a copy of the step's state, since the next step changes the
 * state. With several ranks all collectives of a step end before its norm, so none is beside the update.
 *
 * Invariant: `deferred` is that copy. While no update is to be applied its `finite` is 0, and AdamW then changes
 * nothing; so every step submits the same work, and the first step of a run needs no graph of its own.
 */
#include "trainer_internal.h"

cam_status cam_trainer_open_update(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    void *memory = NULL;
    if (!cam_trainer_defers_update(trainer))
        return CAM_OK;
    CAM_TRY(cam_backend_allocate(trainer->backend, sizeof *trainer->deferred, &memory));
    trainer->deferred = memory;
    CAM_TRY(cam_backend_zero(trainer->backend, trainer->deferred, sizeof *trainer->deferred));
out:
    return st;
}

cam_status cam_trainer_begin_update(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    cam_backend *backend = trainer->backend;
    if (!trainer->deferred)
        return CAM_OK;
    CAM_TRY(cam_backend_side_begin(backend));
    for (int depth = o->rates.frozen_depth; depth <= trainer->params.layers + 1 && st == CAM_OK; depth++) {
        st = cam_optimizer_update_depth(&trainer->params, trainer->deferred, &o->adamw, depth);
        if (st == CAM_OK)
            st = cam_backend_side_mark(backend, depth);
    }
    st = cam_backend_side_end(backend, trainer->params.layers + 1, st);
out:
    return st;
}

cam_status cam_trainer_wait_for_weights(void *context, int depth) {
    const cam_trainer *trainer = context;
    return depth < trainer->options.rates.frozen_depth ? CAM_OK : cam_backend_side_wait(trainer->backend, depth);
}

cam_status cam_trainer_sum_squares(void *context, int depth) {
    const cam_trainer *trainer = context;
    return cam_optimizer_sum_squares(&trainer->params, trainer->squares, depth);
}

cam_status cam_trainer_end_step(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    cam_backend *backend = trainer->backend;
    cam_step_state *state = cam_batch_stream_state(&trainer->stream);
    CAM_TRY(cam_optimizer_norm(&trainer->params, &trainer->arena, trainer->squares, state, &o->adamw, o->comm,
                               trainer->device_request));
    if (trainer->deferred)
        CAM_TRY(cam_backend_copy(backend, trainer->deferred, state, sizeof *state, CAM_ON_DEVICE));
    else
        CAM_TRY(cam_optimizer_update(&trainer->params, state, &o->adamw, o->comm));
    CAM_TRY(cam_step_end(backend,
                         &(cam_step_end_args){.ring = trainer->device_ring, .slots = CAM_REPORTS, .state = state}));
out:
    return st;
}

cam_status cam_trainer_flush(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    if (!trainer->has_deferred)
        return CAM_OK;
    CAM_TRY(cam_optimizer_update(&trainer->params, trainer->deferred, &trainer->options.adamw, NULL));
    CAM_TRY(cam_backend_zero(trainer->backend, trainer->deferred, sizeof *trainer->deferred));
    trainer->has_deferred = 0;
out:
    return st;
}
