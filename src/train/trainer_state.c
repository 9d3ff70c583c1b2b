/* trainer_state.c: see trainer_state.h. */
#include "trainer_state.h"
#include "trainer_internal.h"
#include <stdlib.h>

/* --- taking ---------------------------------------------------------------------------------------------------- */

/* On the CPU the copy lies in the memory that the trainer has its planes in. */
static cam_status check_available(const cam_trainer *trainer) {
    size_t bytes = cam_parameter_state_bytes(&trainer->params), available = SIZE_MAX;
    if (trainer->backend->host_memory)
        available = cam_trainer_available_bytes(trainer);
    return bytes <= available
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY,
                          "a copy of the training state needs %zu MB, %zu MB are free; save_strategy=no needs none",
                          (bytes >> 20) + 1, available >> 20);
}

cam_status cam_trainer_state_open(cam_trainer_state *state, cam_trainer *trainer) {
    cam_status st = CAM_OK;
    *state = (cam_trainer_state){.trainer = trainer};
    st = check_available(trainer);
    if (st == CAM_OK)
        st = cam_parameter_state_open(&state->parameters, &trainer->params);
    st = cam_group_agree_status(trainer->options.group, "preparing checkpoints", st);
    if (st != CAM_OK)
        cam_trainer_state_close(state);
    return st;
}

void cam_trainer_state_close(cam_trainer_state *state) {
    cam_parameter_state_close(&state->parameters);
    *state = (cam_trainer_state){0};
}

cam_status cam_trainer_state_take(cam_trainer_state *state) {
    cam_trainer *trainer = state->trainer;
    CAM_ASSERT(cam_trainer_steps_in_flight(trainer) == 0);
    state->counters = (cam_trainer_counters){.steps = trainer->steps_submitted,
                                             .updates_applied = trainer->updates_applied,
                                             .ranks = trainer->params.sharding.ranks,
                                             .sharded = trainer->params.sharding.sharded,
                                             .bf16 = trainer->params.precision.bf16 != 0};
    cam_status st = cam_trainer_flush(trainer);
    if (st == CAM_OK)
        st = cam_parameter_state_take(&state->parameters);
    return cam_group_agree_status(trainer->options.group, "copying the training state", st);
}

const cam_state_piece *cam_trainer_state_pieces(const cam_trainer_state *state, int *count) {
    *count = state->parameters.count;
    return state->parameters.pieces;
}

/* --- putting --------------------------------------------------------------------------------------------------- */

static cam_status check_counters(const cam_trainer *trainer, const cam_trainer_counters *counters) {
    if (counters->steps < 0 || counters->updates_applied < 0 || counters->updates_applied > counters->steps)
        return cam_fail(CAM_E_MODEL,
                        "the checkpoint counts %lld updates in %lld steps, which cannot be; choose another checkpoint",
                        (long long)counters->updates_applied, (long long)counters->steps);
    if (counters->steps > trainer->plan.updates)
        return cam_fail(CAM_E_MODEL,
                        "the checkpoint is one of step %lld, and the run has %lld; use the settings of its run",
                        (long long)counters->steps, (long long)trainer->plan.updates);
    return CAM_OK;
}

/* Copies rank 0's bytes to all ranks. The others get memory to be freed. `st` is rank 0's status of reading them. */
static cam_status share_bytes(const cam_trainer *trainer, cam_status st, void **bytes, size_t *count) {
    cam_group *group = trainer->options.group;
    static const char where[] = "reading the checkpoint";
    CAM_TRY(cam_group_agree_status(group, where, st));
    CAM_TRY(cam_group_broadcast(group, where, count, sizeof *count));
    if (cam_trainer_rank(trainer) > 0) {
        *bytes = malloc(*count + 1);
        if (!*bytes)
            st = cam_fail(CAM_E_MEMORY, "no memory for %zu bytes of the checkpoint", *count);
    }
    CAM_TRY(cam_group_agree_status(group, where, st));
    if (*count > 0)
        CAM_TRY(cam_group_broadcast(group, where, *bytes, *count));
out:
    return st;
}

