/* trainer_test.c: the whole trainer on the CUDA backend, on the simulated GPU, compared with the CPU backend: losses,
 * gradient norms and weights are equal to rounding, which is possible only with the same dropout masks. Mixed precision
 * agrees within the precision of bf16. Captured and eager steps, and two runs, have equal bits.
 */
#include "assert_ok.h"
#include "backend_cpu.h"
#include "backend_cuda.h"
#include "fixture.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 5 };

static cam_backend *open_cuda(void) {
    cam_backend *backend = NULL;
    assert_ok(cam_backend_cuda_open(&(cam_cuda_options){0}, &backend));
    return backend;
}

/* The results of a run: losses and norms, all weights as in the file, and logits of the first rows. */
enum { SCORED = 24 };
typedef struct outcome {
    double loss[STEPS], grad_norm[STEPS];
    int applied[STEPS];
    float logits[SCORED * FIXTURE_LABELS];
    float *weights;
    int64_t count;
} outcome;

static float *trained_values(const cam_trainer *trainer, int64_t *count) {
    const cam_parameters *params = &trainer->params;
    float *values = malloc((size_t)params->elements * sizeof *values);
    assert_non_null(values);
    *count = 0;
    for (int i = 0; i < params->count; i++) {
        cam_tensor weight = cam_parameters_view(params, i, CAM_WEIGHT), low = cam_parameters_view(params, i, CAM_LOW);
        int64_t n = cam_tensor_count(weight);
        float *at = values + *count;
        uint16_t *halves = malloc((size_t)n * 2 * sizeof *halves);
        if (weight.dtype == CAM_F32)
            assert_ok(cam_backend_copy(params->backend, at, weight.data, (size_t)n * sizeof(float), CAM_FROM_DEVICE));
        else
            assert_ok(cam_backend_copy(params->backend, halves, weight.data, (size_t)n * 2, CAM_FROM_DEVICE));
        if (low.data)
            assert_ok(cam_backend_copy(params->backend, halves + n, low.data, (size_t)n * 2, CAM_FROM_DEVICE));
        assert_ok(cam_backend_synchronize(params->backend));
        for (int64_t j = 0; weight.dtype != CAM_F32 && j < n; j++) {
            uint32_t u = ((uint32_t)halves[j] << 16) + (low.data ? (uint32_t)(int32_t)(int16_t)halves[n + j] : 0);
            memcpy(at + j, &u, sizeof u);
        }
        free(halves);
        *count += n;
    }
    return values;
}

/* The logits of the first rows; of a masked language model its scores on them. */
static void score(cam_trainer *trainer, float *logits) {
    static int32_t list[SCORED];
    cam_masked_scores scores;
    for (int32_t r = 0; r < SCORED; r++)
        list[r] = r;
    if (trainer->options.config->task == CAM_TASK_CLASSIFY) {
        assert_ok(cam_trainer_logits(trainer, list, SCORED, logits));
        return;
    }
    memset(logits, 0, SCORED * FIXTURE_LABELS * sizeof *logits);
    assert_ok(cam_trainer_masked_scores(trainer, list, SCORED, &scores));
    assert_true(scores.positions > 0);
    logits[0] = (float)(scores.loss_sum / (double)scores.positions);
    logits[1] = (float)scores.positions;
    logits[2] = (float)scores.correct;
}

static outcome run(cam_backend *backend, const cam_trainer_options *options) {
    outcome o = {0};
    cam_trainer trainer;
    assert_ok(cam_trainer_open(&trainer, backend, options));
    for (int step = 0; step < STEPS; step++)
        assert_ok(cam_trainer_step(&trainer));
    for (int step = 0; step < STEPS; step++) {
        cam_step_report report;
        int present = 0;
        assert_ok(cam_trainer_report(&trainer, 1, &report, &present));
        assert_true(present);
        assert_int_equal(report.step, step + 1);
        o.loss[step] = report.loss;
        o.grad_norm[step] = report.grad_norm;
        o.applied[step] = report.applied;
    }
    score(&trainer, o.logits);
    /* the second pass uses captured batches */
    float again[SCORED * FIXTURE_LABELS];
    for (int i = 0; i < 2; i++) {
        score(&trainer, again);
        assert_memory_equal(again, o.logits, sizeof again);
    }
    o.weights = trained_values(&trainer, &o.count);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    return o;
}

