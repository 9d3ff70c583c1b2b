/* state.c: a run that is stopped after any step and goes on in a fresh trainer has the bits of one that was never
 * stopped: every later report, the parameters and moments at the end, and the saved file. Also: taking a state changes
 * nothing and allocates nothing, a second take replaces the first, and pieces of another run are refused.
 */
#include "assert_ok.h"
#include "counted_allocations.h"
#include "files.h"
#include "fixture.h"
#include "kept_state.h"
#include "parameter_state_internal.h"
#include <math.h>
#include <stdio.h>

enum { STEPS = 9, PLANES = 3 };

/* --- helpers ---------------------------------------------------------------------------------------------------- */

static golden_case golden;
static cam_model_config model;

/* Epochs of 4 steps, the last of them short; STEPS ends in the third epoch. */
static cam_trainer_options options(const char *name) {
    fixture_case(name, &golden);
    model = *fixture_config();
    model.hidden_dropout_prob = 0.1;
    model.attention_probs_dropout_prob = 0.2;
    cam_trainer_options o = golden.options;
    o.config = o.source.config = &model;
    o.seed = 7;
    o.learning_rate = 1e-3;
    o.rates.weight_decay = 0.1;
    o.warmup_steps = 3;
    o.schedule = CAM_SCHEDULE_LINEAR;
    o.sampling = CAM_SAMPLING_RANDOM;
    o.train_count = 30;
    o.plan = (cam_plan_settings){.batch_rows = 8, .accumulation = 1, .max_updates = STEPS};
    return o;
}

/* What is compared. */
typedef struct outcome {
    cam_step_report reports[STEPS];
    void *planes[PLANES];
    size_t bytes[PLANES];
    cam_strbuf file;
} outcome;

static void outcome_release(outcome *o) {
    for (int p = 0; p < PLANES; p++)
        free(o->planes[p]);
    cam_strbuf_release(&o->file);
}

/* A step that is not finite: a weight is NaN during it. */
static void spoilt_step(cam_trainer *trainer, cam_step_report *report) {
    const cam_parameters *p = &trainer->params;
    float *bias = cam_parameters_view(p, cam_parameter_of_layer(p, 1, CAM_UP_B), CAM_WEIGHT).data, before = bias[0];
    bias[0] = NAN;
    assert_ok(cam_trainer_step_now(trainer, report));
    bias[0] = before;
    assert_false(report->applied);
}

/* Makes the next step; `spoilt` is the number of one that is not finite. */
static void make_step(cam_trainer *trainer, outcome *o, int64_t spoilt) {
    int64_t step = trainer->steps_submitted;
    cam_step_report *report = &o->reports[step];
    memset(report, 0, sizeof *report);
    if (step + 1 == spoilt)
        spoilt_step(trainer, report);
    else
        assert_ok(cam_trainer_step_now(trainer, report));
    report->time_s = 0;
}

static void finish(cam_trainer *trainer, outcome *o) {
    static const cam_plane planes[PLANES] = {CAM_WEIGHT, CAM_MOMENT1, CAM_MOMENT2};
    const char *path = fixture_temporary("model.safetensors");
    for (int p = 0; p < PLANES; p++) {
        o->bytes[p] = trainer->params.bytes[planes[p]];
        o->planes[p] = malloc(o->bytes[p]);
        assert_non_null(o->planes[p]);
        memcpy(o->planes[p], trainer->params.plane[planes[p]], o->bytes[p]);
    }
    assert_ok(cam_trainer_save(trainer, path));
    assert_ok(cam_file_read(path, 1 << 24, CAM_E_MODEL, &o->file));
}

static void assert_same_end(const outcome *a, const outcome *b) {
    for (int p = 0; p < PLANES; p++) {
        assert_int_equal(a->bytes[p], b->bytes[p]);
        assert_memory_equal(a->planes[p], b->planes[p], a->bytes[p]);
    }
    assert_int_equal(a->file.length, b->file.length);
    assert_memory_equal(a->file.text, b->file.text, a->file.length);
}

