/* golden.c: logits, every gradient, and forty steps of every training case against PyTorch and transformers.
 *
 * Tolerances come from PyTorch: the golden files hold each figure from a float32 and from a float64 run. Logits,
 * gradients, losses and norms may differ from the float64 figures by at most FACTOR times the difference of PyTorch's
 * float32 figures (the largest in the series or tensor, since single differences may be zero by chance), plus
 * FLOOR_ULPS units in the last place of the largest value. Final weights are compared by root mean square with the same
 * factor. Single elements may be off by 1 % of one step: AdamW divides a gradient by its own size, so a rounding error
 * of a gradient near zero becomes a fraction of a step.
 */
#include "assert_ok.h"
#include "fixture.h"
#include "safetensors.h"
#include "trainer_internal.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FACTOR     2.0
#define FLOOR_ULPS 8.0
#define GOLDEN     "tests/model/golden/"

/* Returns max |a - b| of two series; *largest receives the largest |b|. */
static double difference(const double *a, const double *b, int64_t n, double *largest) {
    double worst = 0;
    *largest = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs(a[i] - b[i]);
        worst = d > worst || isnan(d) ? d : worst;
        *largest = fabs(b[i]) > *largest ? fabs(b[i]) : *largest;
    }
    return worst;
}

/* Compares our figures and PyTorch's float32 figures with float64. */
static void compare(const char *what, const double *ours, const double *f32, const double *f64, int64_t n) {
    double largest, error = difference(ours, f64, n, &largest), theirs = difference(f32, f64, n, &largest);
    double tolerance = FACTOR * theirs + FLOOR_ULPS * (double)FLT_EPSILON * largest;
    if (!(error <= tolerance))
        fail_msg("%s: off by %.3g, PyTorch's float32 by %.3g; at most %.3g is allowed", what, error, theirs, tolerance);
}

static double root_mean_square(const double *a, const double *b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum / (double)n);
}

/* Compares final weights by root mean square; no element may be off by more than 1 % of a step at this rate. */
static void compare_trained(const char *what, double rate, const double *ours, const double *f32, const double *f64,
                            int64_t n) {
    double largest, worst = difference(ours, f64, n, &largest), floor = FLOOR_ULPS * (double)FLT_EPSILON * largest;
    double error = root_mean_square(ours, f64, n), theirs = root_mean_square(f32, f64, n);
    if (!(error <= FACTOR * theirs + floor / 8))
        fail_msg("%s: off by %.3g (root mean square), PyTorch's float32 by %.3g", what, error, theirs);
    if (!(worst <= 0.01 * rate + floor))
        fail_msg("%s: one element is off by %.3g, more than 1 %% of a step of %.3g", what, worst, rate);
}

/* A tensor of a file as doubles; NULL if there is none. */
static double *values(const cam_safetensors *file, const char *name, const char *suffix, int64_t *count) {
    char full[256];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    const cam_safetensors_tensor *t = cam_safetensors_find(file, full);
    if (!t)
        return NULL;
    double *out = malloc((size_t)t->count * sizeof *out);
    assert_non_null(out);
    *count = t->count;
    if (strcmp(t->dtype, "F64") == 0) {
        assert_ok(cam_safetensors_read(file, t, 0, t->bytes, out));
        return out;
    }
    float *narrow = malloc(t->bytes);
    assert_non_null(narrow);
    assert_ok(cam_safetensors_read(file, t, 0, t->bytes, narrow));
    for (int64_t i = 0; i < t->count; i++)
        out[i] = (double)narrow[i];
    free(narrow);
    return out;
}

/* rate 0: figures of one pass; otherwise final weights of a run with this peak rate. */
static void compare_tensor(const cam_safetensors *golden, const char *name, double rate, const double *ours,
                           int64_t n) {
    int64_t n32 = 0, n64 = 0;
    double *f32 = values(golden, name, "", &n32), *f64 = values(golden, name, ".f64", &n64);
    assert_non_null(f32);
    assert_non_null(f64);
    assert_int_equal(n, n32);
    assert_int_equal(n, n64);
    if (rate > 0)
        compare_trained(name, rate, ours, f32, f64, n);
    else
        compare(name, ours, f32, f64, n);
    free(f32);
    free(f64);
}

