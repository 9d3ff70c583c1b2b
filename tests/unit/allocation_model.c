/* allocation_model.c: the sweep of allocation_sweep.h over the files of a model, its tokenizer and its training. */
#include "allocation_sweep.h"
#include "automation.h"
#include "backend_cpu.h"
#include "calibrated_head.h"
#include "calibration.h"
#include "fixture.h"
#include "model_tokenizer.h"
#include "safetensors_writer.h"
#include "trainer_state.h"

/* --- files ------------------------------------------------------------------------------------------------------ */

static cam_status read_and_write_config(const tree *t) {
    static const char *const labels[] = {"oui", "non", "peut-être"};
    char *out = path_of(t, "out.json");
    cam_model_config config = {0};
    cam_status st = CAM_OK;
    CAM_TRY(cam_model_config_read("tests/model/golden/model/config.json", &config));
    assert_int_equal(config.num_labels, FIXTURE_LABELS);
    CAM_TRY(cam_model_config_set_labels(&config, labels, 3));
    CAM_TRY(cam_model_config_write(&config, out));
out:
    cam_model_config_release(&config);
    free(out);
    return st;
}
SWEEP(read_and_write_config, 90)

static cam_status copy_weights(const tree *t, const char *folder) {
    static const cam_weight_wanted one = {.name = "roberta.embeddings.LayerNorm.weight", .ndim = 1, .shape = {8}};
    cam_weights *weights = NULL;
    float values[8] = {0};
    cam_status st = CAM_OK;
    (void)t;
    CAM_TRY(cam_weights_open(folder, &weights));
    CAM_TRY(cam_weights_match(weights, &one, 1));
    CAM_TRY(cam_weights_copy(weights, 0, values));
    assert_true(values[7] == 8);
out:
    cam_weights_close(weights);
    return st;
}

static cam_status copy_one_file(const tree *t) {
    char *folder = path_of(t, "one");
    cam_status st = copy_weights(t, folder);
    free(folder);
    return st;
}
SWEEP(copy_one_file, 5)

static cam_status copy_shards(const tree *t) {
    char *folder = path_of(t, "shards");
    cam_status st = copy_weights(t, folder);
    free(folder);
    return st;
}
SWEEP(copy_shards, 10)

static cam_status write_tensors(const char *path) {
    static const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const int64_t shape[] = {8};
    cam_safetensors_writer *writer = NULL;
    cam_status st = CAM_OK;
    CAM_TRY(cam_safetensors_writer_new(&writer));
    CAM_TRY(cam_safetensors_writer_declare(writer, "roberta.embeddings.LayerNorm.weight", CAM_F32, 1, shape));
    CAM_TRY(cam_safetensors_writer_begin(writer, path));
    CAM_TRY(cam_safetensors_writer_write(writer, values, sizeof values));
    CAM_TRY(cam_safetensors_writer_commit(writer));
out:
    cam_safetensors_writer_free(writer);
    return st;
}

static cam_status write_file(const tree *t) {
    char *path = path_of(t, "written.safetensors");
    cam_status st = write_tensors(path);
    free(path);
    return st;
}
SWEEP(write_file, 3)

/* --- tokenizers ------------------------------------------------------------------------------------------------- */

static cam_status tokenize(const char *folder, int64_t ids) {
    static const cam_text texts[] = {
        {"Bonjour <mask>, o\xC3\xB9 est mon colis ?", 36}, {"anticonstitutionnellement!!!...", 31}, {"", 0}};
    cam_tokenizer *tokenizer = NULL;
    cam_token_rows rows = {0};
    cam_status st = CAM_OK;
    CAM_TRY(cam_model_tokenizer_open(folder, &tokenizer));
    CAM_TRY(cam_tokenizer_encode_all(tokenizer, texts, 3, 0, NULL, &rows));
    assert_int_equal(rows.offsets[3], ids);
out:
    cam_token_rows_release(&rows);
    cam_tokenizer_close(tokenizer);
    return st;
}

/* A folder with both files, which are compared. */
static cam_status tokenize_quickstart(const tree *t) {
    (void)t;
    return tokenize("examples/untrained-model", 27);
}
SWEEP(tokenize_quickstart, 5000)