/* Runs to the end; with `kept`, takes the state before the first step and after every step. */
static outcome run(const cam_trainer_options *o, int64_t spoilt, kept_state *kept) {
    outcome result = {.file = CAM_STRBUF_INIT};
    cam_trainer trainer;
    cam_trainer_state state = {0};
    cam_backend *backend = fixture_backend(2);
    assert_ok(cam_trainer_open(&trainer, backend, o));
    if (kept)
        assert_ok(cam_trainer_state_open(&state, &trainer));
    for (int64_t step = 0; step <= trainer.plan.updates; step++) {
        if (kept) {
            assert_ok(cam_trainer_state_take(&state));
            kept_take(&kept[step], &state);
        }
        if (step < trainer.plan.updates)
            make_step(&trainer, &result, spoilt);
    }
    finish(&trainer, &result);
    cam_trainer_state_close(&state);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    return result;
}

/* Goes on from a kept state to the end. The backend has another number of threads. */
static outcome resume(const cam_trainer_options *o, int64_t spoilt, kept_state *kept) {
    outcome result = {.file = CAM_STRBUF_INIT};
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(1);
    cam_state_source source = kept_source(kept);
    assert_ok(cam_trainer_open(&trainer, backend, o));
    assert_ok(cam_trainer_state_put(&trainer, &kept->counters, &source));
    assert_int_equal(trainer.steps_submitted, kept->counters.steps);
    cam_step_progress progress = cam_trainer_progress(&trainer);
    assert_int_equal(progress.reported, progress.submitted);
    while (!cam_trainer_is_done(&trainer))
        make_step(&trainer, &result, spoilt);
    finish(&trainer, &result);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    return result;
}

/* Stops after each step, before the first and after the last included. */
static void stop_everywhere(const cam_trainer_options *o, int64_t spoilt) {
    kept_state kept[STEPS + 1] = {0};
    outcome whole = run(o, spoilt, NULL), taken = run(o, spoilt, kept);
    assert_memory_equal(whole.reports, taken.reports, sizeof whole.reports);
    assert_same_end(&whole, &taken);
    for (int64_t stop = 0; stop <= STEPS; stop++) {
        assert_int_equal(kept[stop].counters.steps, stop);
        assert_int_equal(kept[stop].counters.updates_applied, stop - (spoilt > 0 && stop >= spoilt));
        outcome resumed = resume(o, spoilt, &kept[stop]);
        for (int64_t step = stop; step < STEPS; step++)
            if (memcmp(&resumed.reports[step], &whole.reports[step], sizeof whole.reports[step]) != 0)
                fail_msg("stopped after step %lld: the report of step %lld is another", (long long)stop,
                         (long long)step + 1);
        assert_same_end(&whole, &resumed);
        outcome_release(&resumed);
        kept_release(&kept[stop]);
    }
    outcome_release(&whole);
    outcome_release(&taken);
}

/* --- stopped and resumed ---------------------------------------------------------------------------------------- */

/* The golden texts leave out vocabulary rows, whose decay is recorded. */
static void test_plain(void **state) {
    (void)state;
    cam_trainer_options o = options("trainer");
    stop_everywhere(&o, 0);
}

static void test_skipped_step(void **state) {
    (void)state;
    cam_trainer_options o = options("trainer");
    o.skip_nonfinite = 1;
    stop_everywhere(&o, 3);
}

/* 8 batches an epoch, in updates of 3, 3 and 2; the last batch is short. */
static void test_accumulation(void **state) {
    (void)state;
    cam_trainer_options o = options("trainer");
    o.plan.batch_rows = 4;
    o.plan.accumulation = 3;
    stop_everywhere(&o, 0);
}

static void test_group_by_length(void **state) {
    (void)state;
    cam_trainer_options o = options("class_weights");
    o.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    stop_everywhere(&o, 0);
}

static void test_frozen_layers(void **state) {
    (void)state;
    cam_trainer_options o = options("first_1");
    assert_int_equal(o.rates.frozen_depth, 2);
    stop_everywhere(&o, 0);
}

static void test_frozen_encoder(void **state) {
    (void)state;
    cam_trainer_options o = options("frozen");
    stop_everywhere(&o, 0);
}

/* The teacher is asked once more, and the map of hidden states is a part of the state, though not of the file. */
static void test_student(void **state) {
    (void)state;
    cam_trainer_options o = options("distill_hidden");
    fixture_distill("distill_hidden", &golden, &model, &o);
    stop_everywhere(&o, 0);
}

