/* allocation.c: every allocation of the host code fails once, alone, and once together with all later ones. The
 * operation then returns CAM_E_MEMORY with a message, or succeeds as usual. It holds no memory after a failure, and
 * none after its release.
 *
 * An operation runs once to count its allocations, and then once for each of them. Of an instruction that allocates
 * repeatedly (a vocabulary), only the first 24 allocations and those whose number is a power of two are tried.
 *
 * Not covered: strbuf.c and pool.c abort by contract when memory runs out, so they are built into this program with an
 * allocator that never fails (tests/CMakeLists.txt). SentencePiece (C++ new), libyaml, utf8proc and OpenMP allocate
 * inside their own shared libraries, which --wrap does not reach. jansson gets our allocator, and its parser fails as a
 * whole (failing_allocator.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit.h"
#include "backend_cpu.h"
#include "describe.h"
#include "detect.h"
#include "failing_allocator.h"
#include "fixture.h"
#include "label_audit.h"
#include "model_tokenizer.h"
#include "run.h"
#include "safetensors_writer.h"
#include "split.h"
#include "temporary_tree.h"
#include <stdlib.h>
#include <string.h>

/* --- the sweep -------------------------------------------------------------------------------------------------- */

enum { FIRST_TURNS = 24 };

/* Runs the operation and releases its result, which it checks where the status is CAM_OK. */
typedef cam_status (*operation)(const tree *t);

static void run_with(operation run, const tree *t, size_t n, failing kind) {
    cam_status_clear();
    arm(n, kind);
    cam_status st = run(t);
    allocator.armed = 0;
    if (st != CAM_OK && st != CAM_E_MEMORY)
        fail_msg("allocation %zu: %s: %s", n, cam_status_name(st), cam_status_message());
    if (st != CAM_OK && (!allocator.failed || !cam_status_message()[0]))
        fail_msg("allocation %zu: %s without a reason", n, cam_status_name(st));
    if (allocator.held_count > 0)
        fail_msg("allocation %zu: %zu blocks are still held (%s)", n, allocator.held_count, cam_status_name(st));
}

static int by_site_and_turn(const void *a, const void *b) {
    const void *const *x = *(const void *const *const *)a, *const *y = *(const void *const *const *)b;
    return *x != *y ? (*x < *y ? -1 : 1) : x < y ? -1 : x > y;
}

/* chosen[i]: allocation i + 1 will fail. */
static void choose(unsigned char *chosen, size_t count) {
    void **sites = malloc(count * sizeof *sites), ***sorted = malloc(count * sizeof *sorted);
    size_t turn = 0;
    memcpy(sites, allocator.site, count * sizeof *sites);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &sites[i];
    qsort(sorted, count, sizeof *sorted, by_site_and_turn);
    for (size_t i = 0; i < count; i++) {
        turn = i > 0 && *sorted[i] == *sorted[i - 1] ? turn + 1 : 1;
        chosen[sorted[i] - sites] = turn <= FIRST_TURNS || (turn & (turn - 1)) == 0;
    }
    free(sites);
    free(sorted);
}

/* `expected` is the least number of allocations: a sweep over none would prove nothing. */
static void sweep(operation run, const tree *t, size_t expected) {
    run_with(run, t, 0, FAIL_ONE); /* the libraries make here what they make once and keep */
    run_with(run, t, 0, FAIL_ONE);
    size_t count = allocator.count, memory_errors = 0;
    assert_in_range(count, expected, SITES);
    unsigned char *chosen = calloc(count, 1);
    choose(chosen, count);
    for (size_t n = 1; n <= count; n++) {
        if (!chosen[n - 1])
            continue;
        run_with(run, t, n, FAIL_ONE);
        run_with(run, t, n, FAIL_ALL_FROM);
        memory_errors += strstr(cam_status_message(), "no memory") != NULL;
    }
    assert_true(memory_errors > 0);
    free(chosen);
}

#define SWEEP(name, expected)                                                                                          \
    static void test_##name(void **state) {                                                                            \
        sweep(name, *state, expected);                                                                                 \
    }

