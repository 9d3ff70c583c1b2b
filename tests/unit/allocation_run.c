/* allocation_run.c: the sweep of allocation_sweep.h over a run from its configuration to its preparation. */
#include "allocation_sweep.h"
#include "describe.h"
#include "run.h"

static const char yaml[] = "data:\n  on_duplicate: drop\n  stratify: false\n"
                           "training:\n  class_weights: {A: 2}\n";

static cam_status load_config(const tree *t, cam_config *config) {
    char *path = path_of(t, "run.yaml"), *data = path_of(t, "data.csv"), *out = path_of(t, "out");
    cam_problems problems = CAM_PROBLEMS_INIT;
    cam_status st = cam_config_load(config, (const char *const[]){path}, 1,
                                    (const char *const[]){"learning_rate=3e-5", "labels=[A, B, b, C]"}, 2, &problems);
    if (st == CAM_OK) {
        config->train_file = cam_config_keep(config, data);
        config->output_dir = cam_config_keep(config, out);
    }
    cam_problems_release(&problems);
    free(path);
    free(data);
    free(out);
    return st;
}

static cam_status read_config(const tree *t) {
    cam_config config;
    cam_status st = load_config(t, &config);
    if (st == CAM_OK)
        assert_int_equal(config.class_weights.count, 1);
    cam_config_release(&config);
    return st;
}
SWEEP(read_config, 1)

static cam_status open_corpus(const tree *t) {
    cam_config config = {0};
    cam_corpus corpus = {0};
    cam_status st = CAM_OK;
    CAM_TRY(load_config(t, &config));
    CAM_TRY(cam_corpus_open(&corpus, &config, NULL));
    assert_int_equal(corpus.rows, 10);
out:
    cam_corpus_close(&corpus);
    cam_config_release(&config);
    return st;
}
SWEEP(open_corpus, 40)

/* Labels A and B, renamed, folded and without the rare one; or a split that fails, with what it proposes. */
static cam_status open_with_rules(const tree *t, int stratify) {
    static const cam_pair map[] = {{"C", "a"}};
    cam_config config = {0};
    cam_corpus corpus = {0};
    cam_status st = CAM_OK;
    CAM_TRY(load_config(t, &config));
    config.labels = (cam_config_labels){.kind = CAM_LABELS_SORTED};
    config.class_weights = (cam_config_weights){.kind = CAM_CONFIG_CLASS_WEIGHTS_NONE};
    config.label_map = (cam_config_map){map, 1};
    config.label_case = stratify ? CAM_LABEL_CASE_KEEP : CAM_LABEL_CASE_FOLD;
    config.min_rows_per_label = stratify ? 1 : 2;
    config.on_duplicate = CAM_DUPLICATE_WARN;
    config.stratify = stratify;
    CAM_TRY(cam_corpus_open(&corpus, &config, NULL));
    assert_int_equal(corpus.labels.count, 2);
    assert_int_equal(corpus.duplicates, 1);
out:
    cam_corpus_close(&corpus);
    cam_config_release(&config);
    return st;
}

static cam_status apply_label_rules(const tree *t) {
    return open_with_rules(t, 0);
}
SWEEP(apply_label_rules, 60)

static cam_status explain_split(const tree *t) {
    cam_status st = open_with_rules(t, 1);
    return st == CAM_E_DATA && strstr(cam_status_message(), "hint: set 'label_map=") ? CAM_OK : st;
}
SWEEP(explain_split, 60)

static cam_status prepare_run(const tree *t) {
    char *model = path_of(t, "model");
    cam_config config = {0};
    cam_run run = {0};
    cam_strbuf said = CAM_STRBUF_INIT;
    cam_status st = CAM_OK;
    CAM_TRY(load_config(t, &config));
    config.model_name_or_path = cam_config_keep(&config, model);
    CAM_TRY(cam_run_prepare(&run, &config, NULL, NULL));
    assert_int_equal(run.corpus.tokens.rows, 10);
    cam_run_describe(&run, &said);
out:
    cam_run_close(&run);
    cam_config_release(&config);
    cam_strbuf_release(&said);
    free(model);
    return st;
}
SWEEP(prepare_run, 150)

static int setup(void **state) {
    int failed = sweep_setup(state);
    const tree *t = *state;
    if (failed)
        return failed;
    tree_write_text(t, "data.csv", allocation_csv);
    tree_write_text(t, "run.yaml", yaml);
    write_tokenizer(t);
    tree_copy(t, "tests/model/golden/model/config.json", "model/config.json");
    tree_copy(t, "tests/model/golden/model/model.safetensors", "model/model.safetensors");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_config),       cmocka_unit_test(test_open_corpus),
        cmocka_unit_test(test_apply_label_rules), cmocka_unit_test(test_explain_split),
        cmocka_unit_test(test_prepare_run),
    };
    return cmocka_run_group_tests(tests, setup, tree_teardown);
}