static void assert_near(const char *what, double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance * fmax(1, fabs(b))))
        fail_msg("%s: %.9g on CUDA, %.9g on the CPU", what, a, b);
}

/* Root mean square difference. */
static double distance(const outcome *a, const outcome *b) {
    double sum = 0;
    for (int64_t i = 0; i < a->count; i++)
        sum += ((double)a->weights[i] - b->weights[i]) * ((double)a->weights[i] - b->weights[i]);
    return sqrt(sum / (double)a->count);
}

static void assert_agree(const outcome *cuda, const outcome *cpu, double tolerance, double weights) {
    assert_int_equal(cuda->count, cpu->count);
    for (int step = 0; step < STEPS; step++) {
        assert_near("loss", cuda->loss[step], cpu->loss[step], tolerance);
        assert_near("gradient norm", cuda->grad_norm[step], cpu->grad_norm[step], 10 * tolerance);
        assert_int_equal(cuda->applied[step], cpu->applied[step]);
    }
    for (int i = 0; i < SCORED * FIXTURE_LABELS; i++)
        assert_near("logit", cuda->logits[i], cpu->logits[i], 10 * tolerance);
    double far = distance(cuda, cpu);
    if (!(far <= weights))
        fail_msg("weights are %.3g apart, more than %.3g", far, weights);
}

static void assert_same(const outcome *a, const outcome *b) {
    assert_memory_equal(a->loss, b->loss, sizeof a->loss);
    assert_memory_equal(a->grad_norm, b->grad_norm, sizeof a->grad_norm);
    assert_memory_equal(a->logits, b->logits, sizeof a->logits);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->weights, b->weights, (size_t)a->count * sizeof(float));
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

static cam_model_config model;

/* Few rows and short epochs, so that shapes recur and an epoch ends within STEPS. */
static cam_trainer_options small_case(golden_case *c) {
    fixture_case("trainer", c);
    model = *fixture_config();
    model.hidden_dropout_prob = 0.1;
    model.attention_probs_dropout_prob = 0.2;
    cam_trainer_options o = c->options;
    o.config = o.source.config = &model;
    o.seed = 11;
    o.learning_rate = 1e-3;
    o.adamw.eps = 1e-4; /* a key bias's gradient is pure rounding error; a small eps would make it a whole step */
    o.warmup_steps = 0;
    o.train_count = 18;
    o.sampling = CAM_SAMPLING_RANDOM;
    o.plan = (cam_plan_settings){.batch_rows = 8, .accumulation = 1, .max_updates = STEPS};
    return o;
}

/* Heads of 64 columns, for the tensor-core attention kernels; the weights are new. */
static cam_trainer_options wide_case(golden_case *c) {
    cam_trainer_options o = small_case(c);
    model.hidden_size = 128;
    model.intermediate_size = 256;
    model.num_attention_heads = 2;
    o.source.weights = NULL;
    return o;
}

/* A masked language model over whole words. */
static cam_trainer_options masked_case(golden_case *c, int wide) {
    fixture_masked_case("masked_words", c);
    cam_trainer_options o = c->options;
    model = *o.config;
    model.hidden_dropout_prob = 0.1;
    model.attention_probs_dropout_prob = 0.2;
    o.config = o.source.config = &model;
    o.adamw.eps = 1e-4;
    o.train_count = 18;
    o.sampling = CAM_SAMPLING_RANDOM;
    o.plan = (cam_plan_settings){.batch_rows = 8, .accumulation = 1, .max_updates = STEPS};
    if (wide) {
        model.hidden_size = 128;
        model.intermediate_size = 256;
        o.source.weights = NULL;
    }
    return o;
}

