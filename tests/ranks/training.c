/* training.c: see training.h. */
#include "training.h"
#include "backend_cuda.h"
#include "comm_mpi.h"
#include "comm_nccl.h"
#include "files.h"
#include "safetensors.h"
#include <mpi.h>
#include <stdlib.h>

/* --- a trainer ---------------------------------------------------------------------------------------------------- */

static void connect_nccl(training *t) {
    unsigned char id[CAM_NCCL_ID_BYTES] = {0};
    if (rank == 0)
        assert_ok(cam_comm_nccl_id(id));
    MPI_Bcast(id, sizeof id, MPI_BYTE, 0, MPI_COMM_WORLD);
    assert_ok(cam_comm_nccl_open(
        t->backend, &(cam_comm_nccl_options){.rank = rank, .ranks = ranks, .id = id, .timeout_s = PATIENCE_S},
        &t->comm));
}

void training_open(training *t, const cam_trainer_options *options, run_kind how) {
    cam_trainer_options o = *options;
    *t = (training){.backend = fixture_backend(1)};
    t->device_only = *t->backend;
    t->device_only.host_memory = 0;
    if (how.by == BY_NCCL)
        connect_nccl(t);
    else if (how.by != ALONE)
        assert_ok(cam_comm_mpi_open(&group, how.by == BY_MPI_STAGED ? &t->device_only : t->backend, &t->comm));
    o.group = how.by == ALONE ? NULL : &group;
    o.comm = t->comm;
    o.shard = how.shard;
    assert_ok(cam_trainer_open(&t->trainer, t->backend, &o));
}

void training_close(training *t) {
    cam_trainer_close(&t->trainer);
    cam_comm_close(t->comm);
    cam_backend_close(t->backend);
}

static void assert_figures_everywhere(const training *t, const step_figures *f, size_t count) {
    if (t->comm)
        assert_same_on_all("losses, norms or other figures of a step", f, count * sizeof *f);
}

static step_figures figures_of(const cam_step_report *r) {
    step_figures f;
    memset(&f, 0, sizeof f); /* compared as bytes */
    f.loss = r->loss;
    f.grad_norm = r->grad_norm;
    f.learning_rate = r->learning_rate;
    f.epoch = r->epoch;
    f.tokens = r->tokens;
    f.rows = r->rows;
    f.applied = r->applied;
    f.requests = r->requests;
    return f;
}

