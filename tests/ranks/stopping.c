/* stopping.c: see stopping.h. */
#include "stopping.h"
#include <mpi.h>
#include <stdlib.h>

/* --- states ------------------------------------------------------------------------------------------------------- */

void take_state(training *t, kept_state *kept) {
    cam_trainer_state state;
    assert_ok(cam_trainer_state_open(&state, &t->trainer));
    assert_ok(cam_trainer_state_take(&state));
    kept_take(kept, &state);
    cam_trainer_state_close(&state);
}

cam_status put_state(training *t, kept_state *kept) {
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

void stop_after(const cam_trainer_options *o, run_kind how, int every) {
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

/* --- another division --------------------------------------------------------------------------------------------- */

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

static void go_on(const cam_trainer_options *o, run_kind how, kept_state *kept, const finished *whole, tolerance tol) {
    training t;
    training_open(&t, o, how);
    assert_ok(put_state(&t, kept));
    for (int64_t step = STOP; step < o->plan.max_updates; step++) {
        step_figures f = training_step(&t, CAM_OK), due = whole->figures[step];
        assert_true(f.learning_rate == due.learning_rate && f.epoch == due.epoch && f.tokens == due.tokens);
        if (!(fabs(f.loss - due.loss) <= tol.relative * due.loss &&
              fabs(f.grad_norm - due.grad_norm) <= tol.relative * due.grad_norm))
            fail_msg("step %lld: loss %.9g, norm %.9g instead of %.9g, %.9g", (long long)step + 1, f.loss, f.grad_norm,
                     due.loss, due.grad_norm);
    }
    training_close(&t);
}

void change_division(const cam_trainer_options *o, const run_kind *kinds, int count, tolerance tol) {
    for (int from = 0; from < count; from++) {
        kept_state kept = {0};
        finished whole = run_and_keep(o, kinds[from], &kept);
        for (int to = 0; to < count; to++) {
            kept_state there = {0}, back = {0};
            if (to == from)
                continue;
            pass_through(o, kinds[to], &kept, &there);
            pass_through(o, kinds[from], &there, &back);
            assert_same_state(&kept, &back);
            go_on(o, kinds[to], &kept, &whole, tol);
            kept_release(&there);
            kept_release(&back);
        }
        kept_release(&kept);
    }
}
