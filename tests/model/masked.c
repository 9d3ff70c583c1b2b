/* masked.c: what must hold of a masked language model's training besides the golden numbers (golden.c):
 *   - the same bits on any number of threads; masks that depend on data row ids, not on the batch;
 *   - the same gradients however the chosen tokens are divided into chunks and micro-batches;
 *   - a step without a chosen token, and one with more than one chunk of them;
 *   - no allocation in a step;
 *   - scores and filled places as transformers computes them;
 *   - folders: saved and loaded, started from a classifier's, and a classifier started from one.
 */
#include "assert_ok.h"
#include "counted_allocations.h"
#include "files.h"
#include "fixture.h"
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- helpers ---------------------------------------------------------------------------------------------------- */

static cam_model_config with_dropout;

static void use_dropout(golden_case *c) {
    with_dropout = *c->options.config;
    with_dropout.hidden_dropout_prob = 0.1;
    with_dropout.attention_probs_dropout_prob = 0.2;
    c->options.config = c->options.source.config = &with_dropout;
}

static void run_steps(cam_trainer *trainer, cam_backend *backend, const golden_case *c, int steps, double *losses) {
    assert_ok(cam_trainer_open(trainer, backend, &c->options));
    for (int step = 0; step < steps; step++) {
        cam_step_report report;
        assert_ok(cam_trainer_step_now(trainer, &report));
        losses[step] = report.loss;
    }
}