/* --- data ------------------------------------------------------------------------------------------------------- */

/* Quoted, escaped, blank and repeated: the paths that allocate. */
static const char csv[] = "label,text\nA,\"un texte, long\"\nB,deux\n ,\nA,trois\nb,quatre\nB,DEUX.\nA,été\nb,\xC3\xA0 "
                          "bient\xC3\xB4t\nC,cinq\nC,six\nA,sept\nB,huit\n";
static const char tsv[] = "label\ttext\nA\tun\nB\t\"deux\"\nA\ttrois\n";
static const char jsonl[] = "{\"label\":\"A\",\"text\":\"un\"}\n{\"label\":\"B\",\"text\":\"d\\u00e9j\\u00e0\","
                            "\"more\":[1,{\"k\":null}]}\n\n{\"label\":3,\"text\":\"trois\",\"n\":true}\n";

static const char jsonl_with_labels[] = "{\"label\":\"A\",\"text\":\"un\"}\n{\"label\":\"B\",\"text\":\"deux\"}\n"
                                        "{\"label\":\"A\",\"text\":\"trois\"}\n";

static cam_status load(const tree *t, const char *name, size_t rows, cam_on_bad_row on_bad_row, cam_dataset *data) {
    char *path = tree_path(t, name);
    cam_read_options options = {.path = path, .label_required = 1, .on_bad_row = on_bad_row};
    cam_status st = cam_dataset_load(&options, data);
    if (st == CAM_OK)
        assert_int_equal(data->count, rows);
    free(path);
    return st;
}

static cam_status load_and_release(const tree *t, const char *name, size_t rows) {
    cam_dataset data;
    cam_status st = load(t, name, rows, CAM_BAD_ROW_ERROR, &data);
    cam_dataset_release(&data);
    return st;
}

static cam_status load_csv(const tree *t) {
    return load_and_release(t, "data.csv", 11);
}
SWEEP(load_csv, 10)

static cam_status load_tsv(const tree *t) {
    return load_and_release(t, "data.tsv", 3);
}
SWEEP(load_tsv, 10)

static cam_status load_jsonl(const tree *t) {
    return load_and_release(t, "data.jsonl", 3);
}
SWEEP(load_jsonl, 10)

/* A lack of memory never makes a row bad. */
static cam_status load_jsonl_and_skip(const tree *t) {
    cam_dataset data;
    cam_status st = load(t, "data.jsonl", 3, CAM_BAD_ROW_SKIP, &data);
    if (st == CAM_OK)
        assert_int_equal(data.counts.bad_skipped, 0);
    cam_dataset_release(&data);
    return st;
}
SWEEP(load_jsonl_and_skip, 10)

static cam_status detect(const tree *t, const char *name, cam_encoding encoding) {
    cam_detected found;
    char *path = tree_path(t, name);
    cam_status st = cam_detect(&(cam_read_options){.path = path}, &found);
    if (st == CAM_OK) {
        assert_int_equal(found.encoding, encoding);
        assert_true(found.text_column < found.column_count);
    }
    cam_detected_release(&found);
    free(path);
    return st;
}

static cam_status detect_csv(const tree *t) {
    return detect(t, "data.csv", CAM_ENCODING_UTF8);
}
SWEEP(detect_csv, 15)

static cam_status detect_windows_1252(const tree *t) {
    return detect(t, "windows.csv", CAM_ENCODING_WINDOWS_1252);
}
SWEEP(detect_windows_1252, 15)

static cam_status detect_jsonl(const tree *t) {
    return detect(t, "detect.jsonl", CAM_ENCODING_UTF8);
}
SWEEP(detect_jsonl, 15)

