/* side_test.c: the trainer with a side queue has the bits of the trainer with one queue, in every order that a GPU may
 * choose: reports, weights, low halves and moments. Without one of its waits it has not: the test skips them one by one.
 */
#include "assert_ok.h"
#include "backend_cuda.h"
#include "fixture.h"
#include "runtime.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 5, SCORED = 8 };

/* --- runs -------------------------------------------------------------------------------------------------------- */

/* What a run leaves: its reports, logits, and all that is trained. */
typedef struct outcome {
    cam_status status;
    cam_step_report reports[STEPS];
    float logits[SCORED * FIXTURE_LABELS];
    char *planes[CAM_PLANES];
    size_t bytes[CAM_PLANES];
    int captures;
} outcome;

static void outcome_release(outcome *o) {
    for (int p = 0; p < CAM_PLANES; p++)
        free(o->planes[p]);
    *o = (outcome){0};
}

typedef struct setting {
    int one_queue, eager; /* eager: nothing is captured */
    simt_graph_order order;
    int steps;      /* 0: STEPS */
    int nan_before; /* a step that is not finite: a bias is NaN before it, and a number again after it; 0: none */
    int skipped;    /* which wait of the steps is skipped, from 1; 0: none */
    long *waits;    /* [steps + 1] receives the number of waits before each step, and at the end */
} setting;