static void compare(const cam_trainer_options *o) {
    outcome cpu = run(fixture_backend(1), o), cuda = run(open_cuda(), o);
    assert_agree(&cuda, &cpu, 2e-5, 2e-6);
    free(cpu.weights);
    free(cuda.weights);
}

static void test_agrees_with_the_cpu(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    compare(&o);
}

static void test_agrees_with_accumulation_weights_and_smoothing(void **state) {
    (void)state;
    static const float weights[FIXTURE_LABELS] = {0.5f, 1, 2, 1.5f, 0.25f};
    golden_case c;
    cam_trainer_options o = small_case(&c);
    o.plan.batch_rows = 4;
    o.plan.accumulation = 2;
    o.class_weights = weights;
    o.label_smoothing = 0.1f;
    compare(&o);
}

static void test_agrees_when_frozen(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    const int depths[] = {1, 2, model.num_hidden_layers + 1};
    for (int i = 0; i < 3; i++) {
        o.rates.frozen_depth = depths[i];
        compare(&o);
    }
}

static void test_agrees_with_gradient_checkpointing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = wide_case(&c);
    o.gradient_checkpointing = 1;
    compare(&o);
}

static void test_mixed_precision_is_the_same_run(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = wide_case(&c);
    outcome cpu = run(fixture_backend(1), &o);
    for (int accumulation = 1; accumulation <= 2; accumulation++) {
        o.bf16 = 1;
        o.plan.batch_rows = 8 / accumulation;
        o.plan.accumulation = accumulation;
        outcome cuda = run(open_cuda(), &o);
        assert_agree(&cuda, &cpu, 2e-2, 5e-4);
        free(cuda.weights);
    }
    free(cpu.weights);
}

/* A teacher answers on both, a student begins as two of its layers, and every fourth row has no label. */
static void test_student_agrees(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    fixture_distill("distill_hidden", &c, &model, &o);
    compare(&o);
    o.label_smoothing = 0.1f;
    o.plan.batch_rows = 4;
    o.plan.accumulation = 2;
    compare(&o);
}

/* In the run without capture the host waits for every launch. */
static void test_captured_steps_have_the_bits_of_plain_ones(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = wide_case(&c);
    o.bf16 = 1;
    outcome captured = run(open_cuda(), &o), again = run(open_cuda(), &o);
    setenv("CAM_CUDA_CHECK", "1", 1);
    outcome plain = run(open_cuda(), &o);
    unsetenv("CAM_CUDA_CHECK");
    assert_same(&captured, &again);
    assert_same(&captured, &plain);
    free(captured.weights);
    free(again.weights);
    free(plain.weights);
}

static void test_masked_language_model_agrees(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = masked_case(&c, 0);
    compare(&o);
    o.plan.batch_rows = 4;
    o.plan.accumulation = 2;
    compare(&o);
}

static void test_masked_language_model_in_mixed_precision(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = masked_case(&c, 1);
    outcome cpu = run(fixture_backend(1), &o);
    o.bf16 = 1;
    outcome captured = run(open_cuda(), &o);
    assert_agree(&captured, &cpu, 2e-2, 5e-4);
    setenv("CAM_CUDA_CHECK", "1", 1);
    outcome plain = run(open_cuda(), &o);
    unsetenv("CAM_CUDA_CHECK");
    assert_same(&captured, &plain);
    free(cpu.weights);
    free(captured.weights);
    free(plain.weights);
}

/* Backward that reads the decisions which forward stored, backward that draws them again, and a forward pass that is
 * computed again, which stores them a second time. */