static cam_status build_labels(const tree *t) {
    static const char *const list[] = {"A", "B", "C", "b", "D"};
    cam_dataset data = {0};
    cam_labels sorted = {0}, listed = {0};
    cam_strbuf warnings = CAM_STRBUF_INIT;
    int32_t ids[16];
    cam_label_cure cure = {0};
    cam_status st = CAM_OK;
    CAM_TRY(load(t, "data.csv", 11, CAM_BAD_ROW_ERROR, &data));
    CAM_TRY(cam_labels_build(&sorted, &(cam_label_options){.order = CAM_LABELS_SORTED}, &data, NULL));
    CAM_TRY(cam_labels_build(&listed, &(cam_label_options){.order = CAM_LABELS_LIST, .list = list, .list_count = 5},
                             &data, &warnings));
    CAM_TRY(cam_labels_assign(&sorted, &data, ids));
    assert_int_equal(ids[0], 0);
    CAM_TRY(cam_label_audit(&data, "text", "label", &warnings, &cure));
    assert_int_equal(cure.from.count, 1);
out:
    cam_label_cure_release(&cure);
    cam_labels_release(&sorted);
    cam_labels_release(&listed);
    cam_strbuf_release(&warnings);
    cam_dataset_release(&data);
    return st;
}
SWEEP(build_labels, 30)

static cam_status audit(const tree *t) {
    cam_dataset data = {0};
    cam_strbuf warnings = CAM_STRBUF_INIT;
    cam_audit found;
    size_t dropped;
    cam_status st = CAM_OK;
    CAM_TRY(load(t, "data.csv", 11, CAM_BAD_ROW_ERROR, &data));
    const cam_dataset *parts[CAM_PARTS] = {&data};
    CAM_TRY(cam_audit_run(&found, parts));
    assert_int_equal(found.duplicates[CAM_PART_TRAIN].count, 1);
    CAM_TRY(cam_audit_apply(&found, CAM_DUPLICATE_DROP, &data, &warnings, &dropped));
    assert_int_equal(dropped, 1);
out:
    cam_strbuf_release(&warnings);
    cam_dataset_release(&data);
    return st;
}
SWEEP(audit, 18)

static cam_status split(const tree *t) {
    static const int32_t ids[] = {0, 1, 0, 1, 0, 1, 0, 1};
    cam_split plain = {0}, stratified = {0};
    cam_status st = CAM_OK;
    (void)t;
    CAM_TRY(cam_split_rows(&plain, 8, 0.25, 42, NULL, 0, NULL));
    assert_int_equal(plain.test_count, 2);
    CAM_TRY(cam_split_rows(&stratified, 8, 0.25, 42, ids, 2, NULL));
    assert_int_equal(stratified.test_count, 2);
out:
    cam_split_release(&plain);
    cam_split_release(&stratified);
    return st;
}
SWEEP(split, 8)

/* --- configuration ---------------------------------------------------------------------------------------------- */