/* max |a - b| over the gradients, relative to the largest. */
static double gradient_distance(const cam_trainer *x, const cam_trainer *y) {
    cam_tensor a = cam_parameters_trained(&x->params, CAM_GRADIENT);
    cam_tensor b = cam_parameters_trained(&y->params, CAM_GRADIENT);
    const float *p = a.data, *q = b.data;
    double worst = 0, largest = 0;
    assert_int_equal(a.shape[0], b.shape[0]);
    for (int64_t i = 0; i < a.shape[0]; i++) {
        worst = fmax(worst, fabs((double)p[i] - (double)q[i]));
        largest = fmax(largest, fabs((double)p[i]));
    }
    assert_true(largest > 0);
    return worst / largest;
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

static void saved_bytes(const golden_case *c, int threads, cam_strbuf *out) {
    cam_trainer trainer;
    double losses[20];
    cam_backend *backend = fixture_backend(threads);
    const char *path = fixture_temporary("model.safetensors");
    run_steps(&trainer, backend, c, 20, losses);
    assert_ok(cam_trainer_save(&trainer, path));
    assert_ok(cam_file_read(path, 1 << 24, CAM_E_MODEL, out));
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_threads_give_the_same_bits(void **state) {
    (void)state;
    golden_case c;
    cam_strbuf one = CAM_STRBUF_INIT, two = CAM_STRBUF_INIT;
    fixture_masked_case("masked_words", &c);
    use_dropout(&c);
    c.options.sampling = CAM_SAMPLING_RANDOM;
    saved_bytes(&c, 1, &one);
    saved_bytes(&c, 2, &two);
    assert_int_equal(one.length, two.length);
    assert_memory_equal(one.text, two.text, one.length);
    cam_strbuf_release(&one);
    cam_strbuf_release(&two);
}

/* The same rows in another order give the same loss and gradients; another seed gives other masks. */
static void test_masks_depend_on_data_rows(void **state) {
    (void)state;
    golden_case c;
    cam_trainer forward, backward;
    double loss_forward, loss_backward;
    int32_t reversed[16];
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
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
    c.options.seed++;
    run_steps(&backward, backend, &c, 1, &loss_backward);
    assert_true(fabs(loss_forward - loss_backward) > 1e-4);
    cam_trainer_close(&forward);
    cam_trainer_close(&backward);
    cam_backend_close(backend);
}

/* The first epoch's masks are not those of the second. */
static void test_masks_change_with_the_epoch(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    double losses[2];
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    c.options.plan.batch_rows = 48;
    c.options.learning_rate = 0;
    run_steps(&trainer, backend, &c, 2, losses);
    assert_true(fabs(losses[0] - losses[1]) > 1e-3);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* Every token of 144 rows is chosen: three chunks in one micro-batch, or one in each of nine. */
static void test_chunks_and_micro_batches_add_up(void **state) {
    (void)state;
    golden_case c;
    cam_trainer whole, parts;
    double loss_whole, loss_parts;
    int32_t thrice[144];
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    for (int r = 0; r < 144; r++)
        thrice[r] = r % 48;
    c.options.masking.probability = 1;
    c.options.train = thrice;
    c.options.train_count = 144;
    c.options.plan.batch_rows = 144;
    run_steps(&whole, backend, &c, 1, &loss_whole);
    assert_true(whole.shapes[0].chosen > 2 * CAM_HEAD_CHUNK);
    c.options.plan.batch_rows = 16;
    c.options.plan.accumulation = 9;
    run_steps(&parts, backend, &c, 1, &loss_parts);
    assert_true(parts.shapes[0].chosen < CAM_HEAD_CHUNK);
    assert_true(fabs(loss_whole - loss_parts) < 1e-6);
    assert_true(gradient_distance(&whole, &parts) < 1e-5);
    cam_trainer_close(&parts);
    c.options.plan.batch_rows = 144;
    c.options.plan.accumulation = 1;
    c.options.gradient_checkpointing = 1;
    run_steps(&parts, backend, &c, 1, &loss_parts);
    assert_true(gradient_distance(&whole, &parts) == 0);
    cam_trainer_close(&whole);
    cam_trainer_close(&parts);
    cam_backend_close(backend);
}

static void test_a_step_without_a_chosen_token(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    int32_t shortest = 0; /* <s> </s>: nothing can be chosen */
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    c.options.train = &shortest;
    c.options.train_count = 1;
    c.options.schedule = CAM_SCHEDULE_CONSTANT;
    c.options.warmup_steps = 0;
    c.options.rates.weight_decay = 0;
    assert_ok(cam_trainer_open(&trainer, backend, &c.options));
    assert_int_equal(trainer.largest.chosen, 0);
    cam_tensor weights = cam_parameters_trained(&trainer.params, CAM_WEIGHT);
    void *before = malloc(cam_tensor_bytes(weights));
    memcpy(before, weights.data, cam_tensor_bytes(weights));
    assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_true(report.loss == 0 && report.grad_norm == 0 && report.applied);
    assert_memory_equal(before, weights.data, cam_tensor_bytes(weights));
    free(before);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_a_step_allocates_nothing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    double losses[1];
    cam_backend *backend = fixture_backend(2);
    fixture_masked_case("masked_words", &c);
    use_dropout(&c);
    run_steps(&trainer, backend, &c, 1, losses);
    long before = allocations;
    for (int step = 0; step < 12; step++) /* beyond the end of an epoch */
        assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_int_equal(allocations, before);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static json_t *golden_json(void) {
    json_error_t error;
    json_t *json = json_load_file("tests/model/golden/masked.json", 0, &error);
    assert_non_null(json);
    return json;
}

static double number_of(json_t *json, const char *key) {
    json_t *value = json_object_get(json, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* The scores after forty steps are transformers'; those of a single row at a time have the same bits. */
static void test_scores(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_masked_scores scores, again, row;
    double losses[FIXTURE_STEPS], sum = 0;
    json_t *json = golden_json();
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    run_steps(&trainer, backend, &c, FIXTURE_STEPS, losses);
    assert_ok(cam_trainer_masked_scores(&trainer, c.options.train, 48, &scores));
    double f64 = number_of(json, "eval_loss_f64"), theirs = fabs(number_of(json, "eval_loss") - f64);
    assert_true(fabs(scores.loss_sum - f64) <= 2 * theirs + 8 * (double)FLT_EPSILON * f64);
    assert_int_equal(scores.positions, (int64_t)number_of(json, "eval_positions"));
    assert_int_equal(scores.correct, (int64_t)number_of(json, "eval_correct"));
    assert_ok(cam_trainer_masked_scores(&trainer, c.options.train, 48, &again));
    assert_memory_equal(&scores, &again, sizeof scores);
    for (int r = 0; r < 48; r++) {
        assert_ok(cam_trainer_masked_scores(&trainer, c.options.train + r, 1, &row));
        sum += row.loss_sum;
    }
    assert_true(sum == scores.loss_sum);
    assert_ok(cam_trainer_masked_scores(&trainer, c.options.train, 0, &row));
    assert_true(row.loss_sum == 0 && row.positions == 0 && row.correct == 0);
    json_decref(json);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_filled_places(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    double losses[1];
    int32_t ids[64], row = 0;
    int64_t offsets[2] = {0, 0};
    cam_filled filled[2 * 5];
    cam_device_data data;
    json_t *json = golden_json(), *fill = json_object_get(json, "fill"), *given = json_object_get(fill, "ids");
    for (size_t i = 0; i < json_array_size(given); i++)
        ids[offsets[1]++] = (int32_t)json_integer_value(json_array_get(given, i));
    cam_token_rows tokens = {.ids = ids, .offsets = offsets, .rows = 1};
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    run_steps(&trainer, backend, &c, 0, losses);
    assert_ok(cam_device_data_open(&data, backend, &tokens, NULL, NULL, c.options.config));
    cam_scored_rows rows = {.tokens = &tokens, .data = &data, .list = &row, .count = 1};
    assert_int_equal(cam_scorer_places(&trainer.scorer, &rows), 2);
    assert_ok(cam_scorer_fill(&trainer.scorer, &rows, 5, filled));
    for (size_t i = 0; i < 10; i++) {
        json_t *pieces = json_array_get(json_object_get(fill, "pieces"), i / 5);
        json_t *probabilities = json_array_get(json_object_get(fill, "probabilities"), i / 5);
        assert_int_equal(filled[i].id, json_integer_value(json_array_get(pieces, i % 5)));
        assert_true(fabs(filled[i].probability - json_number_value(json_array_get(probabilities, i % 5))) < 1e-6);
    }
    ids[3] = ids[9] = 50; /* nothing to fill */
    assert_int_equal(cam_scorer_places(&trainer.scorer, &rows), 0);
    assert_ok(cam_scorer_fill(&trainer.scorer, &rows, 5, filled));
    json_decref(json);
    cam_device_data_close(&data);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* A save after three steps: reloaded, and as the start of a further run, it has the same scores. */
static void test_saved_folders(void **state) {
    (void)state;
    golden_case c, classifier;
    cam_trainer trainer;
    cam_masked_scores saved, scores;
    double losses[3];
    char folder[512];
    cam_weights *weights = NULL;
    cam_backend *backend = fixture_backend(0);
    const char *path = fixture_temporary("model.safetensors");
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    fixture_masked_case("masked", &c);
    c.options.warmup_steps = 0;
    run_steps(&trainer, backend, &c, 3, losses);
    assert_ok(cam_trainer_save(&trainer, path));
    assert_ok(cam_trainer_masked_scores(&trainer, c.options.train, 48, &saved));
    cam_step_report report;
    assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_ok(cam_trainer_masked_scores(&trainer, c.options.train, 48, &scores));
    assert_true(scores.loss_sum != saved.loss_sum);
    assert_ok(cam_trainer_reload(&trainer, folder));
    assert_ok(cam_trainer_masked_scores(&trainer, c.options.train, 48, &scores));
    assert_true(scores.loss_sum == saved.loss_sum);
    cam_trainer_close(&trainer);

    assert_ok(cam_weights_open(folder, &weights));
    c.options.source.weights = weights;
    run_steps(&trainer, backend, &c, 0, losses);
    assert_false(trainer.fresh_head);
    assert_ok(cam_trainer_masked_scores(&trainer, c.options.train, 48, &scores));
    assert_true(scores.loss_sum == saved.loss_sum);
    cam_trainer_close(&trainer);

    fixture_case("script", &classifier);
    cam_model_config config = *classifier.options.config;
    config.num_hidden_layers = 2;
    classifier.options.config = classifier.options.source.config = &config;
    classifier.options.source.weights = weights;
    assert_ok(cam_trainer_open(&trainer, backend, &classifier.options));
    assert_true(trainer.fresh_head);
    cam_trainer_close(&trainer);
    cam_weights_close(weights);
    cam_backend_close(backend);
}

/* A start from a classifier's folder, and one from nothing, have a head that learns. */
static void test_fresh_heads(void **state) {
    (void)state;
    for (int random = 0; random < 2; random++) {
        golden_case c;
        cam_trainer trainer;
        double losses[FIXTURE_STEPS];
        cam_backend *backend = fixture_backend(0);
        fixture_masked_case("masked", &c);
        cam_model_config config = *c.options.config;
        config.num_hidden_layers = 3;
        c.options.config = c.options.source.config = &config;
        c.options.source.weights = random ? NULL : fixture_weights();
        c.options.source.seed = 3;
        c.options.plan.batch_rows = 48;
        c.options.warmup_steps = 0;
        c.options.learning_rate = 0.01;
        run_steps(&trainer, backend, &c, FIXTURE_STEPS, losses);
        assert_true(trainer.fresh_head);
        assert_true(fabs(losses[0] - log(160)) < (random ? 0.05 : 1));
        assert_true(losses[FIXTURE_STEPS - 1] < losses[0] - 0.3);
        cam_trainer_close(&trainer);
        cam_backend_close(backend);
    }
}

static void test_what_is_refused(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    c.options.rates.frozen_depth = 1;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_USAGE);
    assert_non_null(strstr(cam_status_message(), "frozen"));
    c.options.rates.frozen_depth = 0;
    c.options.masking.probability = 0;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_USAGE);
    c.options.masking.probability = 0.15;
    c.options.masking.share_random = 0.3;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_USAGE);
    c.options.masking.share_random = 0.1;
    c.options.masking.mask_id = 160;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_USAGE);
    c.options.masking.mask_id = FIXTURE_MASK;
    cam_model_config encoder = *c.options.config;
    const cam_model_config *whole = c.options.config;
    encoder.task = CAM_TASK_ENCODER;
    c.options.config = &encoder;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_USAGE);
    c.options.masking.probability = 0;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_USAGE);
    assert_non_null(strstr(cam_status_message(), "teacher"));
    c.options.masking.probability = 0.15;
    c.options.config = whole;
    cam_model_config untied = *c.options.config;
    untied.untied = 1;
    c.options.config = c.options.source.config = &untied;
    assert_int_equal(cam_trainer_open(&trainer, backend, &c.options), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "tie_word_embeddings"));
    c.options.source.keep_head = 0;
    assert_ok(cam_trainer_open(&trainer, backend, &c.options));
    assert_true(trainer.fresh_head);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* Ids are used where they are; the number of tokens is checked before any is read. */
static void test_data_in_place(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_device_data data;
    double losses[1];
    int64_t far[2] = {0, (int64_t)INT32_MAX + 1};
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    run_steps(&trainer, backend, &c, 0, losses);
    assert_ptr_equal(trainer.data.ids.data, c.options.tokens->ids);
    cam_token_rows tokens = {.ids = NULL, .offsets = far, .rows = 1};
    assert_int_equal(cam_device_data_open(&data, backend, &tokens, NULL, NULL, c.options.config), CAM_E_DATA);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* The memory that is planned is the memory that is taken. */
static void test_planned_memory(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_memory_need planned, taken;
    double losses[1];
    cam_backend *backend = fixture_backend(0);
    fixture_masked_case("masked", &c);
    assert_ok(cam_trainer_plan_memory(&c.options, backend, &planned));
    run_steps(&trainer, backend, &c, 1, losses);
    taken = cam_trainer_memory(&trainer);
    assert_int_equal(planned.parameters, taken.parameters);
    assert_true(planned.activations >= taken.activations && planned.activations < 2 * taken.activations);
    cam_trainer_close(&trainer);
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
        cmocka_unit_test(test_masks_depend_on_data_rows),
        cmocka_unit_test(test_masks_change_with_the_epoch),
        cmocka_unit_test(test_chunks_and_micro_batches_add_up),
        cmocka_unit_test(test_a_step_without_a_chosen_token),
        cmocka_unit_test(test_a_step_allocates_nothing),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_filled_places),
        cmocka_unit_test(test_saved_folders),
        cmocka_unit_test(test_fresh_heads),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_data_in_place),
        cmocka_unit_test(test_planned_memory),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