static void test_dropout_masks_have_the_bits_of_drawing(void **state) {
    (void)state;
    golden_case c;
    for (int bf16 = 0; bf16 < 2; bf16++) {
        cam_trainer_options o = wide_case(&c);
        o.bf16 = bf16;
        cam_backend *backend = open_cuda(), *draws = open_cuda();
        assert_true(backend->dropout_masks);
        draws->dropout_masks = 0;
        outcome masked = run(backend, &o), drawn = run(draws, &o);
        o.gradient_checkpointing = 1;
        outcome computed_again = run(open_cuda(), &o);
        assert_same(&masked, &drawn);
        assert_same(&masked, &computed_again);
        free(masked.weights);
        free(drawn.weights);
        free(computed_again.weights);
    }
}

static const cam_ops_table *whole_ops;
static int64_t poisoned_rows;

/* linear_fwd, whose output is NaN past the true count if there is a bias. */
static cam_status linear_fwd_with_poison(cam_backend *backend, const cam_linear_fwd_args *args) {
    cam_status st = CAM_OK;
    CAM_TRY(whole_ops->linear_fwd(backend, args));
    CAM_TRY(cam_backend_synchronize(backend));
    int64_t real = cam_rows_count(args->state, args->rows), rows = args->y.shape[0];
    if (!args->bias.data || real == rows)
        goto out;
    cam_tensor tail = cam_tensor_rows(args->y, real, rows - real);
    memset(tail.data, 0xff, cam_tensor_bytes(tail));
    poisoned_rows += rows - real;
out:
    return st;
}

/* What linear_fwd leaves past the true count after a bias is read by nobody. */
static void test_rows_after_a_bias_are_not_read(void **state) {
    (void)state;
    golden_case c;
    cam_ops_table ops;
    setenv("CAM_CUDA_CHECK", "1", 1); /* nothing is captured, so that the function above runs in every step */
    for (int bf16 = 0; bf16 < 2; bf16++) {
        cam_trainer_options o = wide_case(&c);
        o.bf16 = bf16;
        cam_backend *poisons = open_cuda();
        whole_ops = poisons->ops;
        ops = *whole_ops;
        ops.linear_fwd = linear_fwd_with_poison;
        poisons->ops = &ops;
        poisoned_rows = 0;
        outcome poisoned = run(poisons, &o), plain = run(open_cuda(), &o);
        assert_true(poisoned_rows > 0);
        assert_same(&poisoned, &plain);
        free(poisoned.weights);
        free(plain.weights);
    }
    unsetenv("CAM_CUDA_CHECK");
}

/* A teacher that stays runs on the same batches before they are masked, also in captured steps and in bf16. */
static void test_masked_student_agrees(void **state) {
    (void)state;
    golden_case c, taught;
    cam_trainer_options o = masked_case(&c, 0);
    fixture_distilled_masked_case("distill_masked", &taught);
    o.teacher = taught.options.teacher;
    o.rates.hidden_map = 1;
    outcome cpu = run(fixture_backend(1), &o), cuda = run(open_cuda(), &o);
    assert_agree(&cuda, &cpu, 2e-5, 2e-6);
    o.bf16 = 1;
    outcome captured = run(open_cuda(), &o);
    assert_agree(&captured, &cpu, 2e-2, 5e-4);
    setenv("CAM_CUDA_CHECK", "1", 1);
    outcome plain = run(open_cuda(), &o);
    unsetenv("CAM_CUDA_CHECK");
    assert_same(&captured, &plain);
    free(cpu.weights);
    free(cuda.weights);
    free(captured.weights);
    free(plain.weights);
}

