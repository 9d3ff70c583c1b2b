/* hub_cache.c: finds models in a fake Hugging Face cache with the layout of huggingface_hub. */
#include "hub_cache.h"
#include "temporary_tree.h"

#define COMMIT_A "0123456789abcdef0123456789abcdef01234567"
#define COMMIT_B "89abcdef0123456789abcdef0123456789abcdef"

static const char *const variables[] = {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"};

static int setup(void **state) {
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    int failed = tree_setup(state);
    setenv("HF_HUB_CACHE", ((tree *)*state)->root, 1);
    return failed;
}

static void add_snapshot(const tree *t, const char *repository, const char *ref, const char *commit, int weights) {
    char name[512];
    if (ref) {
        snprintf(name, sizeof name, "%s/refs/%s", repository, ref);
        tree_write_text(t, name, commit);
    }
    snprintf(name, sizeof name, "%s/snapshots/%s/config.json", repository, commit);
    tree_write_text(t, name, "{}");
    snprintf(name, sizeof name, "%s/snapshots/%s/tokenizer.json", repository, commit);
    tree_write_text(t, name, "{}");
    snprintf(name, sizeof name, "%s/snapshots/%s/model.safetensors", repository, commit);
    if (weights)
        tree_write_text(t, name, "");
}

static void assert_found(const tree *t, const char *name, const char *revision, const char *expected) {
    char *folder, *full = tree_path(t, expected);
    if (cam_model_locate(name, revision, CAM_MODEL_WEIGHTS, &folder) != CAM_OK)
        fail_msg("%s", cam_status_message());
    assert_string_equal(folder, full);
    free(folder);
    free(full);
}

static void assert_failure(const char *name, const char *revision, cam_status status, const char *why) {
    char *folder;
    assert_int_equal(cam_model_locate(name, revision, CAM_MODEL_WEIGHTS, &folder), status);
    assert_null(folder);
    if (!strstr(cam_status_message(), why))
        fail_msg("\"%s\" is not in: %s", why, cam_status_message());
}

static void test_snapshots(void **state) {
    add_snapshot(*state, "models--camembert-base", "main", COMMIT_A, 1);
    add_snapshot(*state, "models--camembert-base", "refs/pr/7", COMMIT_B, 1);
    add_snapshot(*state, "models--org--some.model_x", "main", COMMIT_B "\n", 0);
    assert_found(*state, "camembert-base", NULL, "models--camembert-base/snapshots/" COMMIT_A);
    assert_found(*state, "camembert-base", "main", "models--camembert-base/snapshots/" COMMIT_A);
    assert_found(*state, "camembert-base", COMMIT_B, "models--camembert-base/snapshots/" COMMIT_B);
    assert_found(*state, "camembert-base", "refs/pr/7", "models--camembert-base/snapshots/" COMMIT_B);
    assert_failure("camembert-base", "v2", CAM_E_NETWORK, "hf download camembert-base --revision v2");
}

static void test_either_name(void **state) {
    add_snapshot(*state, "models--almanach--camembert-base", "main", COMMIT_A, 1);
    add_snapshot(*state, "models--camembert-large", "main", COMMIT_B, 1);
    assert_found(*state, "camembert-base", NULL, "models--almanach--camembert-base/snapshots/" COMMIT_A);
    assert_found(*state, "almanach/camembert-base", NULL, "models--almanach--camembert-base/snapshots/" COMMIT_A);
    assert_found(*state, "almanach/camembert-large", NULL, "models--camembert-large/snapshots/" COMMIT_B);
    add_snapshot(*state, "models--camembert-base", "main", COMMIT_B, 1);
    assert_found(*state, "camembert-base", NULL, "models--camembert-base/snapshots/" COMMIT_B);
    assert_failure("someone/camembert-base", NULL, CAM_E_NETWORK, "hf download someone/camembert-base");
}

static void test_incomplete(void **state) {
    char *folder;
    assert_failure("camembert-base", NULL, CAM_E_NETWORK, "run \"hf download camembert-base\"");
    add_snapshot(*state, "models--camembert-base", "main", COMMIT_A, 0);
    assert_failure("camembert-base", NULL, CAM_E_NETWORK, "has no weights (model.safetensors)");
    assert_int_equal(cam_model_locate("camembert-base", NULL, CAM_MODEL_CONFIG_ONLY, &folder), CAM_OK);
    free(folder);
    tree_write_text(*state, "models--camembert-base/refs/main", "../../../../etc");
    assert_failure("camembert-base", NULL, CAM_E_NETWORK, "hf download camembert-base");
    tree_write_text(*state, "models--x/snapshots/" COMMIT_B "/pytorch_model.bin", "");
    assert_failure("x", COMMIT_B, CAM_E_NETWORK, "has no config.json");
}

/* What an interrupted download leaves: no tokenizer, only some files of the weights, none that is read. */
static void test_half_filled(void **state) {
    static const char snapshot[] = "models--y/snapshots/" COMMIT_B "/";
    const char *const steps[][3] = {{"config.json", "{}", "has no weights (model.safetensors)"},
                                    {"pytorch_model.bin", "", "has no weights (model.safetensors)"},
                                    {"model.safetensors.index.json",
                                     "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"}}",
                                     "has no complete weights"},
                                    {"1.safetensors", "", "has no complete weights"},
                                    {"2.safetensors", "", "has no tokenizer"}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char name[512];
        snprintf(name, sizeof name, "%s%s", snapshot, steps[i][0]);
        tree_write_text(*state, name, steps[i][1]);
        assert_failure("y", COMMIT_B, CAM_E_NETWORK, steps[i][2]);
    }
    tree_write_text(*state, "models--y/snapshots/" COMMIT_B "/vocab.txt", "");
    assert_found(*state, "y", COMMIT_B, "models--y/snapshots/" COMMIT_B);
}

