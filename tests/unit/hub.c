/* hub.c: downloads from tests/hub/server.py, which plays the Hub with its faults. Skipped where there is no python3. */
#include "hub.h"
#include "blob_internal.h"
#include "temporary_tree.h"
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define COMMIT "1111111111111111111111111111111111111111"
enum { WEIGHT_BYTES = 300000 };

static pid_t server;
static cam_hub_options options = {.first_pause_s = 0.01};

static void set_path(const tree *t, const char *variable, const char *name) {
    char *path = tree_path(t, name);
    setenv(variable, path, 1);
    free(path);
}

/* The bytes of a file of the tree, with a NUL behind them, to be freed; NULL where there is none. */
static char *read_file(const tree *t, const char *name) {
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = tree_path(t, name);
    cam_status st = cam_file_exists(path) ? cam_file_read(path, 1 << 24, CAM_E_DATA, &text) : CAM_E_DATA;
    free(path);
    if (st == CAM_OK)
        cam_strbuf_puts(&text, "");
    return st == CAM_OK ? cam_strbuf_detach(&text) : NULL;
}

static void start_server(const tree *t) {
    char *models = tree_path(t, "models"), *ports = tree_path(t, "ports"), *requests = tree_path(t, "requests"), *text;
    char endpoint[64];
    fflush(NULL);
    server = fork();
    if (server == 0) {
        execlp("python3", "python3", "tests/hub/server.py", models, ports, requests, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 600 && !cam_file_exists(ports); i++)
        usleep(50000);
    text = read_file(t, "ports");
    assert_non_null(text);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d/", atoi(text));
    setenv("HF_ENDPOINT", endpoint, 1);
    free(text);
    free(models);
    free(ports);
    free(requests);
}

static int setup(void **state) {
    static const char *const unset[] = {"HF_HUB_CACHE",
                                        "HUGGINGFACE_HUB_CACHE",
                                        "HF_HUB_OFFLINE",
                                        "TRANSFORMERS_OFFLINE",
                                        "HF_TOKEN_PATH",
                                        "HUGGING_FACE_HUB_TOKEN",
                                        "http_proxy",
                                        "all_proxy",
                                        "HF_HUB_DISABLE_IMPLICIT_TOKEN"};
    static unsigned char weights[WEIGHT_BYTES];
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    for (size_t i = 0; i < WEIGHT_BYTES; i++)
        weights[i] = (unsigned char)(i * 2654435761u >> 13);
    if (tree_setup(state) != 0)
        return -1;
    const tree *t = *state;
    set_path(t, "HF_HOME", "home");
    setenv("HF_TOKEN", "hf_right", 1);
    setenv("HF_HUB_DOWNLOAD_TIMEOUT", "2", 1);
    tree_write_text(t, "models/m/config.json", "{\"model_type\": \"camembert\"}");
    tree_write_text(t, "models/m/tokenizer.json", "{}");
    tree_write_text(t, "models/m/pytorch_model.bin", "a pickle");
    tree_write(t, "models/m/model.safetensors", weights, sizeof weights);
    start_server(t);
    return 0;
}

static int teardown(void **state) {
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return tree_teardown(state);
}

static cam_status fetch(const char *id) {
    char *folder;
    cam_status st = cam_hub_fetch(id, NULL, &options, &folder);
    assert_true((st == CAM_OK) == (folder != NULL));
    free(folder);
    return st;
}

/* Every blob has the hash that it is named by, and every file of the snapshot is there. Gives the number of blobs. */
static int check_blobs(const tree *t, const char *model) {
    char name[512];
    int count = 0, is_right;
    snprintf(name, sizeof name, "home/hub/%s/blobs", model);
    char *folder = tree_path(t, name);
    DIR *entries = opendir(folder);
    for (struct dirent *e; entries && (e = readdir(entries)) != NULL;) {
        if (e->d_name[0] == '.' || strstr(e->d_name, ".incomplete"))
            continue;
        char *path = cam_path_join(folder, e->d_name);
        assert_int_equal(cam_hub_hash_check(path, e->d_name, NULL, &is_right), CAM_OK);
        assert_true(is_right);
        free(path);
        count++;
    }
    if (entries)
        closedir(entries);
    free(folder);
    return count;
}

/* One line a request: no other host ever saw the token. */
static void check_requests(const tree *t) {
    char *requests = read_file(t, "requests");
    assert_non_null(requests);
    assert_null(strstr(requests, "wrong-token"));
    for (char *line = strtok(requests, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "store", 5) == 0 && !strstr(line, " no-token"))
            fail_msg("the token went to another host: %s", line);
    free(requests);
}

/* How often the other host was asked for the weights of a model. */
static int transfers(const tree *t, const char *fault) {
    char *requests = read_file(t, "requests"), line[128];
    int count = 0;
    snprintf(line, sizeof line, "store GET /%s/m/model.safetensors", fault);
    for (const char *at = requests; (at = strstr(at, line)) != NULL; at++)
        count++;
    free(requests);
    return count;
}

static void test_faults(void **state) {
    static const struct {
        const char *fault;
        cam_status status;
        const char *message;
    } rows[] = {
        {"acme", CAM_OK, ""},
        {"reset-once", CAM_OK, ""},
        {"bad-hash-once", CAM_OK, ""},
        {"no-range", CAM_OK, ""},
        {"wrong-range", CAM_OK, ""},
        {"busy-once", CAM_OK, ""},
        {"limit-once", CAM_OK, ""},
        {"old", CAM_OK, ""},
        {"mirror", CAM_OK, ""},
        {"drip-once", CAM_OK, ""},
        {"gated", CAM_OK, ""},
        {"private", CAM_OK, ""},
        {"reset", CAM_E_NETWORK, "run \"hf download reset/m\" on a machine that has it"},
        {"short", CAM_E_NETWORK, "the Hub sent 299999 of the 300000 bytes"},
        {"long", CAM_E_NETWORK, "sends more bytes than the file has"},
        {"bad-hash", CAM_E_NETWORK, "arrived twice with another hash"},
        {"html", CAM_E_NETWORK, "answers no JSON"},
        {"tricky", CAM_E_NETWORK, "no commit and list of files"},
        {"loop", CAM_E_NETWORK, "redirects without end"},
        {"busy", CAM_E_NETWORK, "is out of order (503)"},
        {"limit", CAM_E_NETWORK, "try again in 3600 s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[64], folder[64];
        snprintf(id, sizeof id, "%s/m", rows[i].fault);
        snprintf(folder, sizeof folder, "models--%s--m", rows[i].fault);
        cam_status st = fetch(id);
        if (st != rows[i].status || (st != CAM_OK && !strstr(cam_status_message(), rows[i].message)))
            fail_msg("%s: %s: %s", id, cam_status_name(st), st == CAM_OK ? "" : cam_status_message());
        int blobs = check_blobs(*state, folder);
        assert_true(st == CAM_OK ? blobs == 3 : blobs < 3);
    }
    check_requests(*state);
    assert_int_equal(transfers(*state, "acme"), 1);
    assert_int_equal(transfers(*state, "no-range"), 2); /* the second sends all, which is taken */
    assert_int_equal(transfers(*state, "bad-hash"), 2);
    assert_int_equal(transfers(*state, "reset"), 5);
}

static void test_refusals(void **state) {
    setenv("HF_TOKEN", "", 1);
    assert_int_equal(fetch("gated/m"), CAM_E_NETWORK);
    assert_non_null(strstr(cam_status_message(), "/gated/m, then set HF_TOKEN or run \"hf auth login\""));
    assert_int_equal(fetch("private/m"), CAM_E_NETWORK);
    assert_non_null(strstr(cam_status_message(), "a private one needs a token: set HF_TOKEN"));
    assert_int_equal(fetch("camembert-bas"), CAM_E_NETWORK);
    assert_non_null(
        strstr(cam_status_message(), "did you mean \"camembert-base\"? a folder is written \"./camembert-bas\""));
    assert_int_equal(fetch("acme/camembertv2-base"), CAM_E_NETWORK);
    assert_non_null(strstr(cam_status_message(), "did you mean \"almanach/camembertv2-base\"?"));
    tree_write_text(*state, "home/token", "hf_right\n");
    assert_int_equal(fetch("gated/m"), CAM_OK);
    char *folder;
    assert_int_equal(cam_hub_fetch("acme/m", "nightly", &options, &folder), CAM_E_NETWORK);
    assert_string_equal(cam_status_message(), "the model \"acme/m\" has no revision \"nightly\" on the Hub");
    setenv("HF_TOKEN", "two words", 1);
    assert_int_equal(fetch("acme/m"), CAM_E_USAGE);
    assert_null(strstr(cam_status_message(), "two words"));
    setenv("HF_TOKEN", "hf_right", 1);
    setenv("HF_ENDPOINT", "huggingface.co", 1);
    assert_int_equal(fetch("acme/m"), CAM_E_USAGE);
    setenv("HF_ENDPOINT", "http://127.0.0.1:9", 1);
    assert_int_equal(fetch("acme/n"), CAM_E_NETWORK);
    assert_non_null(strstr(cam_status_message(), "run \"hf download acme/n\" on a machine that has it"));
}

static char *sha256_of_weights(void) {
    cam_hub_folders folders;
    char link[512] = "";
    cam_hub_folders_init(&folders, "acme/m", COMMIT);
    char *path = cam_path_join(folders.snapshot, "model.safetensors");
    assert_true(readlink(path, link, sizeof link - 1) > 0);
    free(path);
    cam_hub_folders_release(&folders);
    assert_memory_equal(link, "../../blobs/", 12);
    return strdup(link + 12);
}

static void test_resume_and_repair(void **state) {
    const tree *t = *state;
    char blob[512], part[600], *weights = read_file(t, "models/m/model.safetensors");
    assert_int_equal(fetch("acme/m"), CAM_OK);
    char *etag = sha256_of_weights();
    snprintf(blob, sizeof blob, "home/hub/models--acme--m/blobs/%s", etag);
    snprintf(part, sizeof part, "%s.incomplete", blob);
    char *full = tree_path(t, blob);
    unlink(full);
    tree_write(t, part, weights, 200000);
    assert_int_equal(fetch("acme/m"), CAM_OK);
    char *requests = read_file(t, "requests");
    assert_non_null(strstr(requests, "bytes=200000-"));
    tree_write(t, blob, weights + 1, WEIGHT_BYTES); /* as long, but wrong */
    assert_int_equal(fetch("acme/m"), CAM_OK);
    assert_int_equal(check_blobs(t, "models--acme--m"), 3);
    unlink(full);
    tree_write(t, part, weights + 1, 200000); /* a part that was damaged while nobody looked */
    assert_int_equal(fetch("acme/m"), CAM_OK);
    assert_int_equal(check_blobs(t, "models--acme--m"), 3);
    free(requests);
    free(full);
    free(etag);
    free(weights);
}

/* Without links the snapshot holds the files, and a damaged one is replaced. */
static void test_without_links(void **state) {
    const tree *t = *state;
    static const char file[] = "home/hub/models--acme--m/snapshots/" COMMIT "/model.safetensors";
    struct stat about;
    char *full = tree_path(t, file), *weights = read_file(t, "models/m/model.safetensors");
    setenv("HF_HUB_DISABLE_SYMLINKS", "1", 1);
    assert_int_equal(fetch("acme/m"), CAM_OK);
    assert_true(lstat(full, &about) == 0 && S_ISREG(about.st_mode));
    tree_write(t, file, weights + 1, WEIGHT_BYTES);
    assert_int_equal(fetch("acme/m"), CAM_OK);
    char *repaired = read_file(t, file);
    assert_memory_equal(repaired, weights, WEIGHT_BYTES);
    unsetenv("HF_HUB_DISABLE_SYMLINKS");
    free(repaired);
    free(weights);
    free(full);
}

static int countdown;
static int stop_later(void *context) {
    (void)context;
    return --countdown < 0;
}

static void test_stop(void **state) {
    cam_cancel cancel = {.requested = stop_later};
    char *folder;
    int stopped = 0;
    options.cancel = &cancel;
    countdown = 6;
    while (cam_hub_fetch("slow/m", NULL, &options, &folder) == CAM_E_STOPPED) {
        assert_null(folder);
        assert_non_null(strstr(cam_status_message(), "run the same command again to go on"));
        countdown = 6 + 4 * ++stopped;
        assert_true(stopped < 200);
    }
    options.cancel = NULL;
    assert_non_null(folder);
    free(folder);
    assert_true(stopped > 1);
    assert_int_equal(check_blobs(*state, "models--slow--m"), 3);
}

/* The number of requests so far. */
static int requests(const tree *t) {
    char *text = read_file(t, "requests");
    int lines = 0;
    for (const char *at = text; at && *at; at++)
        lines += *at == '\n';
    free(text);
    return lines;
}

static void test_only_what_is_needed(void **state) {
    const tree *t = *state;
    char *folder;
    assert_int_equal(cam_hub_get("acme/m", NULL, CAM_MODEL_CONFIG_ONLY, &options, &folder), CAM_OK);
    free(folder);
    char *text = read_file(t, "requests");
    assert_null(strstr(text, "model.safetensors"));
    free(text);
    assert_int_equal(cam_hub_get("acme/m", NULL, CAM_MODEL_WEIGHTS, &options, &folder), CAM_OK);
    free(folder);
    text = read_file(t, "requests");
    assert_non_null(strstr(text, "model.safetensors"));
    assert_null(strstr(text, "pytorch_model.bin"));
    free(text);
    int before = requests(t);
    assert_int_equal(cam_hub_get("acme/m", NULL, CAM_MODEL_WEIGHTS, &options, &folder), CAM_OK);
    free(folder);
    assert_int_equal(cam_hub_get("./tests", NULL, CAM_MODEL_WEIGHTS, &options, &folder), CAM_E_MODEL);
    setenv("HF_HUB_OFFLINE", "1", 1);
    assert_int_equal(fetch("acme/m"), CAM_OK);
    assert_int_equal(fetch("acme/n"), CAM_E_NETWORK);
    assert_non_null(strstr(cam_status_message(), "HF_HUB_OFFLINE is set"));
    assert_int_equal(requests(t), before);
    unsetenv("HF_HUB_OFFLINE");
    assert_int_equal(fetch("../../x"), CAM_E_USAGE);
    assert_int_equal(fetch("a/../../x"), CAM_E_USAGE);
    assert_int_equal(requests(t), before);
}

static void test_kinds_of_models(void **state) {
    const tree *t = *state;
    tree_write_text(t, "models/pickle/config.json", "{}");
    tree_write_text(t, "models/pickle/tokenizer.json", "{}");
    tree_write_text(t, "models/pickle/pytorch_model.bin", "");
    assert_int_equal(fetch("acme/pickle"), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "only \"pytorch_model.bin\""));
    tree_write_text(t, "models/adapter/adapter_config.json", "{}");
    assert_int_equal(fetch("acme/adapter"), CAM_E_MODEL);
    tree_write_text(t, "models/many/config.json", "{}");
    tree_write_text(t, "models/many/vocab.txt", "a");
    tree_write_text(t, "models/many/model-1.safetensors", "one");
    tree_write_text(t, "models/many/model-2.safetensors", "two");
    tree_write_text(t, "models/many/model.safetensors.index.json",
                    "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\", \"c\": "
                    "\"model-1.safetensors\"}}");
    assert_int_equal(fetch("acme/many"), CAM_OK);
    assert_int_equal(check_blobs(t, "models--acme--many"), 5);
    tree_write_text(t, "models/evil/config.json", "{}");
    tree_write_text(t, "models/evil/vocab.txt", "a");
    tree_write_text(t, "models/evil/model.safetensors.index.json",
                    "{\"weight_map\": {\"a\": \"../../../x.safetensors\"}}");
    assert_int_equal(fetch("acme/evil"), CAM_E_MODEL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resume_and_repair, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_what_is_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds_of_models, setup, teardown),
    };
    if (system("python3 -c 'import http.server' 2>/dev/null") != 0) {
        printf("SKIP unit_hub: no python3 is installed, and nothing of the Hub was tried\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