static cam_status load_config(const tree *t, cam_config *config) {
    char *path = tree_path(t, "run.yaml"), *data = tree_path(t, "data.csv"), *out = tree_path(t, "out");
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
    cam_config config;
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
    cam_config config;
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
    char *model = tree_path(t, "model");
    cam_config config;
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

/* --- models ----------------------------------------------------------------------------------------------------- */

static cam_status read_and_write_config(const tree *t) {
    static const char *const labels[] = {"oui", "non", "peut-être"};
    char *out = tree_path(t, "out.json");
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
    char *folder = tree_path(t, "one");
    cam_status st = copy_weights(t, folder);
    free(folder);
    return st;
}
SWEEP(copy_one_file, 5)

static cam_status copy_shards(const tree *t) {
    char *folder = tree_path(t, "shards");
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
    char *path = tree_path(t, "written.safetensors");
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
    return tokenize("examples/quickstart-model", 27);
}
SWEEP(tokenize_quickstart, 5000)

/* tokenizer.json alone, with a character map. */
static cam_status tokenize_json(const tree *t) {
    char *folder = tree_path(t, "model");
    cam_status st = tokenize(folder, 39);
    free(folder);
    return st;
}
SWEEP(tokenize_json, 25)

static cam_status save_tokenizer(const tree *t) {
    char *folder = tree_path(t, "model"), *to = tree_path(t, "saved");
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
    char *folder = tree_path(t, "trained"), *path = tree_path(t, "trained/model.safetensors");
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

/* --- the folder ------------------------------------------------------------------------------------------------- */

static const char yaml[] = "data:\n  on_duplicate: drop\n  stratify: false\n"
                           "training:\n  class_weights: {A: 2}\n";
static const char tokenizer_json[] =
    "{\"added_tokens\":[{\"id\":3,\"content\":\"<unk>\",\"special\":true},{\"id\":9,\"content\":\"<mask>\","
    "\"special\":true,\"lstrip\":true},{\"id\":10,\"content\":\"Un\",\"normalized\":true}],"
    "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Precompiled\",\"precompiled_charsmap\":"
    "\"BAAAAAAAAAA=\"},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" "
    "\"},{\"type\":\"Replace\","
    "\"pattern\":{\"String\":\"''\"},\"content\":\"'\"}]},"
    "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\"},"
    "\"model\":{\"type\":\"Unigram\",\"unk_id\":3,\"vocab\":[[\"<s>\",0],[\"<pad>\",0],[\"</s>\",0],[\"<unk>\",0],"
    "[\"\xE2\x96\x81\",-2],[\"on\",-3],[\"e\",-4],[\".\",-5],[\"..\",-5.5]";

/* The model has 160 rows, and a tokenizer must have about as many pieces. */
static void write_tokenizer(const tree *t) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, tokenizer_json);
    for (int i = 11; i < 160; i++)
        cam_strbuf_printf(&text, ",[\"%d\",-9]", i);
    cam_strbuf_puts(&text, "]}}");
    tree_write_text(t, "model/tokenizer.json", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

static void write_shards(const tree *t) {
    static const char index[] = "{\"weight_map\":{\"roberta.embeddings.LayerNorm.weight\":\"a.safetensors\"}}";
    char *one = tree_path(t, "one/model.safetensors"), *shard = tree_path(t, "shards/a.safetensors");
    tree_write_text(t, "shards/model.safetensors.index.json", index);
    tree_write_text(t, "one/empty", "");
    assert_int_equal(write_tensors(one), CAM_OK);
    assert_int_equal(write_tensors(shard), CAM_OK);
    free(one);
    free(shard);
}

static int setup(void **state) {
    int failed = tree_setup(state);
    const tree *t = *state;
    if (failed)
        return failed;
    json_set_alloc_funcs(jansson_malloc, free);
    tree_write_text(t, "data.csv", csv);
    tree_write_text(t, "data.tsv", tsv);
    tree_write_text(t, "data.jsonl", jsonl);
    tree_write_text(t, "detect.jsonl", jsonl_with_labels);
    tree_write_text(t, "windows.csv", "label;text\nA;\xE9t\xE9\nB;deux\nA;trois\nB;quatre\n");
    tree_write_text(t, "run.yaml", yaml);
    write_tokenizer(t);
    tree_copy(t, "tests/model/golden/model/config.json", "model/config.json");
    tree_copy(t, "tests/model/golden/model/model.safetensors", "model/model.safetensors");
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
        cmocka_unit_test(test_load_csv),
        cmocka_unit_test(test_load_tsv),
        cmocka_unit_test(test_load_jsonl),
        cmocka_unit_test(test_load_jsonl_and_skip),
        cmocka_unit_test(test_detect_csv),
        cmocka_unit_test(test_detect_windows_1252),
        cmocka_unit_test(test_detect_jsonl),
        cmocka_unit_test(test_build_labels),
        cmocka_unit_test(test_audit),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_read_config),
        cmocka_unit_test(test_open_corpus),
        cmocka_unit_test(test_apply_label_rules),
        cmocka_unit_test(test_explain_split),
        cmocka_unit_test(test_prepare_run),
        cmocka_unit_test(test_read_and_write_config),
        cmocka_unit_test(test_copy_one_file),
        cmocka_unit_test(test_copy_shards),
        cmocka_unit_test(test_write_file),
        cmocka_unit_test(test_tokenize_quickstart),
        cmocka_unit_test(test_tokenize_json),
        cmocka_unit_test(test_save_tokenizer),
        cmocka_unit_test(test_train_whole),
        cmocka_unit_test(test_train_frozen),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
