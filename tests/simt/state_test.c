/* state_test.c: a run on the CUDA backend, with captured steps, that is stopped and goes on in a fresh trainer has the bits
 * of one that was never stopped: later reports, weights, low halves, moments and the saved file.
 */
#include "assert_ok.h"
#include "backend_cuda.h"
#include "files.h"
#include "fixture.h"
#include "kept_state.h"
#include "runtime.h"

enum { STEPS = 5 };

static golden_case golden;
static cam_model_config model;

/* --- helpers ---------------------------------------------------------------------------------------------------- */

/* Epochs of three steps, whose shapes recur. */
static cam_trainer_options small_case(void) {
    fixture_case("trainer", &golden);
    model = *fixture_config();
    model.hidden_dropout_prob = 0.1;
    model.attention_probs_dropout_prob = 0.2;
    cam_trainer_options o = golden.options;
    o.config = o.source.config = &model;
    o.seed = 11;
    o.learning_rate = 1e-3;
    o.rates.weight_decay = 0.1;
    o.warmup_steps = 0;
    o.train_count = 18;
    o.plan = (cam_plan_settings){.batch_rows = 8, .accumulation = 1, .max_updates = STEPS};
    return o;
}

/* Heads of 64 columns, for bf16; the weights are drawn at random. */
static cam_trainer_options wide_case(void) {
    cam_trainer_options o = small_case();
    model.hidden_size = 128;
    model.intermediate_size = 256;
    model.num_attention_heads = 2;
    model.num_hidden_layers = 2;
    o.source.weights = NULL;
    o.bf16 = 1;
    return o;
}

/* The reports of a run, and its state and saved file at its end. */
typedef struct outcome {
    cam_step_report reports[STEPS];
    kept_state end;
    cam_strbuf file;
} outcome;

static void outcome_release(outcome *o) {
    kept_release(&o->end);
    cam_strbuf_release(&o->file);
}

/* Goes on to the end from `from`, or begins where that is NULL; `kept` receives the state after each step. */
static outcome run(const cam_trainer_options *o, kept_state *from, kept_state *kept) {
    outcome result = {.file = CAM_STRBUF_INIT};
    cam_trainer trainer;
    cam_trainer_state state;
    cam_backend *backend = fixture_backend(1);
    cam_state_source source = kept_source(from);
    const char *path = fixture_temporary("model.safetensors");
    assert_ok(cam_trainer_open(&trainer, backend, o));
    assert_ok(cam_trainer_state_open(&state, &trainer));
    if (from)
        assert_ok(cam_trainer_state_put(&trainer, &from->counters, &source));
    while (!cam_trainer_is_done(&trainer)) {
        int64_t step = trainer.steps_submitted;
        memset(&result.reports[step], 0, sizeof result.reports[step]);
        assert_ok(cam_trainer_step_now(&trainer, &result.reports[step]));
        result.reports[step].time_s = 0;
        if (!kept)
            continue;
        assert_ok(cam_trainer_state_take(&state));
        kept_take(&kept[step], &state);
    }
    assert_ok(cam_trainer_state_take(&state));
    kept_take(&result.end, &state);
    assert_ok(cam_trainer_save(&trainer, path));
    assert_ok(cam_file_read(path, 1 << 26, CAM_E_MODEL, &result.file));
    cam_trainer_state_close(&state);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    return result;
}

static void assert_same_end(const outcome *a, const outcome *b) {
    assert_int_equal(a->end.count, b->end.count);
    for (int i = 0; i < a->end.count; i++) {
        assert_string_equal(a->end.pieces[i].name, b->end.pieces[i].name);
        assert_int_equal(a->end.pieces[i].count, b->end.pieces[i].count);
        assert_memory_equal(a->end.pieces[i].bytes, b->end.pieces[i].bytes, a->end.pieces[i].count);
    }
    assert_int_equal(a->file.length, b->file.length);
    assert_memory_equal(a->file.text, b->file.text, a->file.length);
}

/* Stops after every `every`-th step, from the first on. */
static void stop_after(const cam_trainer_options *o, int every) {
    kept_state kept[STEPS] = {0};
    long launches = simt_calls_of("cudaGraphLaunch");
    outcome whole = run(o, NULL, NULL), taken = run(o, NULL, kept);
    assert_true(simt_calls_of("cudaGraphLaunch") > launches);
    assert_memory_equal(whole.reports, taken.reports, sizeof whole.reports);
    assert_same_end(&whole, &taken);
    for (int stop = 0; stop < STEPS - 1; stop++) {
        if (stop % every == 0) {
            outcome resumed = run(o, &kept[stop], NULL);
            for (int step = stop + 1; step < STEPS; step++)
                assert_memory_equal(&resumed.reports[step], &whole.reports[step], sizeof whole.reports[step]);
            assert_same_end(&whole, &resumed);
            outcome_release(&resumed);
        }
        kept_release(&kept[stop]);
    }
    kept_release(&kept[STEPS - 1]);
    outcome_release(&whole);
    outcome_release(&taken);
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

static void test_f32(void **state) {
    (void)state;
    cam_trainer_options o = small_case();
    stop_after(&o, 1);
}

static void test_bf16(void **state) {
    (void)state;
    cam_trainer_options o = wide_case();
    stop_after(&o, 2);
}

/* Updates of two micro-steps, the last one of one; micro-steps and updates are graphs of their own. */
static void test_accumulation(void **state) {
    (void)state;
    cam_trainer_options o = small_case();
    o.plan.batch_rows = 4;
    o.plan.accumulation = 2;
    stop_after(&o, 2);
}

/* The frozen layer's low halves are held in host memory, and come from the checkpoint again. */
static void test_frozen_bf16(void **state) {
    (void)state;
    cam_trainer_options o = small_case();
    o.bf16 = 1;
    o.rates.frozen_depth = 2;
    stop_after(&o, 2);
}

static void test_frozen_encoder(void **state) {
    (void)state;
    cam_trainer_options o = small_case();
    o.rates.frozen_depth = model.num_hidden_layers + 1;
    stop_after(&o, 2);
}

static int release(void **state) {
    (void)state;
    fixture_release();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),         cmocka_unit_test(test_bf16),           cmocka_unit_test(test_accumulation),
        cmocka_unit_test(test_frozen_bf16), cmocka_unit_test(test_frozen_encoder),
    };
    fixture_use_device("cuda");
    return cmocka_run_group_tests(tests, NULL, release);
}