/* tokenizer.json alone, with a character map. */
static cam_status tokenize_json(const tree *t) {
    char *folder = path_of(t, "model");
    cam_status st = tokenize(folder, 39);
    free(folder);
    return st;
}
SWEEP(tokenize_json, 25)

static cam_status save_tokenizer(const tree *t) {
    char *folder = path_of(t, "model"), *to = path_of(t, "saved");
    cam_tokenizer *tokenizer = NULL;
    cam_status st = CAM_OK;
    CAM_TRY(cam_model_tokenizer_open(folder, &tokenizer));
    CAM_TRY(cam_tokenizer_save(tokenizer, 512, to));
out:
    cam_tokenizer_close(tokenizer);
    free(folder);
    free(to);
    return st;
}
SWEEP(save_tokenizer, 25)

/* --- training --------------------------------------------------------------------------------------------------- */

static golden_case whole, frozen;

/* A step, logits, saving and loading. */
static cam_status train(const tree *t, cam_trainer_options options) {
    char *folder = path_of(t, "trained"), *path = path_of(t, "trained/model.safetensors");
    cam_backend *backend = NULL;
    cam_trainer trainer = {0};
    cam_step_report report;
    float logits[4 * FIXTURE_LABELS];
    cam_status st = CAM_OK;
    options.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    options.source.weights = NULL;
    CAM_TRY(cam_weights_open("tests/model/golden/model", &options.source.weights));
    CAM_TRY(cam_backend_cpu_open(1, &backend));
    CAM_TRY(cam_trainer_open(&trainer, backend, &options));
    CAM_TRY(cam_trainer_step_now(&trainer, &report));
    assert_int_equal(report.step, 1);
    CAM_TRY(cam_trainer_logits(&trainer, options.train, 4, logits));
    CAM_TRY(cam_trainer_save(&trainer, path));
    CAM_TRY(cam_trainer_reload(&trainer, folder));
out:
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
    cam_weights_close(options.source.weights);
    free(folder);
    free(path);
    return st;
}

static cam_status train_whole(const tree *t) {
    return train(t, whole.options);
}
SWEEP(train_whole, 200)

static cam_status train_frozen(const tree *t) {
    return train(t, frozen.options);
}
SWEEP(train_frozen, 200)

/* --- the state of a training ------------------------------------------------------------------------------------- */

/* A source that reads the pieces of a snapshot where they are, since a copy would allocate. */
static const cam_state_piece *piece_of(const cam_trainer_state *state, const char *name) {
    int count;
    const cam_state_piece *pieces = cam_trainer_state_pieces(state, &count);
    for (int i = 0; i < count; i++)
        if (strcmp(pieces[i].name, name) == 0)
            return &pieces[i];
    return NULL;
}

static int64_t piece_size(void *context, const char *name) {
    const cam_state_piece *piece = piece_of(context, name);
    return piece ? (int64_t)piece->count : -1;
}

static cam_status piece_read(void *context, const char *name, uint64_t begin, size_t count, void *to) {
    memcpy(to, (const char *)piece_of(context, name)->bytes + begin, count);
    return CAM_OK;
}

static cam_status stop_and_go_on(const tree *t) {
    cam_trainer_options options = whole.options;
    cam_backend *backend = NULL;
    cam_trainer first = {0}, second = {0};
    cam_trainer_state state = {0};
    cam_step_report report;
    cam_state_source source = {&state, piece_size, piece_read};
    cam_status st = CAM_OK;
    (void)t;
    options.source.weights = NULL;
    CAM_TRY(cam_backend_cpu_open(1, &backend));
    CAM_TRY(cam_trainer_open(&first, backend, &options));
    CAM_TRY(cam_trainer_step_now(&first, &report));
    CAM_TRY(cam_trainer_state_open(&state, &first));
    CAM_TRY(cam_trainer_state_take(&state));
    CAM_TRY(cam_trainer_open(&second, backend, &options));
    CAM_TRY(cam_trainer_state_put(&second, &state.counters, &source));
    CAM_TRY(cam_trainer_step_now(&second, &report));
    assert_int_equal(report.step, 2);
out:
    cam_trainer_state_close(&state);
    cam_trainer_close(&first);
    cam_trainer_close(&second);
    cam_backend_close(backend);
    return st;
}
SWEEP(stop_and_go_on, 60)

