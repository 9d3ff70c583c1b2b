/* state_test.c: several ranks stop after a step and go on in fresh trainers, with the bits of ranks that were never
 * stopped, sharded or not. A state of one division goes on in another: it is the same to the bit, and the training is
 * the same to rounding. A piece that is missing on one rank ends the put on all of them.
 */
#include "kept_state.h"
#include "training.h"
#include <mpi.h>
#include <stdlib.h>

static golden_case golden;
static cam_model_config model;

/* --- states ------------------------------------------------------------------------------------------------------- */

static void take_state(training *t, kept_state *kept) {
    cam_trainer_state state;
    assert_ok(cam_trainer_state_open(&state, &t->trainer));
    assert_ok(cam_trainer_state_take(&state));
    kept_take(kept, &state);
    cam_trainer_state_close(&state);
}

static cam_status put_state(training *t, kept_state *kept) {
    cam_state_source source = kept_source(kept);
    return cam_trainer_state_put(&t->trainer, &kept->counters, &source);
}

/* Copies every rank's pieces to all ranks, as a shared file system has them. */
static void share_state(kept_state *kept) {
    for (int from = 0; from < ranks; from++) {
        int count = kept->count;
        MPI_Bcast(&count, 1, MPI_INT, from, MPI_COMM_WORLD);
        for (int i = 0; i < count; i++) {
            kept_piece piece = rank == from ? kept->pieces[i] : (kept_piece){0};
            MPI_Bcast(piece.name, sizeof piece.name, MPI_CHAR, from, MPI_COMM_WORLD);
            MPI_Bcast(&piece.count, sizeof piece.count, MPI_BYTE, from, MPI_COMM_WORLD);
            if (rank != from)
                piece.bytes = malloc(piece.count + 1);
            assert_non_null(piece.bytes);
            MPI_Bcast(piece.bytes, (int)piece.count, MPI_BYTE, from, MPI_COMM_WORLD);
            if (!kept_find(kept, piece.name))
                kept_add(kept, piece.name, piece.bytes, piece.count);
            if (rank != from)
                free(piece.bytes);
        }
    }
}

/* --- the same division -------------------------------------------------------------------------------------------- */

/* What this rank keeps at the end of a run, and the figures of its steps. */
typedef struct finished {
    step_figures figures[MOST_STEPS];
    kept_state state;
} finished;

static void run_to_end(training *t, finished *f, kept_state *kept) {
    while (!cam_trainer_is_done(&t->trainer)) {
        int64_t step = t->trainer.steps_submitted;
        f->figures[step] = training_step(t, CAM_OK);
        if (kept)
            take_state(t, &kept[step]);
    }
    take_state(t, &f->state);
}

static void assert_same_state(const kept_state *a, kept_state *b) {
    for (int i = 0; i < a->count; i++) {
        kept_piece *other = kept_find(b, a->pieces[i].name);
        assert_non_null(other);
        assert_int_equal(other->count, a->pieces[i].count);
        assert_memory_equal(other->bytes, a->pieces[i].bytes, other->count);
    }
    assert_int_equal(a->counters.steps, b->counters.steps);
    assert_int_equal(a->counters.updates_applied, b->counters.updates_applied);
}

static void stop_after(const cam_trainer_options *o, run_kind how, int every) {
    training t;
    kept_state kept[MOST_STEPS] = {0};
    finished whole = {0};
    training_open(&t, o, how);
    run_to_end(&t, &whole, kept);
    training_close(&t);
    for (int stop = 0; stop < o->plan.max_updates; stop++) {
        finished resumed = {0};
        if (stop % every == 0) {
            training_open(&t, o, how);
            assert_ok(put_state(&t, &kept[stop]));
            run_to_end(&t, &resumed, NULL);
            training_close(&t);
            for (int64_t step = stop + 1; step < o->plan.max_updates; step++)
                assert_memory_equal(&resumed.figures[step], &whole.figures[step], sizeof whole.figures[step]);
            assert_same_state(&whole.state, &resumed.state);
            assert_int_equal(whole.state.count, resumed.state.count);
        }
        kept_release(&resumed.state);
        kept_release(&kept[stop]);
    }
    kept_release(&whole.state);
}

/* Without sharding, rank 0 has everything and the others nothing. */
static void test_stopped_ranks(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.plan.max_updates = 7;
    for (int shard = 0; shard < 2; shard++) {
        training t;
        cam_trainer_state taken;
        stop_after(&o, (run_kind){BY_MPI, shard}, 1);
        training_open(&t, &o, (run_kind){BY_MPI, shard});
        assert_ok(cam_trainer_state_open(&taken, &t.trainer));
        assert_int_equal(taken.parameters.count, (shard ? 2 : rank == 0 ? 2 : 0) + (rank == 0 ? 3 : 0));
        cam_trainer_state_close(&taken);
        training_close(&t);
    }
}

