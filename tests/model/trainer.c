/* trainer.c: properties of the trainer that do not depend on the values:
 *   - the same bits on any number of threads, with a compacted vocabulary, and after save and reload;
 *   - equal gradients with gradient checkpointing and with accumulation;
 *   - a student that learns from a teacher, likewise, and the memory of the teacher's answers;
 *   - dropout that depends on data row ids, not on places in the batch;
 *   - no allocation in a step;
 *   - a step that is not finite changes nothing;
 *   - an out-of-memory message that names a batch that fits.
 */
#include "assert_ok.h"
#include "counted_allocations.h"
#include "files.h"
#include "fixture.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------------------------- */

static cam_model_config with_dropout;

static void use_dropout(golden_case *c) {
    with_dropout = *fixture_config();
    with_dropout.hidden_dropout_prob = 0.1;
    with_dropout.attention_probs_dropout_prob = 0.2;
    c->options.config = c->options.source.config = &with_dropout;
    c->options.seed = 7;
}

/* Runs `steps` steps and leaves the trainer open; the losses go to `losses` where not NULL. */
static void run_steps(cam_trainer *trainer, cam_backend *backend, const golden_case *c, int steps, double *losses) {
    assert_ok(cam_trainer_open(trainer, backend, &c->options));
    for (int step = 0; step < steps; step++) {
        cam_step_report report;
        assert_ok(cam_trainer_step_now(trainer, &report));
        if (losses)
            losses[step] = report.loss;
    }
}

static const float *gradients(const cam_trainer *trainer, size_t *bytes) {
    cam_tensor grad = cam_parameters_trained(&trainer->params, CAM_GRADIENT);
    *bytes = cam_tensor_bytes(grad);
    return grad.data;
}

/* The saved file of a run of `steps` steps. */
static void saved_bytes(const golden_case *c, int threads, int steps, cam_strbuf *out) {
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(threads);
    const char *path = fixture_temporary("model.safetensors");
    run_steps(&trainer, backend, c, steps, NULL);
    assert_ok(cam_trainer_save(&trainer, path));
    assert_ok(cam_file_read(path, 1 << 24, CAM_E_MODEL, out));
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void assert_same_file(const golden_case *a, int threads_a, const golden_case *b, int threads_b, int steps) {
    cam_strbuf x = CAM_STRBUF_INIT, y = CAM_STRBUF_INIT;
    saved_bytes(a, threads_a, steps, &x);
    saved_bytes(b, threads_b, steps, &y);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.text, y.text, x.length);
    cam_strbuf_release(&x);
    cam_strbuf_release(&y);
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

static void test_threads_give_the_same_bits(void **state) {
    (void)state;
    golden_case c;
    fixture_case("trainer", &c);
    use_dropout(&c);
    c.options.sampling = CAM_SAMPLING_RANDOM;
    assert_same_file(&c, 1, &c, 2, 20);
}

/* `dense` has further rows that use every id and are not trained on, so that the whole vocabulary is kept. */
static void test_compacted_vocabulary_equals_dense(void **state) {
    (void)state;
    golden_case c, dense;
    fixture_case("trainer", &c);
    dense = c;
    const cam_token_rows *rows = c.options.tokens;
    int64_t total = rows->offsets[rows->rows], extra = 5, each = 32;
    cam_token_rows all = {.ids = calloc((size_t)(total + extra * each), sizeof(int32_t)),
                          .offsets = calloc((size_t)(rows->rows + extra + 1), sizeof(int64_t)),
                          .rows = rows->rows + extra};
    memcpy(all.ids, rows->ids, (size_t)total * sizeof(int32_t));
    memcpy(all.offsets, rows->offsets, (size_t)(rows->rows + 1) * sizeof(int64_t));
    for (int64_t i = 0; i < extra * each; i++)
        all.ids[total + i] = (int32_t)(i % fixture_config()->vocab_size);
    for (int64_t r = 0; r < extra; r++)
        all.offsets[rows->rows + r + 1] = total + (r + 1) * each;
    int32_t *labels = calloc((size_t)all.rows, sizeof *labels);
    memcpy(labels, c.options.labels, (size_t)rows->rows * sizeof *labels);
    dense.options.tokens = &all;
    dense.options.labels = labels;

    cam_trainer trainer;
    cam_backend *backend = fixture_backend(1);
    run_steps(&trainer, backend, &c, 0, NULL);
    assert_true(trainer.params.word_rows < fixture_config()->vocab_size);
    cam_trainer_close(&trainer);
    run_steps(&trainer, backend, &dense, 0, NULL);
    assert_int_equal(trainer.params.word_rows, fixture_config()->vocab_size);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);

    assert_same_file(&c, 1, &dense, 1, FIXTURE_STEPS);
    free(all.ids);
    free(all.offsets);
    free(labels);
}