static void test_names_refused(void **state) {
    (void)state;
    static const char *const names[] = {"a/b/c", "a//b", "/..",  "a/../b", "a/.b",    "a b",      "a\nb", "é/x",
                                        "-a/b",  "a/b-", "a..b", "a/",     "x/$HOME", "a\\..\\b", "a--b", "org/a%2fb"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *folder;
        cam_status st = cam_model_locate(names[i], NULL, CAM_MODEL_WEIGHTS, &folder);
        assert_int_equal(st, names[i][0] == '/' ? CAM_E_MODEL : CAM_E_USAGE);
        assert_null(folder);
    }
    assert_failure("", NULL, CAM_E_USAGE, "empty");
    assert_failure("camembert-base/", NULL, CAM_E_USAGE, "; the model's name is camembert-base");
    assert_failure("https://huggingface.co/almanach/camembert-base/tree/main", NULL, CAM_E_USAGE,
                   "; the model's name is almanach/camembert-base");
    assert_failure("https://huggingface.co/camembert-base", NULL, CAM_E_USAGE, "; the model's name is camembert-base");
    assert_failure("../../no-such-x", NULL, CAM_E_MODEL, "no model folder \"/");
    assert_failure("camembert-base", "../../x", CAM_E_USAGE, "cannot be a revision");
    assert_failure("camembert-base", "/etc", CAM_E_USAGE, "cannot be a revision");
    assert_failure("camembert-base", "a b", CAM_E_USAGE, "cannot be a revision");
}

static void test_paths(void **state) {
    const tree *t = *state;
    char *folder, *local = tree_path(t, "local");
    setenv("HOME", t->root, 1);
    tree_write_text(t, "local/config.json", "{}");
    assert_failure(local, NULL, CAM_E_MODEL, "has no weights");
    tree_write_text(t, "local/model.safetensors.index.json", "{}");
    assert_found(t, local, "ignored by a path/../", "local");
    assert_found(t, "~/local", NULL, "local");
    assert_failure("~/nowhere", NULL, CAM_E_MODEL, "/nowhere\"");
    assert_failure("./nowhere", NULL, CAM_E_MODEL, "/./nowhere\"");
    assert_found(t, "~/local/", NULL, "local/");
    assert_found(t, "~/local/config.json", NULL, "local");
    assert_found(t, "~/local/model.safetensors.index.json", NULL, "local");
    tree_write_text(t, "elsewhere/model.bin", "");
    assert_failure("~/elsewhere/model.bin", NULL, CAM_E_MODEL, "no config.json lies beside it");
    assert_failure("~no-such-user-here/x", NULL, CAM_E_USAGE, "~ is your own home folder only");
    assert_failure("$HOME/local", NULL, CAM_E_USAGE, "neither a folder nor a model");
    assert_failure("./$HOME/local", NULL, CAM_E_MODEL, "variables of the shell are not expanded");
    /* a folder of that name has precedence over the Hub; the test runs in the root of the repository, which has one */
    assert_failure("tests/unit", NULL, CAM_E_MODEL, "has no config.json");
    assert_int_equal(cam_model_locate("examples/untrained-model", NULL, CAM_MODEL_CONFIG_ONLY, &folder), CAM_OK);
    assert_string_equal(folder, "examples/untrained-model");
    free(folder);
    free(local);
}

static void assert_cache(const char *expected) {
    char *folder = cam_hub_cache_folder();
    assert_string_equal(folder, expected);
    free(folder);
}

static void test_cache_folder(void **state) {
    (void)state;
    unsetenv("HF_HUB_CACHE");
    setenv("HOME", "/home/someone", 1);
    assert_cache("/home/someone/.cache/huggingface/hub");
    setenv("XDG_CACHE_HOME", "/xdg", 1);
    assert_cache("/xdg/huggingface/hub");
    setenv("HF_HOME", "~/hf", 1);
    assert_cache("/home/someone/hf/hub");
    setenv("HUGGINGFACE_HUB_CACHE", "/older", 1);
    assert_cache("/older");
    setenv("HF_HUB_CACHE", "/newer", 1);
    assert_cache("/newer");
    setenv("HF_HUB_CACHE", "", 1);
    assert_cache("/older");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_snapshots, setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_either_name, setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_incomplete, setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_half_filled, setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_names_refused, setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_cache_folder, setup, tree_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
