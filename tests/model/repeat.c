/* repeat.c: a repetition has the bits of a trainer that was opened for its rows and seed alone: every report, the weights
 * and moments at the end, the logits of other rows and the saved file; whatever was trained before, and however far.
 */
#include "assert_ok.h"
#include "counted_allocations.h"
#include "files.h"
#include "fixture.h"
#include <stdlib.h>
#include <string.h>

enum { REPETITIONS = 4, STEPS = 12, HELD_OUT = 9 };

static golden_case golden;
static cam_model_config model;
static int32_t rows[REPETITIONS][64];
static float weights[REPETITIONS][FIXTURE_LABELS];

/* What is compared. */
typedef struct outcome {
    cam_step_report reports[STEPS];
    int64_t steps;
    cam_strbuf planes[3];
    float logits[HELD_OUT * FIXTURE_LABELS];
    cam_strbuf file;
} outcome;

static void release_outcome(outcome *o) {
    for (int p = 0; p < 3; p++)
        cam_strbuf_release(&o->planes[p]);
    cam_strbuf_release(&o->file);
    *o = (outcome){0};
}

/* Lists of rows of different lengths: some repetitions have fewer steps in an epoch, and shorter longest texts. */
static cam_trainer_options options(const char *name, cam_repetition repetitions[REPETITIONS]) {
    fixture_case(name, &golden);
    model = *fixture_config();
    model.hidden_dropout_prob = 0.1;
    model.attention_probs_dropout_prob = 0.2;
    cam_trainer_options o = golden.options;
    o.config = o.source.config = &model;
    o.learning_rate = 1e-3;
    o.rates.weight_decay = 0.1;
    o.warmup_steps = 2;
    o.schedule = CAM_SCHEDULE_LINEAR;
    o.sampling = CAM_SAMPLING_RANDOM;
    o.plan = (cam_plan_settings){.batch_rows = 8, .accumulation = 1, .epochs = 2};
    for (int i = 0; i < REPETITIONS; i++) {
        int64_t count = 0;
        for (int32_t r = 0; r < 40; r++)
            if (r % REPETITIONS != i && (i != 2 || r < 6))
                rows[i][count++] = r;
        repetitions[i] = (cam_repetition){.train = rows[i], .train_count = count, .seed = (uint64_t)(7 + i / 2)};
        for (int k = 0; o.class_weights && k < FIXTURE_LABELS; k++)
            weights[i][k] = 0.5f + (float)((k + i) % 3);
        repetitions[i].class_weights = o.class_weights ? weights[i] : NULL;
    }
    return o;
}

/* Trains to the end, or until `steps` steps are made. */
static void train(cam_trainer *trainer, int64_t steps, outcome *o) {
    static const cam_plane planes[3] = {CAM_WEIGHT, CAM_MOMENT1, CAM_MOMENT2};
    static const int32_t held_out[HELD_OUT] = {47, 1, 2, 3, 41, 42, 0, 5, 46};
    const char *path = fixture_temporary("model.safetensors");
    while (!cam_trainer_is_done(trainer) && o->steps < steps) {
        cam_step_report *report = &o->reports[o->steps++];
        assert_ok(cam_trainer_step_now(trainer, report));
        report->time_s = 0;
    }
    assert_ok(cam_trainer_logits(trainer, held_out, HELD_OUT, o->logits));
    for (int p = 0; p < 3; p++) {
        size_t bytes = trainer->params.bytes[planes[p]];
        cam_strbuf_resize(&o->planes[p], bytes);
        assert_ok(cam_backend_copy(trainer->backend, o->planes[p].text, trainer->params.plane[planes[p]], bytes,
                                   CAM_FROM_DEVICE));
        assert_ok(cam_backend_synchronize(trainer->backend));
    }
    assert_ok(cam_trainer_save(trainer, path));
    assert_ok(cam_file_read(path, 1 << 24, CAM_E_MODEL, &o->file));
}

static void assert_same(const outcome *a, const outcome *b) {
    assert_int_equal(a->steps, b->steps);
    assert_memory_equal(a->reports, b->reports, sizeof a->reports);
    assert_memory_equal(a->logits, b->logits, sizeof a->logits);
    for (int p = 0; p < 3; p++) {
        assert_int_equal(a->planes[p].length, b->planes[p].length);
        assert_memory_equal(a->planes[p].text, b->planes[p].text, a->planes[p].length);
    }
    assert_int_equal(a->file.length, b->file.length);
    assert_memory_equal(a->file.text, b->file.text, a->file.length);
}