/* A student has the same bits on any number of threads and with recomputed activations. */
static void test_student(void **state) {
    (void)state;
    golden_case c, checkpointing;
    fixture_distilled_case("distill_hidden", &c);
    with_dropout = *c.options.config;
    with_dropout.hidden_dropout_prob = 0.1;
    c.options.config = c.options.source.config = &with_dropout;
    c.options.seed = 7;
    checkpointing = c;
    checkpointing.options.gradient_checkpointing = 1;
    assert_same_file(&c, 1, &checkpointing, 2, 20);
}

/* A frozen encoder's features are computed once; the head and the map learn from them. */
static void test_student_with_frozen_encoder(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    double losses[FIXTURE_STEPS];
    cam_backend *backend = fixture_backend(0);
    fixture_distilled_case("distill_only_hidden", &c);
    c.options.rates.frozen_depth = c.options.config->num_hidden_layers + 1;
    c.options.learning_rate = 1e-2;
    run_steps(&trainer, backend, &c, FIXTURE_STEPS, losses);
    assert_true(losses[39] < 0.9 * losses[3]); /* the same rows, six epochs later */
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* What is planned for a student is what it takes: the answers of its teacher count. */
static void test_student_memory(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_memory_need need = {0}, alone = {0};
    cam_backend *backend = fixture_backend(0);
    fixture_distilled_case("distill_hidden", &c);
    assert_ok(cam_trainer_plan_memory(&c.options, backend, &need));
    run_steps(&trainer, backend, &c, 0, NULL);
    assert_true(cam_trainer_memory(&trainer).activations <= need.activations);
    cam_trainer_close(&trainer);
    c.options.teacher = (cam_teacher){0};
    c.options.rates.hidden_map = 0;
    assert_ok(cam_trainer_plan_memory(&c.options, backend, &alone));
    size_t answers = (size_t)c.options.tokens->rows * (FIXTURE_LABELS + 32) * sizeof(float);
    assert_true(need.activations >= alone.activations + answers);
    assert_true(need.parameters > alone.parameters);
    fixture_distilled_masked_case("distill_masked", &c);
    assert_ok(cam_trainer_plan_memory(&c.options, backend, &need));
    run_steps(&trainer, backend, &c, 1, NULL);
    assert_int_equal(cam_trainer_memory(&trainer).parameters, need.parameters);
    assert_true(cam_trainer_memory(&trainer).activations <= need.activations);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_gradient_checkpointing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer plain, checkpointing;
    size_t bytes, same;
    cam_backend *backend = fixture_backend(0);
    fixture_case("trainer", &c);
    use_dropout(&c);
    run_steps(&plain, backend, &c, 3, NULL);
    c.options.gradient_checkpointing = 1;
    run_steps(&checkpointing, backend, &c, 3, NULL);
    const float *a = gradients(&plain, &bytes), *b = gradients(&checkpointing, &same);
    assert_int_equal(bytes, same);
    assert_memory_equal(a, b, bytes);
    assert_true(cam_trainer_memory(&checkpointing).activations < cam_trainer_memory(&plain).activations);
    cam_trainer_close(&plain);
    cam_trainer_close(&checkpointing);
    cam_backend_close(backend);
}

/* max |a - b| over the gradients, relative to the largest. */
static double gradient_distance(const cam_trainer *x, const cam_trainer *y) {
    size_t bytes, same;
    const float *a = gradients(x, &bytes), *b = gradients(y, &same);
    double worst = 0, largest = 0;
    assert_int_equal(bytes, same);
    for (size_t i = 0; i < bytes / sizeof *a; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        largest = fmax(largest, fabs((double)a[i]));
    }
    return worst / largest;
}

static void test_accumulation_equals_one_batch(void **state) {
    (void)state;
    golden_case c;
    cam_trainer whole, parts;
    double loss_whole, loss_parts;
    cam_backend *backend = fixture_backend(0);
    fixture_case("class_weights", &c);
    use_dropout(&c);
    c.options.plan.batch_rows = 20;
    run_steps(&whole, backend, &c, 1, &loss_whole);
    c.options.plan.batch_rows = 6; /* 6 + 6 + 6 + 2 */
    c.options.plan.accumulation = 4;
    c.options.train_count = 20;
    run_steps(&parts, backend, &c, 1, &loss_parts);
    assert_true(fabs(loss_whole - loss_parts) < 1e-6);
    assert_true(gradient_distance(&whole, &parts) < 1e-5);
    cam_trainer_close(&whole);
    cam_trainer_close(&parts);
    cam_backend_close(backend);
}

/* The same rows in another order give the same gradients: dropout masks depend on data row ids. */
static void test_dropout_depends_on_data_rows(void **state) {
    (void)state;
    golden_case c;
    cam_trainer forward, backward;
    double loss_forward, loss_backward;
    int32_t reversed[16];
    cam_backend *backend = fixture_backend(0);
    fixture_case("script", &c);
    use_dropout(&c);
    c.options.plan.batch_rows = 16;
    c.options.train_count = 16;
    run_steps(&forward, backend, &c, 1, &loss_forward);
    for (int r = 0; r < 16; r++)
        reversed[r] = c.options.train[15 - r];
    c.options.train = reversed;
    run_steps(&backward, backend, &c, 1, &loss_backward);
    assert_true(fabs(loss_forward - loss_backward) < 1e-6);
    assert_true(gradient_distance(&forward, &backward) < 1e-5);
    cam_trainer_close(&backward);
    c.options.seed = 8; /* another seed gives other masks */
    run_steps(&backward, backend, &c, 1, &loss_backward);
    assert_true(fabs(loss_forward - loss_backward) > 1e-4);
    cam_trainer_close(&forward);
    cam_trainer_close(&backward);
    cam_backend_close(backend);
}

static void test_features_are_computed_once(void **state) {
    (void)state;
    golden_case c;
    cam_trainer kept, again;
    double loss_kept[20], loss_again[20];
    cam_backend *backend = fixture_backend(0);
    fixture_case("frozen", &c);
    run_steps(&kept, backend, &c, 20, loss_kept);
    assert_non_null(kept.features.data);
    c.options.frozen_dropout = 1; /* with probability 0 here: the encoder runs in every step, with the same result */
    run_steps(&again, backend, &c, 20, loss_again);
    assert_null(again.features.data);
    for (int i = 0; i < 20; i++)
        assert_true(fabs(loss_kept[i] - loss_again[i]) < 2e-6);
    assert_null(cam_parameters_view(&kept.params, CAM_WORD, CAM_GRADIENT).data);
    assert_int_equal(cam_parameters_trained(&kept.params, CAM_MOMENT1).shape[0],
                     kept.params.elements - kept.params.trained_begin);
    cam_trainer_close(&kept);
    cam_trainer_close(&again);
    cam_backend_close(backend);
}

/* Backward does not run through frozen parts: the operators' timers count none of theirs. */
static void test_frozen_parts_cost_no_backward_work(void **state) {
    (void)state;
    static const int depths[] = {0, 1, 2, 4}; /* frozen: nothing; embeddings; and one layer; the encoder */
    for (int i = 0; i < 4; i++) {
        golden_case c;
        cam_trainer trainer;
        cam_step_report report;
        double seconds[CAM_OP_COUNT] = {0};
        cam_backend *backend = fixture_backend(0);
        fixture_case("script", &c);
        c.options.rates.frozen_depth = depths[i];
        run_steps(&trainer, backend, &c, 0, NULL);
        backend->op_seconds = seconds;
        assert_ok(cam_trainer_step_now(&trainer, &report));
        assert_true((seconds[CAM_OP_embedding_bwd] > 0) == (depths[i] == 0));
        assert_true((seconds[CAM_OP_attention_bwd] > 0) == (depths[i] < 4));
        assert_true((seconds[CAM_OP_embedding_fwd] > 0) ==
                    (depths[i] < 4)); /* with a frozen encoder, features are computed once */
        assert_true(seconds[CAM_OP_linear_bwd_weight] > 0);
        cam_tensor below = cam_parameters_view(&trainer.params, CAM_EMBEDDING_BETA, CAM_GRADIENT);
        assert_true((below.data != NULL) == (depths[i] == 0));
        int64_t moments = cam_parameters_trained(&trainer.params, CAM_MOMENT2).shape[0];
        assert_true((moments == trainer.params.elements) == (depths[i] == 0));
        backend->op_seconds = NULL;
        cam_trainer_close(&trainer);
        cam_backend_close(backend);
    }
}

static void test_a_step_allocates_nothing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_backend *backend = fixture_backend(2);
    fixture_case("accumulation", &c);
    use_dropout(&c);
    c.options.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    long before_open = allocations;
    run_steps(&trainer, backend, &c, 1, NULL);
    assert_true(allocations > before_open); /* the wrappers work */
    long before = allocations;
    for (int step = 0; step < 12; step++) /* beyond the end of an epoch */
        assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_int_equal(allocations, before);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_a_step_that_is_not_finite_changes_nothing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_backend *backend = fixture_backend(0);
    fixture_case("trainer", &c);
    for (int skip = 0; skip < 2; skip++) {
        c.options.skip_nonfinite = skip;
        run_steps(&trainer, backend, &c, 3, NULL);
        cam_tensor planes[3] = {cam_parameters_trained(&trainer.params, CAM_WEIGHT),
                                cam_parameters_trained(&trainer.params, CAM_MOMENT1),
                                cam_parameters_trained(&trainer.params, CAM_MOMENT2)};
        float *bias =
            cam_parameters_view(&trainer.params, cam_parameter_of_layer(&trainer.params, 1, CAM_UP_B), CAM_WEIGHT).data;
        bias[0] = NAN;
        void *before[3];
        for (int p = 0; p < 3; p++) {
            before[p] = malloc(cam_tensor_bytes(planes[p]));
            memcpy(before[p], planes[p].data, cam_tensor_bytes(planes[p]));
        }
        cam_status st = cam_trainer_step_now(&trainer, &report);
        assert_int_equal(st, skip ? CAM_OK : CAM_E_DIVERGED);
        assert_false(report.applied);
        for (int p = 0; p < 3; p++) {
            assert_memory_equal(before[p], planes[p].data, cam_tensor_bytes(planes[p]));
            free(before[p]);
        }
        bias[0] = 0;
        st = cam_trainer_step_now(&trainer, &report);
        /* with skip the run continues; without, no later step changes anything */
        assert_int_equal(st, skip ? CAM_OK : CAM_E_DIVERGED);
        assert_int_equal(report.applied, skip);
        assert_int_equal(trainer.updates_applied, 3 + skip);
        cam_trainer_close(&trainer);
    }
    cam_backend_close(backend);
}

