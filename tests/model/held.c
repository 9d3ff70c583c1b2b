/* held.c: what a save needs is held from the load on:
 *   - a run whose checkpoint is closed and written over saves what an undisturbed one saves;
 *   - word rows that no text uses have, at every save, the values of a run that keeps the whole vocabulary;
 *   - a record of updates, given to freshly loaded parameters, gives the same rows;
 *   - the reloaded model is what is saved from then on.
 */
#include "held.h"
#include "files.h"
#include "fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        if ((call) != CAM_OK)                                                                                          \
            fail_msg("%s", cam_status_message());                                                                      \
    } while (0)

enum { STEPS = 3 * CAM_HELD_PASS_UPDATES + 5 };

static golden_case golden;

/* The golden run without end, with weight decay and a rate that is not 0 in the first steps. */
static cam_trainer_options options(void) {
    fixture_case("trainer", &golden);
    golden.options.plan.max_updates = STEPS;
    golden.options.rates.weight_decay = 0.1;
    golden.options.learning_rate = 1e-3;
    golden.options.warmup_steps = 0;
    return golden.options;
}

static void step(cam_trainer *trainer, int steps) {
    cam_step_report report;
    for (int i = 0; i < steps; i++)
        assert_ok(cam_trainer_step_now(trainer, &report));
}

static void save(cam_trainer *trainer, cam_strbuf *bytes) {
    const char *path = fixture_temporary("model.safetensors");
    cam_strbuf_release(bytes);
    assert_ok(cam_trainer_save(trainer, path));
    assert_ok(cam_file_read(path, 1 << 24, CAM_E_MODEL, bytes));
}

static void assert_same_bytes(const cam_strbuf *a, const cam_strbuf *b) {
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->text, b->text, a->length);
}

/* The rows of the options and further ones that use every id and are not trained on. */
typedef struct whole_vocabulary {
    cam_token_rows tokens;
    int32_t *labels;
} whole_vocabulary;

static void use_whole_vocabulary(cam_trainer_options *o, whole_vocabulary *whole) {
    enum { EACH = 32 };
    const cam_token_rows *rows = o->tokens;
    int64_t total = rows->offsets[rows->rows], vocabulary = fixture_config()->vocab_size;
    int64_t extra = (vocabulary + EACH - 1) / EACH;
    whole->tokens = (cam_token_rows){.ids = calloc((size_t)(total + extra * EACH), sizeof(int32_t)),
                                     .offsets = calloc((size_t)(rows->rows + extra + 1), sizeof(int64_t)),
                                     .rows = rows->rows + extra};
    whole->labels = calloc((size_t)whole->tokens.rows, sizeof *whole->labels);
    memcpy(whole->tokens.ids, rows->ids, (size_t)total * sizeof(int32_t));
    memcpy(whole->tokens.offsets, rows->offsets, (size_t)(rows->rows + 1) * sizeof(int64_t));
    memcpy(whole->labels, o->labels, (size_t)rows->rows * sizeof(int32_t));
    for (int64_t i = 0; i < extra * EACH; i++)
        whole->tokens.ids[total + i] = (int32_t)(i % vocabulary);
    for (int64_t r = 0; r < extra; r++)
        whole->tokens.offsets[rows->rows + r + 1] = total + (r + 1) * EACH;
    o->tokens = &whole->tokens;
    o->labels = whole->labels;
}