static void test_logits(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_safetensors golden;
    float logits[256 * FIXTURE_LABELS];
    double ours[256 * FIXTURE_LABELS];
    cam_backend *backend = fixture_backend(0);
    fixture_case("script", &c);
    assert_ok(cam_trainer_open(&trainer, backend, &c.options));
    int64_t n = c.options.train_count;
    assert_ok(cam_trainer_logits(&trainer, c.options.train, n, logits));
    for (int64_t i = 0; i < n * FIXTURE_LABELS; i++)
        ours[i] = (double)logits[i];
    assert_ok(cam_safetensors_open(GOLDEN "forward.safetensors", &golden));
    compare_tensor(&golden, "logits", 0, ours, n * FIXTURE_LABELS);
    cam_safetensors_close(&golden);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* One part of a parameter's gradient as doubles; left-out vocabulary rows are zero. */
static double *gradient_of(const cam_trainer *trainer, int i, int part, int64_t *count) {
    const cam_parameters *params = &trainer->params;
    const cam_parameter *p = &params->list[i];
    cam_tensor view = cam_parameters_view(params, i, CAM_GRADIENT);
    float *grad = malloc(cam_tensor_bytes(view));
    assert_non_null(grad);
    assert_ok(cam_backend_copy(params->backend, grad, view.data, cam_tensor_bytes(view), CAM_FROM_DEVICE));
    assert_ok(cam_backend_synchronize(params->backend));
    int word = i == CAM_WORD && params->word_id;
    int64_t rows = (word ? params->vocab_size : p->rows) / p->parts;
    *count = rows * p->columns;
    double *out = calloc((size_t)*count, sizeof *out);
    assert_non_null(out);
    for (int64_t r = 0; r < rows; r++) {
        int64_t from = word ? params->word_row[r] : part * rows + r;
        for (int64_t c = 0; c < p->columns && from >= 0; c++)
            out[r * p->columns + c] = (double)grad[from * p->columns + c];
    }
    free(grad);
    return out;
}

/* One step, for its gradients only; returns how many were compared. */
static int compare_gradients(golden_case *c, const char *path) {
    cam_trainer trainer;
    cam_step_report report;
    cam_safetensors golden;
    cam_backend *backend = fixture_backend(0);
    c->options.learning_rate = 0;
    assert_ok(cam_trainer_open(&trainer, backend, &c->options));
    assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_ok(cam_safetensors_open(path, &golden));
    int compared = 0;
    for (int i = 0; i < trainer.params.count; i++)
        for (int part = 0; part < trainer.params.list[i].parts; part++) {
            int64_t n;
            double *ours = gradient_of(&trainer, i, part, &n);
            const char *name = trainer.params.list[i].name[part];
            if (strstr(name, "self.key.bias"))
                for (int64_t k = 0; k < n; k++) /* exactly zero in theory: softmax does not depend on it */
                    assert_true(fabs(ours[k]) < 1e-7);
            else
                compare_tensor(&golden, name, 0, ours, n);
            free(ours);
            compared++;
        }
    double loss = report.loss;
    compare_tensor(&golden, "loss", 0, &loss, 1);
    cam_safetensors_close(&golden);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    return compared;
}

static void test_gradients(void **state) {
    (void)state;
    golden_case c;
    fixture_case("script", &c);
    assert_int_equal(compare_gradients(&c, GOLDEN "forward.safetensors"), 5 + 3 * 16 + 4);
}

static void test_masked_gradients(void **state) {
    (void)state;
    golden_case c;
    fixture_masked_case("masked", &c);
    assert_int_equal(compare_gradients(&c, GOLDEN "masked_forward.safetensors"), 5 + 2 * 16 + 5);
}

/* The logits of the chosen tokens of the first eight rows, as the pass of a training step sees them. */
static void test_masked_logits(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_safetensors golden;
    cam_step_report report;
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    c.options.learning_rate = 0;
    assert_ok(cam_trainer_open(&trainer, backend, &c.options));
    assert_ok(cam_trainer_step_now(&trainer, &report)); /* leaves its batch and its state in place */
    cam_batch batch = cam_batch_stream_batch(
        &trainer.stream, cam_token_size_class(backend, trainer.shapes[0].rank_tokens), trainer.stream.limits.rows,
        cam_trainer_queries(&trainer, trainer.shapes[0].rank_chosen, trainer.stream.limits.rows),
        trainer.largest.length);
    cam_pass pass = {.model = &trainer.model,
                     .arena = &trainer.arena,
                     .state = cam_batch_stream_state(&trainer.stream),
                     .batch = &batch};
    cam_tensor logits;
    cam_arena_reset(&trainer.arena);
    assert_ok(cam_camembert_encode(&pass));
    assert_ok(cam_camembert_lm_head(&pass));
    assert_ok(cam_camembert_lm_logits(&pass, 0, &logits));
    int64_t n = trainer.shapes[0].chosen * c.options.config->vocab_size;
    float *narrow = malloc((size_t)n * sizeof *narrow);
    double *ours = malloc((size_t)n * sizeof *ours);
    assert_ok(cam_backend_copy(backend, narrow, logits.data, (size_t)n * sizeof *narrow, CAM_FROM_DEVICE));
    assert_ok(cam_backend_synchronize(backend));
    for (int64_t i = 0; i < n; i++)
        ours[i] = (double)narrow[i];
    assert_ok(cam_safetensors_open(GOLDEN "masked_forward.safetensors", &golden));
    compare_tensor(&golden, "logits", 0, ours, n);
    cam_safetensors_close(&golden);
    free(narrow);
    free(ours);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void assert_same_values(const cam_safetensors *x, const cam_safetensors_tensor *a, const cam_safetensors *y,
                               const cam_safetensors_tensor *b) {
    char *bytes = malloc(2 * a->bytes);
    assert_non_null(bytes);
    assert_int_equal(a->bytes, b->bytes);
    assert_ok(cam_safetensors_read(x, a, 0, a->bytes, bytes));
    assert_ok(cam_safetensors_read(y, b, 0, b->bytes, bytes + a->bytes));
    assert_memory_equal(bytes, bytes + a->bytes, a->bytes);
    free(bytes);
}

/* Final weights: every tensor of the golden file is compared; frozen ones must be unchanged. */
static void compare_weights(const char *name, const char *start, cam_trainer *trainer) {
    char path[256];
    cam_safetensors golden, ours, before;
    const char *saved = fixture_temporary("model.safetensors");
    assert_ok(cam_trainer_save(trainer, saved));
    snprintf(path, sizeof path, GOLDEN "%s.safetensors", name);
    assert_ok(cam_safetensors_open(path, &golden));
    assert_ok(cam_safetensors_open(saved, &ours));
    assert_ok(cam_safetensors_open(start, &before));
    if (!trainer->options.source.layers && trainer->options.config->task != CAM_TASK_ENCODER)
        assert_int_equal(ours.count, before.count);
    for (size_t i = 0; i < ours.count; i++) {
        const cam_safetensors_tensor *t = &ours.tensors[i];
        int64_t n;
        if (strstr(t->name, "self.key.bias")) /* changed by rounding noise only, see test_gradients */
            continue;
        double *values_of = values(&ours, t->name, "", &n);
        if (cam_safetensors_find(&golden, t->name))
            compare_tensor(&golden, t->name, trainer->options.learning_rate, values_of, n);
        free(values_of);
    }
    for (int i = 0; i < trainer->params.count; i++)
        for (int part = 0; part < trainer->params.list[i].parts && !cam_parameters_is_trained(&trainer->params, i);
             part++) {
            const char *frozen = trainer->params.list[i].name[part];
            const cam_safetensors_tensor *a = cam_safetensors_find(&ours, frozen);
            const cam_safetensors_tensor *b = cam_safetensors_find(&before, frozen);
            assert_same_values(&ours, a, &before, b);
        }
    cam_safetensors_close(&golden);
    cam_safetensors_close(&ours);
    cam_safetensors_close(&before);
}

static void run_case(const char *name, const char *start, golden_case *c) {
    cam_trainer trainer;
    double loss[FIXTURE_STEPS], norm[FIXTURE_STEPS];
    cam_backend *backend = fixture_backend(0);
    assert_ok(cam_trainer_open(&trainer, backend, &c->options));
    assert_false(trainer.fresh_head);
    for (int step = 0; step < FIXTURE_STEPS; step++) {
        cam_step_report report;
        assert_false(cam_trainer_is_done(&trainer));
        assert_ok(cam_trainer_step_now(&trainer, &report));
        assert_int_equal(report.step, step + 1);
        loss[step] = report.loss;
        norm[step] = report.grad_norm;
        if (fabs(report.learning_rate - c->lr[step]) > 1e-15)
            fail_msg("step %d: rate %.17g, not %.17g", step + 1, report.learning_rate, c->lr[step]);
    }
    assert_true(cam_trainer_is_done(&trainer));
    compare("loss", loss, c->loss, c->loss_f64, FIXTURE_STEPS);
    compare("grad_norm", norm, c->grad_norm, c->grad_norm_f64, FIXTURE_STEPS);
    compare_weights(name, start, &trainer);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_case(void **state) {
    golden_case c;
    fixture_case(*state, &c);
    run_case(*state, GOLDEN "model/model.safetensors", &c);
}

static void test_masked_case(void **state) {
    golden_case c;
    fixture_masked_case(*state, &c);
    run_case(*state, GOLDEN "masked_model/model.safetensors", &c);
}

static void test_distilled_case(void **state) {
    golden_case c;
    fixture_distilled_case(*state, &c);
    run_case(*state, GOLDEN "teacher_model/model.safetensors", &c);
}

static void test_distilled_masked_case(void **state) {
    golden_case c;
    fixture_distilled_masked_case(*state, &c);
    run_case(*state, GOLDEN "masked_model/model.safetensors", &c);
}

static int release(void **state) {
    (void)state;
    fixture_release();
    return 0;
}

#define CASE(name)                                                                                                     \
    { "case_" #name, test_case, NULL, NULL, (void *)(uintptr_t) #name }

#define MASKED_CASE(name)                                                                                              \
    { "case_" #name, test_masked_case, NULL, NULL, (void *)(uintptr_t) #name }

#define DISTILLED_CASE(name)                                                                                           \
    { "case_" #name, test_distilled_case, NULL, NULL, (void *)(uintptr_t) #name }

/* With --device cuda the same tests run on this machine's GPU. */
int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--device") == 0)
        fixture_use_device(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_gradients),
        CASE(script),
        CASE(trainer),
        CASE(frozen),
        CASE(accumulation),
        CASE(accumulation_short),
        CASE(class_weights),
        CASE(label_smoothing),
        CASE(smoothing_weights),
        CASE(layerwise),
        CASE(first_1),
        CASE(cosine),
        cmocka_unit_test(test_masked_logits),
        cmocka_unit_test(test_masked_gradients),
        MASKED_CASE(masked),
        MASKED_CASE(masked_words),
        DISTILLED_CASE(distill),
        DISTILLED_CASE(distill_hidden),
        DISTILLED_CASE(distill_only_hidden),
        {"case_distill_masked", test_distilled_masked_case, NULL, NULL, (void *)(uintptr_t) "distill_masked"},
        {"case_distill_encoder", test_distilled_masked_case, NULL, NULL, (void *)(uintptr_t) "distill_encoder"},
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