/* The backend's operators, of which one plants NaN in what it has computed: in the loss alone, or in one gradient alone, as
 * hardware or an operator that is wrong would. */
static const cam_ops_table *real_ops;
static int is_planting;

static cam_status plant_in_loss(cam_backend *backend, const cam_loss_args *args) {
    cam_status st = real_ops->loss(backend, args);
    if (is_planting)
        args->state->loss = NAN;
    return st;
}

static cam_status plant_in_gradient(cam_backend *backend, const cam_linear_bwd_weight_args *args) {
    cam_status st = real_ops->linear_bwd_weight(backend, args);
    if (is_planting)
        ((float *)args->dw.data)[3] = NAN;
    return st;
}

static void copy_planes(const cam_trainer *trainer, void *copies[3]) {
    static const cam_plane which[3] = {CAM_WEIGHT, CAM_MOMENT1, CAM_MOMENT2};
    for (int p = 0; p < 3; p++) {
        cam_tensor plane = cam_parameters_trained(&trainer->params, which[p]);
        copies[p] = malloc(cam_tensor_bytes(plane));
        assert_non_null(copies[p]);
        memcpy(copies[p], plane.data, cam_tensor_bytes(plane));
    }
}

static void assert_planes_are(const cam_trainer *trainer, void *copies[3]) {
    static const cam_plane which[3] = {CAM_WEIGHT, CAM_MOMENT1, CAM_MOMENT2};
    for (int p = 0; p < 3; p++) {
        cam_tensor plane = cam_parameters_trained(&trainer->params, which[p]);
        assert_memory_equal(copies[p], plane.data, cam_tensor_bytes(plane));
        free(copies[p]);
    }
}

