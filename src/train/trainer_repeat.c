/* trainer_repeat.c: several trainings by one trainer; see cam_trainer_repeat. */
#include "log.h"
#include "phases.h"
#include "trainer_internal.h"
#include <string.h>

void cam_trainer_choose(cam_trainer *trainer, int64_t repetition) {
    cam_trainer_options *o = &trainer->options;
    const cam_repetition *r = &o->repetitions[repetition];
    CAM_ASSERT(repetition >= 0 && repetition < o->repetition_count);
    o->train = r->train;
    o->train_count = r->train_count;
    o->seed = o->source.seed = r->seed;
    o->class_weights = r->class_weights;
}

/* As if no step had been made. The ring must not hold the records of the training before, which have the same numbers. */
static cam_status forget_steps(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    cam_parameters *params = &trainer->params;
    CAM_TRY(cam_backend_synchronize(trainer->backend));
    memset(trainer->ring, 0, CAM_REPORTS * sizeof *trainer->ring);
    trainer->reports_read = trainer->reports_delivered = trainer->updates_applied = 0;
    trainer->micro_steps_submitted = 0;
    trainer->planned_epoch = -1;
    trainer->has_deferred = 0;
    __atomic_store_n(&trainer->steps_submitted, 0, __ATOMIC_RELEASE);
    if (trainer->deferred)
        CAM_TRY(cam_backend_zero(trainer->backend, trainer->deferred, sizeof *trainer->deferred));
    for (int plane = CAM_MOMENT1; plane < CAM_PLANES; plane++)
        if (params->bytes[plane] > 0)
            CAM_TRY(cam_backend_zero(trainer->backend, params->plane[plane], params->bytes[plane]));
    params->decay_updates = 0;
out:
    return st;
}

/* A copy of the beginning must leave room: it is taken where four fit. */
static void keep_beginning(cam_trainer *trainer) {
    size_t bytes = cam_beginning_bytes(&trainer->params);
    if (!trainer->beginning.is_taken && bytes > cam_trainer_available_bytes(trainer) / 4)
        return;
    if (cam_beginning_take(&trainer->beginning, &trainer->params) != CAM_OK) /* the values are then loaded each time */
        cam_log_verbose("%s", cam_status_message());
}

/* Frozen weights that were loaded are what they were. Those that were drawn depend on the seed. */
static cam_status reset_weights(cam_trainer *trainer, uint64_t seed_before) {
    cam_status st = CAM_OK;
    const cam_model_source *source = &trainer->options.source;
    int same_seed = source->seed == seed_before;
    if (same_seed && trainer->beginning.is_taken)
        return cam_beginning_put(&trainer->beginning, &trainer->params);
    if (source->weights)
        CAM_TRY(cam_model_load_trained(&trainer->params, source, &trainer->fresh_head));
    else
        CAM_TRY(cam_model_load(&trainer->params, source, &trainer->fresh_head));
    if (!source->weights && !same_seed)
        CAM_TRY(cam_trainer_compute_features(trainer));
    keep_beginning(trainer);
out:
    return st;
}

cam_status cam_trainer_repeat(cam_trainer *trainer, int64_t repetition) {
    cam_status st = CAM_OK;
    cam_phase before = cam_phase_enter(CAM_PHASE_PLAN);
    uint64_t seed_before = trainer->options.source.seed;
    CAM_ASSERT(cam_trainer_steps_in_flight(trainer) == 0);
    cam_trainer_choose(trainer, repetition);
    CAM_TRY(cam_trainer_plan_training(trainer));
    CAM_TRY(cam_trainer_upload_class_weights(trainer));
    CAM_TRY(forget_steps(trainer));
    cam_phase_enter(CAM_PHASE_WEIGHTS);
    CAM_TRY(reset_weights(trainer, seed_before));
out:
    cam_phase_enter(before);
    return st;
}