static cam_status identify_weights(const tree *t) {
    char *folder = tree_path(t, "shards");
    cam_weights *weights = NULL;
    char hex[CAM_WEIGHTS_IDENTITY_BYTES];
    cam_status st = CAM_OK;
    CAM_TRY(cam_weights_open(folder, &weights));
    CAM_TRY(cam_weights_identity(weights, hex));
    assert_int_equal(strlen(hex), CAM_WEIGHTS_IDENTITY_BYTES - 1);
out:
    cam_weights_close(weights);
    free(folder);
    return st;
}
SWEEP(identify_weights, 10)

/* --- scores ------------------------------------------------------------------------------------------------------ */

static cam_status calibrate(const tree *t) {
    enum { ROWS = 6, K = 2 };
    static const float logits[ROWS * K] = {1, 0, 0, 1, 2, 0, 0, 3, 1, 0, 4, 0};
    static const int32_t label[ROWS] = {0, 1, 0, 1, 1, 0};
    cam_status st = CAM_OK;
    cam_calibration found, applied;
    cam_automation curve;
    cam_automation_point point;
    double score[ROWS];
    unsigned char right[ROWS];
    int is_found = 0;
    char *path = path_of(t, "head.safetensors");
    CAM_TRY(cam_file_copy("tests/model/golden/model/model.safetensors", path));
    CAM_TRY(cam_calibration_fit(logits, label, ROWS, K, &found));
    CAM_TRY(cam_calibration_apply(logits, label, ROWS, K, &found, &applied));
    cam_calibration_scores(logits, label, ROWS, K, found.temperature, score, right);
    CAM_TRY(cam_automation_curve(score, right, ROWS, 0.95, &curve));
    CAM_TRY(cam_automation_find(score, right, ROWS, 0.95, 0.3, &point, &is_found));
    assert_true(found.outcome == CAM_CALIBRATION_KEPT || found.outcome == CAM_CALIBRATION_NOT_BETTER);
    assert_true(is_found && curve.count > 0);
    CAM_TRY(cam_head_divide(path, found.temperature));
out:
    free(path);
    return st;
}
SWEEP(calibrate, 10)

/* --- the folder ------------------------------------------------------------------------------------------------- */

static void write_shards(const tree *t) {
    static const char index[] = "{\"weight_map\":{\"roberta.embeddings.LayerNorm.weight\":\"a.safetensors\"}}";
    char *one = path_of(t, "one/model.safetensors"), *shard = path_of(t, "shards/a.safetensors");
    tree_write_text(t, "shards/model.safetensors.index.json", index);
    tree_write_text(t, "one/empty", "");
    assert_int_equal(write_tensors(one), CAM_OK);
    assert_int_equal(write_tensors(shard), CAM_OK);
    free(one);
    free(shard);
}

static int setup(void **state) {
    int failed = sweep_setup(state);
    const tree *t = *state;
    if (failed)
        return failed;
    write_tokenizer(t);
    tree_copy(t, "tests/model/golden/model/config.json", "model/config.json");
    tree_write_text(t, "saved/empty", "");
    tree_write_text(t, "trained/empty", "");
    write_shards(t);
    fixture_case("class_weights", &whole);
    fixture_case("frozen", &frozen);
    return 0;
}

static int teardown(void **state) {
    fixture_release();
    return tree_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_write_config), cmocka_unit_test(test_copy_one_file),
        cmocka_unit_test(test_copy_shards),           cmocka_unit_test(test_write_file),
        cmocka_unit_test(test_tokenize_quickstart),   cmocka_unit_test(test_tokenize_json),
        cmocka_unit_test(test_save_tokenizer),        cmocka_unit_test(test_train_whole),
        cmocka_unit_test(test_train_frozen),          cmocka_unit_test(test_stop_and_go_on),
        cmocka_unit_test(test_identify_weights),      cmocka_unit_test(test_calibrate),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