/* Overwrites one bias of the first trained layer. */
static cam_status plant(cam_trainer *trainer, float value) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_trainer_flush(trainer));
    int bias = cam_parameter_of_layer(&trainer->params, trainer->params.layers - 1, CAM_UP_B);
    void *at = cam_parameters_view(&trainer->params, bias, CAM_WEIGHT).data;
    CAM_TRY(cam_backend_copy(trainer->backend, at, &value, sizeof value, CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    return st;
}

static cam_status run_steps(cam_trainer *trainer, const setting *s, outcome *o) {
    cam_status st = CAM_OK;
    int steps = s->steps ? s->steps : STEPS;
    for (int step = 0; step < steps; step++) {
        if (s->nan_before && step + 1 == s->nan_before)
            CAM_TRY(plant(trainer, NAN));
        if (s->nan_before && step == s->nan_before)
            CAM_TRY(plant(trainer, 0.25f));
        if (s->waits)
            s->waits[step] = simt_calls_of("cudaStreamWaitEvent");
        CAM_TRY(cam_trainer_step(trainer));
    }
    if (s->waits)
        s->waits[steps] = simt_calls_of("cudaStreamWaitEvent");
    for (int step = 0; step < steps; step++) {
        int present = 0;
        CAM_TRY(cam_trainer_report(trainer, 1, &o->reports[step], &present));
        o->reports[step].time_s = 0;
    }
out:
    return st;
}

static cam_status keep_planes(const cam_trainer *trainer, outcome *o) {
    cam_status st = CAM_OK;
    const cam_parameters *params = &trainer->params;
    for (int p = 0; p < CAM_PLANES; p++) {
        if (!params->plane[p] || p == CAM_GRADIENT)
            continue;
        o->bytes[p] = params->bytes[p];
        o->planes[p] = malloc(o->bytes[p] + 1);
        assert_non_null(o->planes[p]);
        CAM_TRY(cam_backend_copy(trainer->backend, o->planes[p], params->plane[p], o->bytes[p], CAM_FROM_DEVICE));
    }
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    return st;
}

static outcome run(const cam_trainer_options *options, setting s) {
    static int32_t list[SCORED];
    outcome o = {0};
    cam_trainer trainer;
    cam_backend *backend = NULL;
    for (int32_t r = 0; r < SCORED; r++)
        list[r] = r;
    simt_reset();
    simt_set_lazy(true);
    simt_set_graph_order(s.order);
    assert_ok(cam_backend_cuda_open(&(cam_cuda_options){0}, &backend));
    cam_backend_calls calls = *backend->calls;
    if (s.one_queue) {
        calls.side_begin = NULL;
        calls.side_mark = calls.side_wait = NULL;
        calls.side_end = NULL;
    }
    if (s.eager)
        calls.capture_begin = NULL;
    backend->calls = &calls;
    assert_ok(cam_trainer_open(&trainer, backend, options));
    assert_int_equal(simt_calls_of("cudaStreamWaitEvent"), 0);
    simt_skip_wait(s.skipped);
    o.status = run_steps(&trainer, &s, &o);
    if (o.status == CAM_OK)
        o.status = cam_trainer_logits(&trainer, list, SCORED, o.logits);
    simt_skip_wait(0);
    if (o.status == CAM_OK)
        o.status = keep_planes(&trainer, &o);
    o.captures = simt_calls_of("cudaGraphInstantiate") > 0;
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    return o;
}

/* NULL where they are equal. */
static const char *difference(const outcome *a, const outcome *b) {
    static const char *const names[CAM_PLANES] = {"weights", "low halves", "gradients", "first moments",
                                                  "second moments"};
    if (a->status != b->status)
        return cam_status_name(b->status);
    for (int step = 0; step < STEPS; step++) {
        const cam_step_report *x = &a->reports[step], *y = &b->reports[step];
        if (memcmp(&x->loss, &y->loss, sizeof x->loss) != 0)
            return "losses";
        if (memcmp(&x->grad_norm, &y->grad_norm, sizeof x->grad_norm) != 0)
            return "gradient norms";
        if (x->step != y->step || x->applied != y->applied || x->learning_rate != y->learning_rate ||
            x->epoch != y->epoch || x->tokens != y->tokens || x->rows != y->rows || x->requests != y->requests)
            return "reports";
    }
    for (int p = 0; p < CAM_PLANES; p++)
        if (a->bytes[p] != b->bytes[p] || (a->bytes[p] && memcmp(a->planes[p], b->planes[p], a->bytes[p]) != 0))
            return names[p];
    return memcmp(a->logits, b->logits, sizeof a->logits) == 0 ? NULL : "logits";
}

/* --- equal bits -------------------------------------------------------------------------------------------------- */

static const simt_graph_order orders[] = {SIMT_LATE, SIMT_EARLY, SIMT_SHUFFLED};
enum { ORDERS = sizeof orders / sizeof *orders };

static cam_model_config model;

/* Six layers, so that buffers are used again, and batches of one shape, which are captured. */
static cam_trainer_options small_case(golden_case *c) {
    fixture_case("trainer", c);
    model = *fixture_config();
    model.hidden_dropout_prob = 0.1;
    model.attention_probs_dropout_prob = 0.2;
    model.num_hidden_layers = 6;
    cam_trainer_options o = c->options;
    o.config = o.source.config = &model;
    o.source.weights = NULL;
    o.seed = 11;
    o.learning_rate = 1e-3;
    o.adamw.max_grad_norm = 0.5f;
    o.rates.weight_decay = 0.1;
    o.warmup_steps = 0;
    o.train_count = 12;
    o.plan = (cam_plan_settings){.batch_rows = 4, .accumulation = 1, .max_updates = STEPS};
    return o;
}

/* Without a step that is not finite `nan_before` is 0. */
static void assert_same_bits_with(const cam_trainer_options *o, int nan_before) {
    outcome one = run(o, (setting){.one_queue = 1, .nan_before = nan_before});
    assert_ok(one.status);
    assert_true(one.captures);
    for (int step = 0; step < STEPS; step++)
        assert_int_equal(one.reports[step].applied, step + 1 != nan_before);
    for (int i = 0; i < ORDERS; i++) {
        outcome two = run(o, (setting){.order = orders[i], .nan_before = nan_before});
        assert_ok(two.status);
        assert_true(two.captures);
        const char *what = difference(&one, &two);
        if (what)
            fail_msg("order %d: other %s than with one queue", (int)orders[i], what);
        outcome_release(&two);
    }
    outcome_release(&one);
}

static void assert_same_bits(const cam_trainer_options *o) {
    assert_same_bits_with(o, 0);
}

static void test_f32(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    assert_same_bits(&o);
}

static void test_mixed_precision(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    model.hidden_size = 128;
    model.intermediate_size = 256;
    model.num_hidden_layers = 5;
    o.bf16 = 1;
    assert_same_bits(&o);
}

static void test_accumulation(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    o.plan.batch_rows = 2;
    o.plan.accumulation = 2;
    assert_same_bits(&o);
}

static void test_frozen_parts(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    const int depths[] = {1, 3, model.num_hidden_layers, model.num_hidden_layers + 1};
    for (int i = 0; i < 4; i++) {
        o.rates.frozen_depth = depths[i];
        assert_same_bits(&o);
    }
}

static void test_gradient_checkpointing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    o.gradient_checkpointing = 1;
    assert_same_bits(&o);
}