static void test_nan_in_the_loss_or_a_gradient_alone(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_backend *backend = fixture_backend(0);
    real_ops = backend->ops;
    fixture_case("trainer", &c);
    for (int where = 0; where < 2; where++)
        for (int skip = 0; skip < 2; skip++) {
            void *before[3];
            cam_ops_table ops = *real_ops;
            if (where == 0)
                ops.loss = plant_in_loss;
            else
                ops.linear_bwd_weight = plant_in_gradient;
            backend->ops = &ops;
            c.options.skip_nonfinite = skip;
            run_steps(&trainer, backend, &c, 3, NULL);
            copy_planes(&trainer, before);
            is_planting = 1;
            cam_status st = cam_trainer_step_now(&trainer, &report);
            is_planting = 0;
            assert_int_equal(st, skip ? CAM_OK : CAM_E_DIVERGED);
            assert_false(report.applied);
            assert_true(where == 0 ? isnan(report.loss) : isfinite(report.loss));
            assert_planes_are(&trainer, before);
            assert_int_equal(trainer.updates_applied, 3);
            cam_trainer_close(&trainer);
            backend->ops = real_ops;
        }
    cam_backend_close(backend);
}

static void test_reload_gives_the_same_logits(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    float before[64 * FIXTURE_LABELS], after[64 * FIXTURE_LABELS];
    cam_backend *backend = fixture_backend(0);
    fixture_case("trainer", &c);
    run_steps(&trainer, backend, &c, 20, NULL);
    int64_t n = c.options.train_count;
    assert_ok(cam_trainer_logits(&trainer, c.options.train, n, before));
    char folder[512];
    strcpy(folder, fixture_temporary("model.safetensors"));
    assert_ok(cam_trainer_save(&trainer, folder));
    cam_step_report report;
    assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_ok(cam_trainer_logits(&trainer, c.options.train, n, after));
    assert_memory_not_equal(before, after, (size_t)n * FIXTURE_LABELS * sizeof *before);
    *strrchr(folder, '/') = '\0';
    assert_ok(cam_trainer_reload(&trainer, folder));
    assert_ok(cam_trainer_logits(&trainer, c.options.train, n, after));
    assert_memory_equal(before, after, (size_t)n * FIXTURE_LABELS * sizeof *before);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* A device with only `memory_left` bytes available. */
static size_t memory_left;
static size_t little_available(cam_backend *backend) {
    (void)backend;
    return memory_left;
}

static void test_out_of_memory_names_what_fits(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(0);
    const cam_backend_calls *real_calls = backend->calls;
    cam_backend_calls calls = *real_calls;
    calls.available = little_available;
    fixture_case("trainer", &c);
    c.options.plan.batch_rows = 48;
    run_steps(&trainer, backend, &c, 0, NULL);
    cam_memory_need need = cam_trainer_memory(&trainer);
    cam_trainer_close(&trainer);

    backend->calls = &calls;
    memory_left = need.activations * 7 / 10;
    assert_true(memory_left > need.parameters); /* these are allocated first */
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_MEMORY);
    assert_non_null(strstr(cam_status_message(), "per_device_train_batch_size=24 needs"));
    c.options.plan.batch_rows = 24; /* it does fit */
    run_steps(&trainer, backend, &c, 1, NULL);
    cam_trainer_close(&trainer);
    memory_left = need.parameters - 1;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_MEMORY);
    assert_non_null(strstr(cam_status_message(), "freeze=encoder"));
    backend->calls = real_calls;
    cam_backend_close(backend);
}

static int release(void **state) {
    (void)state;
    fixture_release();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_compacted_vocabulary_equals_dense),
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_student_with_frozen_encoder),
        cmocka_unit_test(test_student_memory),
        cmocka_unit_test(test_gradient_checkpointing),
        cmocka_unit_test(test_accumulation_equals_one_batch),
        cmocka_unit_test(test_dropout_depends_on_data_rows),
        cmocka_unit_test(test_features_are_computed_once),
        cmocka_unit_test(test_frozen_parts_cost_no_backward_work),
        cmocka_unit_test(test_a_step_allocates_nothing),
        cmocka_unit_test(test_a_step_that_is_not_finite_changes_nothing),
        cmocka_unit_test(test_nan_in_the_loss_or_a_gradient_alone),
        cmocka_unit_test(test_reload_gives_the_same_logits),
        cmocka_unit_test(test_out_of_memory_names_what_fits),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