static void test_stopped_accumulation(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("accumulation_short", &golden, &model);
    o.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    for (int shard = 0; shard < 2; shard++)
        stop_after(&o, (run_kind){BY_MPI, shard}, 5);
}

static void test_stopped_frozen(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("first_1", &golden, &model);
    stop_after(&o, (run_kind){BY_MPI, 1}, 7);
    o = dropout_case("frozen", &golden, &model);
    stop_after(&o, (run_kind){BY_MPI, 1}, 7);
}

/* --- another division --------------------------------------------------------------------------------------------- */

enum { KINDS = 3, STOP = 2 };
static const run_kind kinds[KINDS] = {{.by = ALONE}, {.by = BY_MPI}, {.by = BY_MPI, .shard = 1}};

/* The figures of a whole run, and its state after STOP steps, which all ranks have. */
static finished run_and_keep(const cam_trainer_options *o, run_kind how, kept_state *kept) {
    finished f = {0};
    training t;
    training_open(&t, o, how);
    for (int64_t step = 0; step < o->plan.max_updates; step++) {
        f.figures[step] = training_step(&t, CAM_OK);
        if (step + 1 == STOP)
            take_state(&t, kept);
    }
    training_close(&t);
    share_state(kept);
    return f;
}

/* Puts a state into a trainer of another kind, and takes it again from there. */
static void pass_through(const cam_trainer_options *o, run_kind how, kept_state *from, kept_state *to) {
    training t;
    training_open(&t, o, how);
    assert_ok(put_state(&t, from));
    take_state(&t, to);
    training_close(&t);
    share_state(to);
}

static void go_on(const cam_trainer_options *o, run_kind how, kept_state *kept, const finished *whole) {
    training t;
    training_open(&t, o, how);
    assert_ok(put_state(&t, kept));
    for (int64_t step = STOP; step < o->plan.max_updates; step++) {
        step_figures f = training_step(&t, CAM_OK), due = whole->figures[step];
        assert_true(f.learning_rate == due.learning_rate && f.epoch == due.epoch && f.tokens == due.tokens);
        if (!(fabs(f.loss - due.loss) <= rounding_f32.relative * due.loss &&
              fabs(f.grad_norm - due.grad_norm) <= rounding_f32.relative * due.grad_norm))
            fail_msg("step %lld: loss %.9g, norm %.9g instead of %.9g, %.9g", (long long)step + 1, f.loss, f.grad_norm,
                     due.loss, due.grad_norm);
    }
    training_close(&t);
}

static void change_division(const cam_trainer_options *o) {
    for (int from = 0; from < KINDS; from++) {
        kept_state kept = {0};
        finished whole = run_and_keep(o, kinds[from], &kept);
        for (int to = 0; to < KINDS; to++) {
            kept_state there = {0}, back = {0};
            if (to == from)
                continue;
            pass_through(o, kinds[to], &kept, &there);
            pass_through(o, kinds[from], &there, &back);
            assert_same_state(&kept, &back);
            go_on(o, kinds[to], &kept, &whole);
            kept_release(&there);
            kept_release(&back);
        }
        kept_release(&kept);
    }
}

static void test_other_division(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.plan.max_updates = 5;
    change_division(&o);
}

/* Tensors of many chunks in several buckets, so that a rank's moments are not in the order of the tensors. */
static void test_other_division_of_a_wide_model(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    model.hidden_size = 320;
    model.intermediate_size = 1280;
    model.num_attention_heads = 5;
    model.num_hidden_layers = 1;
    o.source.weights = NULL;
    o.plan.max_updates = STOP + 2;
    change_division(&o);
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

static void test_missing_on_one_rank(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("frozen", &golden, &model);
    training t;
    kept_state kept = {0};
    training_open(&t, &o, (run_kind){.by = BY_MPI, .shard = 1});
    (void)training_step(&t, CAM_OK);
    take_state(&t, &kept);
    training_close(&t);
    char name[CAM_STATE_NAME_BYTES];
    snprintf(name, sizeof name, "moment2-rank-%d.bin", ranks - 1);
    if (rank == ranks - 1)
        kept_find(&kept, name)->name[0] = '-';
    training_open(&t, &o, (run_kind){.by = BY_MPI, .shard = 1});
    cam_status st = put_state(&t, &kept);
    if (rank == ranks - 1)
        ASSERT_FAILS(st, CAM_E_MODEL, "the checkpoint lacks", name);
    else
        ASSERT_FAILS(st, CAM_E_MODEL, "rank");
    training_close(&t);
    kept_release(&kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_stopped_ranks),  CASE(test_stopped_accumulation),           CASE(test_stopped_frozen),
        CASE(test_other_division), CASE(test_other_division_of_a_wide_model), CASE(test_missing_on_one_rank),
    };
    begin_ranks();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_release();
    end_ranks();
    return failed != 0;
}