static void test_without_clipping(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    o.adamw.max_grad_norm = 0;
    assert_same_bits(&o);
}

static void test_skipped_steps(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    o.skip_nonfinite = 1;
    assert_same_bits_with(&o, 2);
    assert_same_bits_with(&o, STEPS - 1);
}

/* An update that is still to come belongs to the weights before a load, not to those that are loaded. */
static void test_a_load_comes_after_the_update(void **state) {
    (void)state;
    static const int32_t list[SCORED] = {0, 1, 2, 3, 4, 5, 6, 7};
    float saved[SCORED * FIXTURE_LABELS], loaded[SCORED * FIXTURE_LABELS];
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_backend *backend = NULL;
    cam_trainer_options o = small_case(&c);
    simt_reset();
    assert_ok(cam_backend_cuda_open(&(cam_cuda_options){0}, &backend));
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    assert_ok(cam_trainer_step_now(&trainer, &report));
    const char *path = fixture_temporary("model.safetensors");
    assert_ok(cam_trainer_save(&trainer, path));
    assert_ok(cam_trainer_logits(&trainer, list, SCORED, saved));
    assert_ok(cam_trainer_step_now(&trainer, &report));
    char *folder = strdup(path);
    assert_non_null(folder);
    *strrchr(folder, '/') = '\0';
    assert_ok(cam_trainer_reload(&trainer, folder));
    assert_ok(cam_trainer_logits(&trainer, list, SCORED, loaded));
    assert_memory_equal(loaded, saved, sizeof saved);
    free(folder);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* --- what the waits are for -------------------------------------------------------------------------------------- */

/* Whether some order shows that this wait is missing. */
static int is_noticed(const cam_trainer_options *o, const outcome *right, setting s) {
    for (int i = 0; i < ORDERS; i++) {
        s.order = orders[i];
        outcome wrong = run(o, s);
        int differs = difference(right, &wrong) != NULL;
        outcome_release(&wrong);
        if (differs)
            return 1;
    }
    return 0;
}

/* Skips the waits of the second step one by one: every fourth of them, or with CAM_WAITS in the environment all. Captured, or
 * eager. */
static void skip_waits(int eager) {
    golden_case c;
    enum { RUN = 3 };
    long waits[RUN + 1] = {0};
    int not_needed = 0, stride = getenv("CAM_WAITS") ? 1 : 4;
    cam_trainer_options o = small_case(&c);
    static const int32_t rows[] = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}; /* one shape: the second step is captured */
    o.train = rows;
    setting s = {.eager = eager, .order = SIMT_LATE, .steps = RUN, .waits = waits};
    outcome right = run(&o, s);
    s.waits = NULL;
    assert_ok(right.status);
    assert_int_equal(right.captures, !eager);
    assert_true(waits[2] - waits[1] > 5 * model.num_hidden_layers);
    for (s.skipped = (int)waits[1] + 1; s.skipped <= (int)waits[2]; s.skipped += stride)
        if (!is_noticed(&o, &right, s)) {
            print_message("wait %ld of %ld is not needed\n", s.skipped - waits[1], waits[2] - waits[1]);
            not_needed++;
        }
    assert_int_equal(not_needed, 0);
    outcome_release(&right);
}

static void test_every_wait_of_a_graph_is_needed(void **state) {
    (void)state;
    skip_waits(0);
}

static void test_every_wait_of_an_eager_step_is_needed(void **state) {
    (void)state;
    skip_waits(1);
}

static int release(void **state) {
    (void)state;
    fixture_release();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_mixed_precision),
        cmocka_unit_test(test_accumulation),
        cmocka_unit_test(test_frozen_parts),
        cmocka_unit_test(test_gradient_checkpointing),
        cmocka_unit_test(test_without_clipping),
        cmocka_unit_test(test_skipped_steps),
        cmocka_unit_test(test_a_load_comes_after_the_update),
        cmocka_unit_test(test_every_wait_of_a_graph_is_needed),
        cmocka_unit_test(test_every_wait_of_an_eager_step_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