static cam_status put_record(cam_trainer *trainer, const cam_trainer_counters *counters,
                             const cam_state_source *source) {
    cam_status st = CAM_OK;
    float *factors = NULL;
    void *bytes = NULL;
    int64_t updates = 0;
    size_t count = 0;
    if (cam_trainer_rank(trainer) == 0) {
        st = cam_state_read_decay(&trainer->params, source, &factors, &updates);
        bytes = factors;
        count = (size_t)updates * sizeof *factors;
    }
    CAM_TRY(share_bytes(trainer, st, &bytes, &count));
    updates = (int64_t)(count / sizeof *factors);
    int records = cam_parameters_records_updates(&trainer->params, &trainer->options.rates);
    if (updates != (records ? counters->updates_applied : 0))
        CAM_FAIL(CAM_E_MODEL,
                 "the checkpoint records %lld updates of the vocabulary and counts %lld; use the settings of its run",
                 (long long)updates, (long long)(records ? counters->updates_applied : 0));
    CAM_TRY(cam_parameters_take_record(&trainer->params, bytes, updates));
out:
    free(bytes);
    return st;
}

/* Receives what rank 0 has read. */
static cam_status broadcast(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    cam_comm *comm = trainer->options.comm;
    if (!comm)
        return CAM_OK;
    cam_watchdog_enter(trainer->options.watchdog, "receiving rank 0's training state");
    CAM_TRY(cam_exchange_broadcast(&trainer->params, comm));
    if (!trainer->params.sharding.sharded)
        CAM_TRY(cam_exchange_broadcast_moments(&trainer->params, comm));
    CAM_TRY(cam_comm_join(comm));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    cam_watchdog_leave(trainer->options.watchdog);
    return st;
}

static cam_status read_optimizer_state(cam_state_reader *reader) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_state_reader_read(reader, CAM_LOW));
    CAM_TRY(cam_state_reader_read(reader, CAM_MOMENT1));
    CAM_TRY(cam_state_reader_read(reader, CAM_MOMENT2));
out:
    return st;
}

/* The broadcast has rank 0's low halves. Those of a rank's own shards are therefore read after it. */
static cam_status put_planes(cam_trainer *trainer, cam_state_reader *reader) {
    cam_status st = CAM_OK;
    cam_group *group = trainer->options.group;
    int sharded = trainer->params.sharding.sharded;
    if (cam_trainer_rank(trainer) == 0) {
        st = cam_state_reader_read(reader, CAM_WEIGHT);
        if (st == CAM_OK && !sharded)
            st = read_optimizer_state(reader);
    }
    CAM_TRY(cam_group_agree_status(group, "reading the checkpoint", st));
    CAM_TRY(broadcast(trainer));
    if (sharded)
        st = read_optimizer_state(reader);
    CAM_TRY(cam_group_agree_status(group, "reading the checkpoint", st));
out:
    return st;
}

/* The counters, and the ring as the device would have left it: the watchdog sees no step that is still awaited. */
static void put_counters(cam_trainer *trainer, const cam_trainer_counters *counters) {
    int64_t steps = counters->steps, first = steps > CAM_REPORTS ? steps - CAM_REPORTS : 0;
    for (int64_t step = first; step < steps; step++)
        __atomic_store_n(&trainer->ring[step % CAM_REPORTS].sequence, (uint32_t)step + 1, __ATOMIC_RELEASE);
    trainer->reports_read = trainer->reports_delivered = steps;
    trainer->updates_applied = counters->updates_applied;
    if (trainer->options.comm)
        trainer->options.comm->step = steps;
    __atomic_store_n(&trainer->steps_submitted, steps, __ATOMIC_RELEASE);
}

cam_status cam_trainer_state_put(cam_trainer *trainer, const cam_trainer_counters *counters,
                                 const cam_state_source *source) {
    cam_status st = CAM_OK;
    cam_state_reader *reader = NULL;
    void *layout = NULL;
    size_t count = 0;
    CAM_ASSERT(trainer->steps_submitted == 0 && trainer->planned_epoch < 0);
    CAM_TRY(check_counters(trainer, counters));
    if (cam_trainer_rank(trainer) == 0)
        st = cam_state_read_layout(source, &layout, &count);
    CAM_TRY(share_bytes(trainer, st, &layout, &count));
    st = cam_state_reader_open(&trainer->params, source, layout, count, &reader);
    CAM_TRY(cam_group_agree_status(trainer->options.group, "reading the checkpoint", st));
    CAM_TRY(put_planes(trainer, reader));
    CAM_TRY(put_record(trainer, counters, source));
    put_counters(trainer, counters);
out:
    cam_state_reader_close(reader);
    free(layout);
    return st;
}