static void test_random_weights(void **state) {
    (void)state;
    cam_trainer_options o = options("layerwise");
    o.source.weights = NULL;
    o.rates.weight_decay = 0;
    stop_everywhere(&o, 0);
}

/* The masks of a resumed epoch are those of the epoch. */
static void test_masked_language_model(void **state) {
    (void)state;
    cam_trainer_options o = options("masked");
    fixture_masked_case("masked", &golden);
    model = *golden.options.config;
    model.hidden_dropout_prob = 0.1;
    o.source.weights = golden.options.source.weights;
    o.labels = NULL;
    o.masking = golden.options.masking;
    o.masking.whole_words = 1;
    stop_everywhere(&o, 0);
}

/* The teacher of a masked language model is loaded once more. */
static void test_masked_student(void **state) {
    (void)state;
    cam_trainer_options o = options("distill_masked");
    fixture_distilled_masked_case("distill_masked", &golden);
    model = *golden.options.config;
    model.hidden_dropout_prob = 0.1;
    o.source.weights = golden.options.source.weights;
    o.labels = NULL;
    o.masking = golden.options.masking;
    o.teacher = golden.options.teacher;
    o.rates.hidden_map = 1;
    stop_everywhere(&o, 0);
}

/* More steps than the ring has records; all later reports and the end are compared. */
static void test_beyond_the_ring(void **state) {
    (void)state;
    enum { MANY = CAM_REPORTS + 9 };
    cam_trainer_options o = options("frozen");
    cam_trainer whole, resumed;
    cam_trainer_state taken;
    kept_state kept = {0};
    cam_step_report a, b;
    cam_backend *backend = fixture_backend(1);
    cam_state_source source = kept_source(&kept);
    o.plan.max_updates = MANY;
    assert_ok(cam_trainer_open(&whole, backend, &o));
    assert_ok(cam_trainer_open(&resumed, backend, &o));
    assert_ok(cam_trainer_state_open(&taken, &whole));
    for (int step = 0; step < MANY - 3; step++)
        assert_ok(cam_trainer_step_now(&whole, &a));
    assert_ok(cam_trainer_state_take(&taken));
    kept_take(&kept, &taken);
    assert_ok(cam_trainer_state_put(&resumed, &kept.counters, &source));
    cam_step_progress progress = cam_trainer_progress(&resumed);
    assert_int_equal(progress.submitted, MANY - 3);
    assert_int_equal(progress.reported, MANY - 3);
    for (int step = 0; step < 3; step++) {
        assert_ok(cam_trainer_step_now(&whole, &a));
        assert_ok(cam_trainer_step_now(&resumed, &b));
        a.time_s = b.time_s = 0;
        assert_memory_equal(&a, &b, sizeof a);
    }
    kept_release(&kept);
    cam_trainer_state_close(&taken);
    cam_trainer_close(&whole);
    cam_trainer_close(&resumed);
    cam_backend_close(backend);
}

/* --- taking ----------------------------------------------------------------------------------------------------- */