step_figures training_step(training *t, cam_status expected) {
    cam_step_report report = {0};
    cam_status st = cam_trainer_step_now(&t->trainer, &report);
    if (st != expected)
        fail_msg("rank %d: %s (%s) instead of %s", rank, cam_status_name(st), cam_status_message(),
                 cam_status_name(expected));
    step_figures f = figures_of(&report);
    assert_figures_everywhere(t, &f, 1);
    return f;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

/* Weights are equal because all ranks apply the same updates, or because shards are gathered. */
static void assert_weights_everywhere(const training *t) {
    const cam_parameters *p = &t->trainer.params;
    size_t bytes = p->bytes[CAM_WEIGHT];
    void *weights = malloc(bytes);
    assert_non_null(weights);
    assert_ok(cam_backend_copy(t->backend, weights, p->plane[CAM_WEIGHT], bytes, CAM_FROM_DEVICE));
    assert_ok(cam_backend_synchronize(t->backend));
    assert_same_on_all("weights", weights, bytes);
    free(weights);
}

static void score(training *t, outcome *o) {
    int32_t all[MOST_ROWS];
    int64_t rows = t->trainer.options.tokens->rows;
    assert_true(rows <= MOST_ROWS);
    for (int32_t r = 0; r < rows; r++)
        all[r] = r;
    if (t->trainer.options.config->task != CAM_TASK_CLASSIFY) {
        cam_masked_scores scores;
        assert_ok(cam_trainer_masked_scores(&t->trainer, all, rows, &scores));
        assert_true(scores.positions > 0);
        o->logits[0] = (float)scores.loss_sum;
        o->logits[1] = (float)scores.positions;
        o->logits[2] = (float)scores.correct;
        if (t->comm)
            assert_same_on_all("scores", &scores, sizeof scores);
        return;
    }
    assert_ok(cam_trainer_logits(&t->trainer, all, rows, o->logits));
    if (t->comm)
        assert_same_on_all("logits", o->logits, sizeof o->logits);
}

/* Submits the steps ahead of their reports. */
static void take_steps(training *t, outcome *o) {
    cam_step_report report;
    int present;
    o->steps = (int)t->trainer.plan.updates;
    assert_true(o->steps <= MOST_STEPS);
    for (int s = 0; s < o->steps; s++)
        assert_ok(cam_trainer_step(&t->trainer));
    for (int s = 0; s < o->steps; s++) {
        assert_ok(cam_trainer_report(&t->trainer, 1, &report, &present));
        assert_true(present);
        assert_int_equal(report.step, s + 1);
        o->figures[s] = figures_of(&report);
    }
    assert_figures_everywhere(t, o->figures, (size_t)o->steps);
}

outcome train(const cam_trainer_options *options, run_kind how) {
    training t;
    outcome o = {.file = CAM_STRBUF_INIT};
    const char *path = fixture_temporary("model.safetensors");
    training_open(&t, options, how);
    take_steps(&t, &o);
    score(&t, &o);
    assert_ok(cam_trainer_save(&t.trainer, path));
    if (!t.comm || rank == 0)
        assert_ok(cam_file_read(path, 1 << 26, CAM_E_MODEL, &o.file));
    if (t.comm)
        assert_weights_everywhere(&t);
    o.moments = cam_parameters_trained(&t.trainer.params, CAM_MOMENT1).shape[0];
    o.buckets = t.trainer.params.bucket_count;
    assert_int_equal(cam_parameters_trained(&t.trainer.params, CAM_MOMENT2).shape[0], o.moments);
    training_close(&t);
    return o;
}

void outcome_release(outcome *o) {
    cam_strbuf_release(&o->file);
}

/* --- two runs ----------------------------------------------------------------------------------------------------- */

const tolerance rounding_f32 = {.relative = 1e-6, .logits = 2e-6, .weights = 1e-8};

static void assert_value_near(const char *what, double a, double b, double allowed) {
    if (!(fabs(a - b) <= allowed))
        fail_msg("rank %d: %s: %.12g with several ranks, %.12g with one", rank, what, a, b);
}

/* Both files must have the same header; the values are f32. */
static void assert_files_near(const cam_strbuf *a, const cam_strbuf *b, double allowed) {
    uint64_t header;
    double sum = 0;
    if (a->length == 0)
        return;
    assert_int_equal(a->length, b->length);
    memcpy(&header, a->text, sizeof header);
    assert_memory_equal(a->text, b->text, header + sizeof header);
    size_t begin = header + sizeof header, count = (a->length - begin) / sizeof(float);
    for (size_t i = 0; i < count; i++) {
        float x, y;
        memcpy(&x, a->text + begin + i * sizeof x, sizeof x);
        memcpy(&y, b->text + begin + i * sizeof y, sizeof y);
        sum += ((double)x - (double)y) * ((double)x - (double)y);
    }
    assert_value_near("root mean square of weights' differences", sqrt(sum / (double)count), 0, allowed);
}

void assert_near(const outcome *several, const outcome *alone, tolerance t) {
    assert_int_equal(several->steps, alone->steps);
    for (int s = 0; s < alone->steps; s++) {
        const step_figures *a = &several->figures[s], *b = &alone->figures[s];
        assert_int_equal(a->tokens, b->tokens);
        assert_int_equal(a->rows, b->rows);
        assert_int_equal(a->applied, b->applied);
        assert_true(a->learning_rate == b->learning_rate && a->epoch == b->epoch);
        assert_value_near("loss", a->loss, b->loss, t.relative * b->loss);
        assert_value_near("gradient norm", a->grad_norm, b->grad_norm, t.relative * b->grad_norm);
    }
    for (int i = 0; i < MOST_ROWS * FIXTURE_LABELS; i++)
        assert_value_near("logit", several->logits[i], alone->logits[i],
                          t.logits * fmax(1, fabs((double)alone->logits[i])));
    assert_files_near(&several->file, &alone->file, t.weights);
}

void assert_identical(const outcome *a, const outcome *b) {
    assert_int_equal(a->steps, b->steps);
    assert_memory_equal(a->figures, b->figures, sizeof a->figures);
    assert_memory_equal(a->logits, b->logits, sizeof a->logits);
    if (rank != 0)
        return;
    assert_int_equal(a->file.length, b->file.length);
    assert_memory_equal(a->file.text, b->file.text, a->file.length);
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

cam_trainer_options dropout_case(const char *name, golden_case *golden, cam_model_config *model) {
    fixture_case(name, golden);
    *model = *fixture_config();
    model->hidden_dropout_prob = 0.1;
    model->attention_probs_dropout_prob = 0.2;
    cam_trainer_options o = golden->options;
    o.config = o.source.config = model;
    o.seed = 7;
    o.sampling = CAM_SAMPLING_RANDOM;
    o.warmup_steps = 0;
    o.adamw.eps = 1e-4; /* else a gradient of pure rounding errors (a key bias's) moves its weight by a whole step */
    o.plan.max_updates = MOST_STEPS;
    return o;
}