/* An encoder without a head, whose query rows are all tokens; what it is scored by, too. */
static void test_encoder_agrees(void **state) {
    (void)state;
    golden_case c;
    cam_masked_scores scores[2];
    fixture_distilled_masked_case("distill_encoder", &c);
    cam_trainer_options o = c.options;
    o.plan.max_updates = 6;
    outcome cpu = run(fixture_backend(1), &o), cuda = run(open_cuda(), &o);
    assert_agree(&cuda, &cpu, 2e-5, 2e-6);
    setenv("CAM_CUDA_CHECK", "1", 1);
    outcome plain = run(open_cuda(), &o);
    unsetenv("CAM_CUDA_CHECK");
    assert_same(&cuda, &plain);
    for (int i = 0; i < 2; i++) {
        cam_trainer trainer;
        cam_backend *backend = i == 0 ? fixture_backend(1) : open_cuda();
        assert_ok(cam_trainer_open(&trainer, backend, &o));
        assert_ok(cam_trainer_masked_scores(&trainer, o.train, o.train_count, &scores[i]));
        cam_trainer_close(&trainer);
        cam_backend_close(backend);
    }
    assert_int_equal(scores[0].positions, o.tokens->offsets[o.train_count]);
    assert_int_equal(scores[1].positions, scores[0].positions);
    assert_true(scores[0].loss_sum > 0);
    assert_true(fabs(scores[1].loss_sum - scores[0].loss_sum) < 1e-5 * scores[0].loss_sum);
    free(cpu.weights);
    free(cuda.weights);
    free(plain.weights);
}

static int is_same(const cam_safetensors *x, const cam_safetensors_tensor *a, const cam_safetensors *y,
                   const cam_safetensors_tensor *b) {
    char *bytes = malloc(2 * a->bytes);
    assert_non_null(bytes);
    assert_ok(cam_safetensors_read(x, a, 0, a->bytes, bytes));
    assert_ok(cam_safetensors_read(y, b, 0, a->bytes, bytes + a->bytes));
    int same = memcmp(bytes, bytes + a->bytes, a->bytes) == 0;
    free(bytes);
    return same;
}

/* The f32 values of frozen layers, which the device keeps in bf16, are saved as they were loaded, although the checkpoint
 * was closed after the load. */
static void test_frozen_layers_are_saved_exactly(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_safetensors saved, base;
    cam_backend *backend = open_cuda();
    cam_trainer_options o = small_case(&c);
    o.bf16 = 1;
    o.rates.frozen_depth = 2;
    assert_ok(cam_weights_open("tests/model/golden/model", &o.source.weights));
    cam_weights *weights = o.source.weights;
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    cam_weights_close(weights);
    assert_true(cam_trainer_memory(&trainer).held > 0);
    assert_ok(cam_trainer_step_now(&trainer, &report));
    const char *path = fixture_temporary("model.safetensors");
    assert_ok(cam_trainer_save(&trainer, path));
    assert_ok(cam_safetensors_open(path, &saved));
    assert_ok(cam_safetensors_open("tests/model/golden/model/model.safetensors", &base));
    int frozen = 0, moved = 0;
    for (size_t i = 0; i < saved.count; i++) {
        const cam_safetensors_tensor *a = &saved.tensors[i], *b = cam_safetensors_find(&base, a->name);
        int same = is_same(&saved, a, &base, b);
        if (strstr(a->name, "embeddings.") || strstr(a->name, "layer.0.")) {
            assert_true(same);
            frozen++;
        } else {
            moved += !same;
        }
    }
    assert_int_equal(frozen, 5 + 16);
    assert_true(moved > 0);
    cam_safetensors_close(&saved);
    cam_safetensors_close(&base);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen_layers_are_saved_exactly),
        cmocka_unit_test(test_agrees_with_the_cpu),
        cmocka_unit_test(test_agrees_with_accumulation_weights_and_smoothing),
        cmocka_unit_test(test_agrees_when_frozen),
        cmocka_unit_test(test_agrees_with_gradient_checkpointing),
        cmocka_unit_test(test_mixed_precision_is_the_same_run),
        cmocka_unit_test(test_captured_steps_have_the_bits_of_plain_ones),
        cmocka_unit_test(test_student_agrees),
        cmocka_unit_test(test_masked_student_agrees),
        cmocka_unit_test(test_encoder_agrees),
        cmocka_unit_test(test_masked_language_model_agrees),
        cmocka_unit_test(test_masked_language_model_in_mixed_precision),
        cmocka_unit_test(test_dropout_masks_have_the_bits_of_drawing),
        cmocka_unit_test(test_rows_after_a_bias_are_not_read),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_release();
    return failed;
}