static void test_take(void **state) {
    (void)state;
    cam_trainer_options o = options("trainer");
    cam_trainer trainer;
    cam_trainer_state taken;
    cam_step_report report;
    kept_state first = {0};
    int count, replaced = 0;
    cam_backend *backend = fixture_backend(2);
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    assert_ok(cam_trainer_state_open(&taken, &trainer));
    assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_ok(cam_trainer_state_take(&taken));
    const cam_state_piece *pieces = cam_trainer_state_pieces(&taken, &count);
    size_t total = 0;
    kept_take(&first, &taken);
    assert_ok(cam_trainer_step_now(&trainer, &report));
    for (int i = 0; i < count; i++) /* the training goes on, and the pieces stay */
        assert_memory_equal(pieces[i].bytes, first.pieces[i].bytes, first.pieces[i].count);
    long before = allocations;
    assert_ok(cam_trainer_state_take(&taken));
    assert_int_equal(allocations, before);
    assert_int_equal(taken.counters.steps, 2);
    for (int i = 0; i < count; i++) {
        assert_string_equal(pieces[i].name, first.pieces[i].name);
        replaced += pieces[i].count != first.pieces[i].count ||
                    memcmp(pieces[i].bytes, first.pieces[i].bytes, pieces[i].count) != 0;
        if (strcmp(pieces[i].name, "layout.bin") != 0 && strcmp(pieces[i].name, "decay.bin") != 0)
            total += pieces[i].count;
    }
    assert_int_equal(count, 5); /* weights, moment1, moment2, layout, decay */
    assert_int_equal(replaced, 4);
    assert_int_equal(cam_trainer_memory(&trainer).snapshot, total);
    kept_release(&first);
    cam_trainer_state_close(&taken);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_planned_memory(void **state) {
    (void)state;
    cam_trainer_options o = options("first_1");
    cam_memory_need need = {0};
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(1);
    assert_ok(cam_trainer_plan_memory(&o, backend, &need));
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    assert_int_equal(need.snapshot, cam_trainer_memory(&trainer).snapshot);
    assert_true(need.snapshot > 0);
    assert_true(need.snapshot < need.parameters);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static size_t memory_left;
static size_t little_available(cam_backend *backend) {
    (void)backend;
    return memory_left;
}

static void test_out_of_memory(void **state) {
    (void)state;
    cam_trainer_options o = options("trainer");
    cam_trainer trainer;
    cam_trainer_state taken;
    cam_backend *backend = fixture_backend(1);
    const cam_backend_calls *real_calls = backend->calls;
    cam_backend_calls calls = *real_calls;
    char due[128];
    calls.available = little_available;
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    backend->calls = &calls;
    memory_left = cam_trainer_memory(&trainer).snapshot - 1;
    assert_int_equal(cam_trainer_state_open(&taken, &trainer), CAM_E_MEMORY);
    snprintf(due, sizeof due, "a copy of the training state needs %zu MB, %zu MB are free",
             ((memory_left + 1) >> 20) + 1, memory_left >> 20);
    assert_non_null(strstr(cam_status_message(), due));
    memory_left++;
    assert_ok(cam_trainer_state_open(&taken, &trainer));
    cam_trainer_state_close(&taken);
    backend->calls = real_calls;
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* --- wrong pieces ------------------------------------------------------------------------------------------------ */

static kept_state take_after(const cam_trainer_options *o, int steps) {
    kept_state kept = {0};
    cam_trainer trainer;
    cam_trainer_state taken;
    cam_step_report report;
    cam_backend *backend = fixture_backend(1);
    assert_ok(cam_trainer_open(&trainer, backend, o));
    assert_ok(cam_trainer_state_open(&taken, &trainer));
    for (int step = 0; step < steps; step++)
        assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_ok(cam_trainer_state_take(&taken));
    kept_take(&kept, &taken);
    cam_trainer_state_close(&taken);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    return kept;
}

static void assert_put(const cam_trainer_options *o, kept_state *kept, const char *message) {
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(1);
    cam_state_source source = kept_source(kept);
    assert_ok(cam_trainer_open(&trainer, backend, o));
    cam_status st = cam_trainer_state_put(&trainer, &kept->counters, &source);
    if (st != (message ? CAM_E_MODEL : CAM_OK) || (message && !strstr(cam_status_message(), message)))
        fail_msg("%s \"%s\" instead of \"%s\"", cam_status_name(st), cam_status_message(), message ? message : "");
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* The same layout: layout.bin, decay.bin, and one read for each plane. */
static void test_one_read_a_piece(void **state) {
    (void)state;
    cam_trainer_options o = options("trainer");
    kept_state kept = take_after(&o, 2);
    assert_put(&o, &kept, NULL);
    assert_int_equal(kept.reads, 5);
    kept_release(&kept);
}

static void test_missing_pieces(void **state) {
    (void)state;
    static const char *const names[] = {"weights.bin", "moment1.bin", "moment2.bin", "layout.bin", "decay.bin"};
    cam_trainer_options o = options("trainer");
    kept_state kept = take_after(&o, 2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char due[64], *name = kept_find(&kept, names[i])->name;
        snprintf(due, sizeof due, "the checkpoint lacks \"%s\"", names[i]);
        name[0] = '-';
        assert_put(&o, &kept, due);
        name[0] = names[i][0];
    }
    assert_put(&o, &kept, NULL);
    kept_release(&kept);
}

static void test_wrong_sizes(void **state) {
    (void)state;
    static const char *const names[] = {"weights.bin", "moment1.bin", "moment2.bin", "layout.bin", "decay.bin"};
    cam_trainer_options o = options("trainer");
    kept_state kept = take_after(&o, 2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int change = -1; change <= 1; change += 2) {
            kept_piece *piece = kept_find(&kept, names[i]);
            piece->count += (size_t)change;
            assert_put(&o, &kept, names[i]);
            piece->count -= (size_t)change;
        }
    kept_find(&kept, "decay.bin")->count = sizeof(float);
    assert_put(&o, &kept, "records 1 updates of the vocabulary and counts 2");
    kept_release(&kept);
}

static void test_wrong_counters(void **state) {
    (void)state;
    cam_trainer_options o = options("frozen");
    kept_state kept = take_after(&o, 2);
    kept.counters.steps = STEPS + 1;
    assert_put(&o, &kept, "the checkpoint is one of step 10, and the run has 9");
    kept.counters.steps = -1;
    assert_put(&o, &kept, "cannot be");
    kept.counters.steps = 1;
    assert_put(&o, &kept, "2 updates in 1 steps");
    kept_release(&kept);
}

/* Every byte of the layout: either it does not matter, or the state is refused; and nothing is read out of bounds, which
 * kept_read and the sanitizers watch. */
static void test_damaged_layout(void **state) {
    (void)state;
    cam_trainer_options o = options("frozen");
    kept_state kept = take_after(&o, 1);
    kept_piece *layout = kept_find(&kept, "layout.bin");
    cam_backend *backend = fixture_backend(1);
    cam_trainer trainer;
    cam_state_source source = kept_source(&kept);
    int refused = 0;
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    for (size_t i = 0; i < layout->count; i++)
        for (int bit = 0; bit < 8; bit += 7) {
            cam_state_reader *reader = NULL;
            layout->bytes[i] = (char)(layout->bytes[i] ^ (1 << bit));
            cam_status st = cam_state_reader_open(&trainer.params, &source, layout->bytes, layout->count, &reader);
            for (int plane = 0; plane < CAM_PLANES && st == CAM_OK; plane++)
                if (plane != CAM_GRADIENT)
                    st = cam_state_reader_read(reader, (cam_plane)plane);
            assert_true(st == CAM_OK || st == CAM_E_MODEL);
            refused += st != CAM_OK;
            cam_state_reader_close(reader);
            layout->bytes[i] = (char)(layout->bytes[i] ^ (1 << bit));
        }
    assert_true(refused > 100);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    kept_release(&kept);
}

static void test_other_runs(void **state) {
    (void)state;
    cam_trainer_options o = options("trainer"), other = o;
    cam_model_config fewer = model;
    kept_state kept = take_after(&o, 2);
    other.rates.frozen_depth = 2;
    assert_put(&other, &kept, "the checkpoint trains");
    fewer.num_hidden_layers = 2;
    other = o;
    other.config = other.source.config = &fewer;
    other.source.weights = NULL;
    assert_put(&other, &kept, "tensors, this run's model");
    cam_token_rows shorter = *o.tokens; /* fewer words */
    shorter.rows = 33;
    other = o;
    other.tokens = &shorter;
    assert_put(&other, &kept, "word_embeddings");
    cam_state_head *head = (cam_state_head *)(void *)kept_find(&kept, "layout.bin")->bytes;
    head->vocabulary ^= 1;
    assert_put(&o, &kept, "was made with texts of other words");
    head->bf16 = 1;
    assert_put(&o, &kept, "was made with bf16=true");
    head->version++;
    assert_put(&o, &kept, "was made by another version");
    kept_release(&kept);
}

static int release(void **state) {
    (void)state;
    fixture_release();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_skipped_step),
        cmocka_unit_test(test_accumulation),
        cmocka_unit_test(test_group_by_length),
        cmocka_unit_test(test_frozen_layers),
        cmocka_unit_test(test_frozen_encoder),
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_random_weights),
        cmocka_unit_test(test_masked_language_model),
        cmocka_unit_test(test_masked_student),
        cmocka_unit_test(test_beyond_the_ring),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_planned_memory),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_one_read_a_piece),
        cmocka_unit_test(test_missing_pieces),
        cmocka_unit_test(test_wrong_sizes),
        cmocka_unit_test(test_wrong_counters),
        cmocka_unit_test(test_damaged_layout),
        cmocka_unit_test(test_other_runs),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