static void whole_vocabulary_release(whole_vocabulary *whole) {
    free(whole->tokens.ids);
    free(whole->tokens.offsets);
    free(whole->labels);
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

/* Saves after few and after many updates, from the checkpoint and from random values. */
static void test_every_save_equals_that_of_the_whole_vocabulary(void **state) {
    (void)state;
    for (int random = 0; random < 2; random++) {
        cam_trainer_options o = options(), dense = o;
        whole_vocabulary whole;
        cam_trainer a, b;
        cam_strbuf x = CAM_STRBUF_INIT, y = CAM_STRBUF_INIT;
        cam_backend *two = fixture_backend(2), *one = fixture_backend(1);
        if (random)
            o.source.weights = dense.source.weights = NULL;
        use_whole_vocabulary(&dense, &whole);
        assert_ok(cam_trainer_open(&a, two, &o));
        assert_ok(cam_trainer_open(&b, one, &dense));
        assert_true(a.params.word_rows < b.params.word_rows);
        assert_int_equal(cam_trainer_memory(&b).held, 0);
        assert_true(cam_trainer_memory(&a).held >=
                    (size_t)((b.params.word_rows - a.params.word_rows) * a.params.hidden) * sizeof(float));
        static const int saves[] = {0, 1, 0, CAM_HELD_PASS_UPDATES, 2 * CAM_HELD_PASS_UPDATES + 3};
        for (size_t i = 0; i < sizeof saves / sizeof saves[0]; i++) {
            step(&a, saves[i]);
            step(&b, saves[i]);
            save(&a, &x);
            save(&b, &y);
            assert_same_bytes(&x, &y);
        }
        cam_trainer_close(&a);
        cam_trainer_close(&b);
        cam_backend_close(one);
        cam_backend_close(two);
        whole_vocabulary_release(&whole);
        cam_strbuf_release(&x);
        cam_strbuf_release(&y);
    }
}

/* A folder with a copy of the golden checkpoint. */
static void copy_checkpoint(char folder[512], char file[600]) {
    snprintf(folder, 512, "%s-base", fixture_temporary("x"));
    snprintf(file, 600, "%s/model.safetensors", folder);
    assert_ok(cam_directory_make(folder));
    assert_ok(cam_file_copy("tests/model/golden/model/model.safetensors", file));
}

static void test_the_checkpoint_is_read_once(void **state) {
    (void)state;
    cam_trainer_options o = options();
    cam_trainer trainer;
    cam_strbuf due = CAM_STRBUF_INIT, got = CAM_STRBUF_INIT;
    cam_weights *weights = NULL;
    char folder[512], file[600];
    cam_backend *backend = fixture_backend(0);
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    step(&trainer, 40);
    save(&trainer, &due);
    cam_trainer_close(&trainer);

    copy_checkpoint(folder, file);
    assert_ok(cam_weights_open(folder, &weights));
    o.source.weights = weights;
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    cam_weights_close(weights);
    assert_int_equal(truncate(file, 1000), 0);
    step(&trainer, 40);
    save(&trainer, &got);
    assert_same_bytes(&got, &due);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    cam_strbuf_release(&due);
    cam_strbuf_release(&got);
    unlink(file);
    rmdir(folder);
}

static void test_a_record_gives_the_same_rows(void **state) {
    (void)state;
    cam_trainer_options o = options();
    cam_trainer trained, fresh;
    const float *factors;
    cam_backend *backend = fixture_backend(2);
    assert_ok(cam_trainer_open(&trained, backend, &o));
    assert_ok(cam_trainer_open(&fresh, backend, &o));
    step(&trained, STEPS);
    int64_t updates = cam_parameters_recorded(&trained.params, &factors);
    assert_int_equal(updates, STEPS);
    assert_ok(cam_parameters_take_record(&fresh.params, factors, updates));
    cam_held_catch_up(&trained.params);
    cam_held_catch_up(&fresh.params);
    int64_t rows = trained.params.vocab_size - trained.params.word_rows;
    assert_memory_equal(cam_held_row(&trained.params, 0), cam_held_row(&fresh.params, 0),
                        (size_t)(rows * trained.params.hidden) * sizeof(float));
    assert_int_equal(cam_parameters_recorded(&fresh.params, &factors), STEPS);
    cam_trainer_close(&trained);
    cam_trainer_close(&fresh);
    cam_backend_close(backend);
}

static void test_a_record_of_another_run_is_refused(void **state) {
    (void)state;
    cam_trainer_options o = options();
    cam_trainer trainer;
    float factors[STEPS + 1];
    cam_backend *backend = fixture_backend(1);
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    for (int i = 0; i <= STEPS; i++)
        factors[i] = 1;
    assert_int_equal(cam_parameters_take_record(&trainer.params, factors, STEPS + 1), CAM_E_MODEL);
    factors[3] = 1.5f;
    assert_int_equal(cam_parameters_take_record(&trainer.params, factors, STEPS), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "update 4 of the record"));
    assert_int_equal(cam_parameters_take_record(&trainer.params, factors, -1), CAM_E_MODEL);
    assert_ok(cam_parameters_take_record(&trainer.params, factors, 3));
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_a_reloaded_model_is_saved_as_it_was(void **state) {
    (void)state;
    cam_trainer_options o = options();
    cam_trainer trainer;
    cam_strbuf best = CAM_STRBUF_INIT, again = CAM_STRBUF_INIT;
    char folder[512];
    cam_backend *backend = fixture_backend(1);
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    step(&trainer, 7);
    save(&trainer, &best);
    step(&trainer, 7);
    strcpy(folder, fixture_temporary("model.safetensors"));
    *strrchr(folder, '/') = '\0';
    assert_ok(cam_trainer_reload(&trainer, folder));
    save(&trainer, &again);
    assert_same_bytes(&best, &again);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    cam_strbuf_release(&best);
    cam_strbuf_release(&again);
}

static int release(void **state) {
    (void)state;
    fixture_release();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_save_equals_that_of_the_whole_vocabulary),
        cmocka_unit_test(test_the_checkpoint_is_read_once),
        cmocka_unit_test(test_a_record_gives_the_same_rows),
        cmocka_unit_test(test_a_record_of_another_run_is_refused),
        cmocka_unit_test(test_a_reloaded_model_is_saved_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