static void train_alone(const cam_trainer_options *of, const cam_repetition *r, outcome *o) {
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(2);
    cam_trainer_options alone = *of;
    alone.train = r->train;
    alone.train_count = r->train_count;
    alone.seed = alone.source.seed = r->seed;
    alone.class_weights = r->class_weights;
    assert_ok(cam_trainer_open(&trainer, backend, &alone));
    train(&trainer, STEPS, o);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* Repetitions in an order of its own; one before the last is left after a step. */
static void check_repetitions(cam_trainer_options *o, cam_repetition repetitions[REPETITIONS]) {
    static const int order[] = {2, 1, 0, 0, 3, 1, 2};
    outcome alone[REPETITIONS] = {0};
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(2);
    for (int i = 0; i < REPETITIONS; i++)
        train_alone(o, &repetitions[i], &alone[i]);
    assert_true(memcmp(alone[0].logits, alone[1].logits, sizeof alone[0].logits) != 0);
    o->repetitions = repetitions;
    o->repetition_count = REPETITIONS;
    assert_ok(cam_trainer_open(&trainer, backend, o));
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        outcome again = {0};
        assert_ok(cam_trainer_repeat(&trainer, order[i]));
        for (int slot = 0; slot < CAM_REPORTS; slot++) /* an old record would be taken for that of a step to come */
            assert_int_equal(trainer.ring[slot].sequence, 0);
        train(&trainer, i == 4 ? 1 : STEPS, &again);
        if (i != 4)
            assert_same(&again, &alone[order[i]]);
        release_outcome(&again);
    }
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    for (int i = 0; i < REPETITIONS; i++)
        release_outcome(&alone[i]);
}

static void test_all_is_trained(void **state) {
    (void)state;
    cam_repetition repetitions[REPETITIONS];
    cam_trainer_options o = options("trainer", repetitions);
    check_repetitions(&o, repetitions);
}

static void test_fresh_head_and_class_weights(void **state) {
    (void)state;
    cam_repetition repetitions[REPETITIONS];
    cam_trainer_options o = options("class_weights", repetitions);
    o.source.keep_head = 0;
    o.plan.accumulation = 2;
    o.plan.batch_rows = 4;
    check_repetitions(&o, repetitions);
}

static void test_frozen(void **state) {
    (void)state;
    for (int depth = 1; depth < 5; depth++)
        for (int dropout = 0; dropout < 2; dropout++) {
            cam_repetition repetitions[REPETITIONS];
            cam_trainer_options o = options("trainer", repetitions);
            o.source.keep_head = 0;
            o.rates.frozen_depth = depth;
            o.frozen_dropout = dropout;
            check_repetitions(&o, repetitions);
        }
}

static void test_random_weights(void **state) {
    (void)state;
    for (int frozen = 0; frozen < 2; frozen++) {
        cam_repetition repetitions[REPETITIONS];
        cam_trainer_options o = options("trainer", repetitions);
        o.source.weights = NULL;
        o.rates.frozen_depth = frozen ? model.num_hidden_layers + 1 : 0;
        check_repetitions(&o, repetitions);
    }
}

static void test_bf16(void **state) {
    (void)state;
    cam_repetition repetitions[REPETITIONS];
    cam_backend *backend = fixture_backend(2);
    int has_bf16 = backend->bf16;
    cam_backend_close(backend);
    if (!has_bf16)
        skip();
    cam_trainer_options o = options("trainer", repetitions);
    o.bf16 = 1;
    o.rates.frozen_depth = 2;
    check_repetitions(&o, repetitions);
}

static void test_grouped_by_length(void **state) {
    (void)state;
    cam_repetition repetitions[REPETITIONS];
    cam_trainer_options o = options("trainer", repetitions);
    o.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    o.gradient_checkpointing = 1;
    check_repetitions(&o, repetitions);
}

/* What is in the way of a step that allocates nothing is allocated by open. */
static void test_a_step_of_a_repetition_allocates_nothing(void **state) {
    (void)state;
    cam_repetition repetitions[REPETITIONS];
    cam_step_report report;
    cam_trainer trainer;
    cam_trainer_options o = options("trainer", repetitions);
    cam_backend *backend = fixture_backend(2);
    if (!backend->host_memory) { /* the simulated GPU allocates */
        cam_backend_close(backend);
        skip();
    }
    o.repetitions = repetitions;
    o.repetition_count = REPETITIONS;
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    for (int64_t i = 0; i < REPETITIONS; i++) {
        assert_ok(cam_trainer_repeat(&trainer, i));
        long before = allocations;
        while (!cam_trainer_is_done(&trainer))
            assert_ok(cam_trainer_step_now(&trainer, &report));
        assert_int_equal(allocations, before);
    }
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static int release(void **state) {
    (void)state;
    fixture_release();
    return 0;
}

/* With --device cuda the same tests run on this machine's GPU. */
int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--device") == 0)
        fixture_use_device(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_trained),
        cmocka_unit_test(test_fresh_head_and_class_weights),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_random_weights),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_grouped_by_length),
        cmocka_unit_test(test_a_step_of_a_repetition_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
