/* weights.c: checkpoint folders: tensors that are used, ignored or refused, and the copied values. */
#include "safetensors_case.h"

#include "files.h"
#include "log.h"
#include "strbuf.h"
#include "weights.h"
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

/* --- test folders ---------------------------------------------------------------------------------------------- */

static cam_strbuf header, data;

/* Adds a tensor to the test file, with these bytes, or with as many counting bytes as its shape needs. */
static void add(const char *name, const char *dtype, const char *shape, const void *bytes, size_t count) {
    cam_strbuf_printf(&header, "%c\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                      header.length ? ',' : '{', name, dtype, shape, data.length, data.length + count);
    for (size_t i = 0; i < count; i++)
        cam_strbuf_putc(&data, bytes ? ((const char *)bytes)[i] : (char)(i % 50));
}

static void finish(const char *name) {
    cam_strbuf_puts(&header, header.length ? "}" : "{}");
    scratch_safetensors(name, header.text, header.length, cam_strbuf_text(&data), data.length);
    cam_strbuf_release(&header);
    cam_strbuf_release(&data);
}

/* A very small encoder, whose names have the given prefix and spelling. */
static void add_encoder(const char *prefix, const char *gamma, const char *beta) {
    static const struct {
        const char *name, *shape;
        size_t values;
    } tensors[] = {
        {"embeddings.word_embeddings.weight", "[6,4]", 24},
        {"embeddings.LayerNorm.%s", "[4]", 4},
        {"embeddings.LayerNorm.%s", "[4]", 4},
        {"encoder.layer.0.intermediate.dense.weight", "[8,4]", 32},
    };
    for (size_t i = 0; i < 4; i++) {
        char name[128], values[128];
        snprintf(name, sizeof name, "%s%s", prefix, tensors[i].name);
        char *spelling = strstr(name, "%s");
        if (spelling)
            strcpy(spelling, i == 1 ? gamma : beta);
        for (size_t v = 0; v < tensors[i].values; v++)
            ((float *)(void *)values)[v] = (float)(i * 100 + v);
        add(name, "F32", tensors[i].shape, values, tensors[i].values * 4);
    }
}

static void add_head(const char *labels) {
    char out_w[16], out_b[16];
    snprintf(out_w, sizeof out_w, "[%s,4]", labels);
    snprintf(out_b, sizeof out_b, "[%s]", labels);
    size_t k = (size_t)atoi(labels);
    add("classifier.dense.weight", "F32", "[4,4]", NULL, 64);
    add("classifier.dense.bias", "F32", "[4]", NULL, 16);
    add("classifier.out_proj.weight", "F32", out_w, NULL, k * 16);
    add("classifier.out_proj.bias", "F32", out_b, NULL, k * 4);
}

enum { ENCODER = 4, WANTED = 8 };

static const cam_weight_wanted *wanted_with(cam_weight_need head) {
    static cam_weight_wanted wanted[WANTED] = {
        {"roberta.embeddings.word_embeddings.weight", 2, {6, 4}, CAM_WEIGHT_REQUIRED},
        {"roberta.embeddings.LayerNorm.weight", 1, {4}, CAM_WEIGHT_REQUIRED},
        {"roberta.embeddings.LayerNorm.bias", 1, {4}, CAM_WEIGHT_REQUIRED},
        {"roberta.encoder.layer.0.intermediate.dense.weight", 2, {8, 4}, CAM_WEIGHT_REQUIRED},
        {"classifier.dense.weight", 2, {4, 4}, CAM_WEIGHT_OPTIONAL},
        {"classifier.dense.bias", 1, {4}, CAM_WEIGHT_OPTIONAL},
        {"classifier.out_proj.weight", 2, {3, 4}, CAM_WEIGHT_OPTIONAL},
        {"classifier.out_proj.bias", 1, {3}, CAM_WEIGHT_OPTIONAL},
    };
    for (size_t i = ENCODER; i < WANTED; i++)
        wanted[i].need = head;
    return wanted;
}

static cam_weights *open_scratch(void) {
    cam_weights *weights;
    if (cam_weights_open(scratch, &weights) != CAM_OK)
        fail_msg("%s", cam_status_message());
    return weights;
}

/* The log lines of a call of match. */
static cam_status match_list(cam_weights *weights, const cam_weight_wanted *wanted, size_t count, cam_strbuf *log) {
    const char *path = scratch_path("log");
    fflush(stderr);
    int keep = dup(STDERR_FILENO), file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(keep >= 0 && file >= 0);
    dup2(file, STDERR_FILENO);
    cam_status st = cam_weights_match(weights, wanted, count);
    fflush(stderr);
    dup2(keep, STDERR_FILENO);
    close(keep);
    close(file);
    cam_strbuf_clear(log);
    assert_int_equal(cam_file_read(path, 1 << 16, CAM_E_DATA, log), CAM_OK);
    return st;
}

static cam_status match_logged(cam_weights *weights, cam_weight_need head, cam_strbuf *log) {
    return match_list(weights, wanted_with(head), WANTED, log);
}

/* --- names ----------------------------------------------------------------------------------------------------- */

static void test_prefixes_and_spellings(void **state) {
    (void)state;
    static const struct {
        const char *prefix, *gamma, *beta;
    } files[] = {{"roberta.", "weight", "bias"}, {"camembert.", "weight", "bias"}, {"", "gamma", "beta"}};
    for (size_t f = 0; f < 3; f++) {
        add_encoder(files[f].prefix, files[f].gamma, files[f].beta);
        finish("model.safetensors");
        cam_weights *weights = open_scratch();
        cam_strbuf log = CAM_STRBUF_INIT;
        assert_int_equal(match_logged(weights, CAM_WEIGHT_OPTIONAL, &log), CAM_OK);
        assert_int_equal(log.length, 0);
        for (size_t i = 0; i < WANTED; i++)
            assert_int_equal(cam_weights_has(weights, i), i < ENCODER);
        float values[32], rows[8];
        for (size_t i = 0; i < ENCODER; i++) {
            assert_int_equal(cam_weights_copy(weights, i, values), CAM_OK);
            for (size_t v = 0; v < (i == 0 ? 24 : i == 3 ? 32 : 4); v++)
                assert_true(values[v] == (float)(i * 100 + v));
        }
        assert_int_equal(cam_weights_copy_rows(weights, 3, 5, 2, rows), CAM_OK);
        for (size_t v = 0; v < 8; v++)
            assert_true(rows[v] == (float)(320 + v));
        assert_null(cam_weights_find(weights, "classifier.out_proj.weight"));
        assert_int_equal(cam_weights_find(weights, "roberta.embeddings.LayerNorm.bias")->count, 4);
        cam_strbuf_release(&log);
        cam_weights_close(weights);
    }
}

/* The tensors of a recorded warning of transformers about camembert-base's masked language model, and the buffers of
 * older files: one line, no warning. */
static void test_expected_surplus(void **state) {
    (void)state;
    add_encoder("roberta.", "weight", "bias");
    add("lm_head.dense.weight", "F32", "[4,4]", NULL, 64);
    add("lm_head.dense.bias", "F32", "[4]", NULL, 16);
    add("lm_head.layer_norm.weight", "F32", "[4]", NULL, 16);
    add("lm_head.layer_norm.bias", "F32", "[4]", NULL, 16);
    add("lm_head.bias", "F32", "[6]", NULL, 24);
    add("lm_head.decoder.weight", "F32", "[6,4]", NULL, 96);
    add("lm_head.decoder.bias", "F32", "[6]", NULL, 24);
    add("roberta.pooler.dense.weight", "F32", "[4,4]", NULL, 64);
    add("roberta.pooler.dense.bias", "F32", "[4]", NULL, 16);
    add("roberta.embeddings.position_ids", "I64", "[1,6]", NULL, 48);
    add("roberta.embeddings.token_type_ids", "I64", "[1,6]", NULL, 48);
    finish("model.safetensors");
    cam_weights *weights = open_scratch();
    cam_strbuf log = CAM_STRBUF_INIT;
    assert_int_equal(match_logged(weights, CAM_WEIGHT_FRESH, &log), CAM_OK);
    assert_non_null(strstr(log.text, "ignored 11 tensors that this model does not use (lm_head, pooler, "
                                     "position_ids, token_type_ids)\n"));
    assert_int_equal(strcspn(log.text, "\n"), log.length - 1);
    assert_null(strstr(log.text, "warning"));
    cam_strbuf_release(&log);
    cam_weights_close(weights);
}

/* A masked language model takes its head; the decoder, in the file a second time, and a classifier's head are no
 * surplus. */
static void test_masked_language_model(void **state) {
    (void)state;
    static const cam_weight_wanted head = {"lm_head.bias", 1, {6}, CAM_WEIGHT_OPTIONAL};
    cam_weight_wanted all[ENCODER + 1];
    memcpy(all, wanted_with(CAM_WEIGHT_FRESH), ENCODER * sizeof *all);
    all[ENCODER] = head;
    for (int classifier = 0; classifier < 2; classifier++) {
        cam_strbuf log = CAM_STRBUF_INIT;
        add_encoder("roberta.", "weight", "bias");
        if (classifier)
            add_head("3");
        else
            add("lm_head.bias", "F32", "[6]", NULL, 24);
        add("lm_head.decoder.weight", "F32", "[6,4]", NULL, 96);
        add("lm_head.decoder.bias", "F32", "[6]", NULL, 24);
        finish("model.safetensors");
        cam_weights *weights = open_scratch();
        assert_int_equal(match_list(weights, all, ENCODER + 1, &log), CAM_OK);
        assert_int_equal(cam_weights_has(weights, ENCODER), !classifier);
        if (classifier)
            assert_non_null(strstr(log.text, "does not use (lm_head, the head of another task)"));
        else
            assert_int_equal(log.length, 0);
        cam_strbuf_release(&log);
        cam_weights_close(weights);
    }
}

static void test_head(void **state) {
    (void)state;
    cam_weights *weights;
    add_encoder("roberta.", "weight", "bias");
    add_head("3");
    finish("model.safetensors");
    weights = open_scratch();
    assert_int_equal(cam_weights_match(weights, wanted_with(CAM_WEIGHT_OPTIONAL), WANTED), CAM_OK);
    for (size_t i = 0; i < WANTED; i++)
        assert_true(cam_weights_has(weights, i));
    cam_weights_close(weights);

    add_encoder("roberta.", "weight", "bias");
    add_head("5");
    finish("model.safetensors");
    weights = open_scratch();
    assert_int_equal(cam_weights_find(weights, "classifier.out_proj.weight")->shape[0], 5);
    assert_int_equal(cam_weights_match(weights, wanted_with(CAM_WEIGHT_OPTIONAL), WANTED), CAM_E_MODEL);
    assert_message("tensor \"classifier.out_proj.weight\" has shape [5, 4], by config.json it must be [3, 4]");
    assert_message("tensor \"classifier.out_proj.bias\" has shape [5]");
    assert_int_equal(cam_weights_match(weights, wanted_with(CAM_WEIGHT_FRESH), WANTED), CAM_OK);
    for (size_t i = 0; i < WANTED; i++)
        assert_int_equal(cam_weights_has(weights, i), i < ENCODER);
    cam_weights_close(weights);

    add_encoder("roberta.", "weight", "bias");
    add("classifier.out_proj.weight", "F32", "[3,4]", NULL, 48);
    add("classifier.dense.bias", "F32", "[4]", NULL, 16);
    finish("model.safetensors");
    weights = open_scratch();
    assert_int_equal(cam_weights_match(weights, wanted_with(CAM_WEIGHT_OPTIONAL), WANTED), CAM_E_MODEL);
    assert_message("tensor \"classifier.dense.weight\" is missing, others of the head are there");
    assert_message("tensor \"classifier.out_proj.bias\" is missing");
    cam_weights_close(weights);
}

/* All problems in one message. */
static void test_wrong_tensors(void **state) {
    (void)state;
    add("roberta.embeddings.word_embeddings.weight", "I8", "[6,4]", NULL, 24);
    add("roberta.embeddings.LayerNorm.weight", "F32", "[1,4]", NULL, 16);
    add("roberta.encoder.layer.0.intermediate.dense.weight", "F16", "[4,8]", NULL, 64);
    add("roberta.encoder.layer.1.intermediate.dense.weight", "F32", "[4]", NULL, 16);
    add("roberta.embeddings.LayerNorm.gamma", "F32", "[4]", NULL, 16);
    add("classifier.other", "F32", "[2,4]", NULL, 32);
    add("lm_headless", "F32", "[1]", NULL, 4);
    finish("model.safetensors");
    cam_weights *weights = open_scratch();
    assert_int_equal(cam_weights_match(weights, wanted_with(CAM_WEIGHT_OPTIONAL), WANTED), CAM_E_MODEL);
    static const char *const fragments[] = {
        "model.safetensors: tensor \"roberta.embeddings.word_embeddings.weight\" has dtype I8, only F32",
        "tensor \"roberta.embeddings.LayerNorm.weight\" has shape [1, 4], by config.json it must be [4]\n",
        "tensor \"roberta.embeddings.LayerNorm.bias\" is missing",
        "dense.weight\" has shape [4, 8], by config.json it must be [8, 4]: it is transposed",
        "tensor \"roberta.encoder.layer.1.intermediate.dense.weight\" has no place",
        "tensor \"roberta.embeddings.LayerNorm.gamma\" has no place",
        "tensor \"classifier.other\" has no place in this model",
        "tensor \"lm_headless\" has no place",
    };
    for (size_t i = 0; i < sizeof fragments / sizeof fragments[0]; i++)
        assert_message(fragments[i]);
    cam_weights_close(weights);
}

/* --- values ---------------------------------------------------------------------------------------------------- */

/* Copies the only tensor of a file, "x". */
static cam_status copy_one(const char *dtype, const char *shape, const void *bytes, size_t count, float *out) {
    static const char pad[] = "lm_head.pad"; /* one byte in front: nothing is aligned */
    cam_weight_wanted wanted = {"classifier.x", 1, {0}, CAM_WEIGHT_REQUIRED};
    add(pad, "U8", "[1]", NULL, 1);
    add("classifier.x", dtype, shape, bytes, count);
    finish("model.safetensors");
    cam_log_set_level(CAM_LOG_QUIET);
    cam_weights *weights = open_scratch();
    wanted.shape[0] = cam_weights_find(weights, "classifier.x")->count;
    assert_int_equal(cam_weights_match(weights, &wanted, 1), CAM_OK);
    cam_log_set_level(CAM_LOG_NORMAL);
    cam_status st = cam_weights_copy(weights, 0, out);
    cam_weights_close(weights);
    return st;
}

/* IEEE 754 binary16, by its definition. */
static double half_value(unsigned bits) {
    int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static void test_every_half(void **state) {
    (void)state;
    static uint16_t halves[63488];
    static float out[63488];
    size_t n = 0;
    for (unsigned bits = 0; bits < 65536; bits++)
        if ((bits & 0x7c00) != 0x7c00)
            halves[n++] = (uint16_t)bits;
    assert_int_equal(n, 63488);
    assert_int_equal(copy_one("F16", "[63488]", halves, sizeof halves, out), CAM_OK);
    for (size_t i = 0; i < n; i++) {
        double expected = half_value(halves[i]);
        assert_true((double)out[i] == expected && !signbit(out[i]) == !signbit(expected));
    }
}

static void test_other_dtypes(void **state) {
    (void)state;
    static const uint16_t brain[] = {0x3f80, 0xbfc0, 0x0001, 0x8000, 0x7f7f};
    static const uint32_t brain_f32[] = {0x3f800000, 0xbfc00000, 0x00010000, 0x80000000, 0x7f7f0000};
    static const double wide[] = {1.0 / 3, -0.0, 3.4028234663852886e38, 1e-46, 1e-40};
    static const uint32_t single[] = {0x00000001, 0x807fffff, 0x7f7fffff, 0xff7fffff, 0x3eaaaaab};
    float out[5];
    assert_int_equal(copy_one("BF16", "[5]", brain, sizeof brain, out), CAM_OK);
    assert_memory_equal(out, brain_f32, sizeof out);
    assert_int_equal(copy_one("F32", "[5]", single, sizeof single, out), CAM_OK);
    assert_memory_equal(out, single, sizeof out);
    assert_int_equal(copy_one("F64", "[5]", wide, sizeof wide, out), CAM_OK);
    for (size_t i = 0; i < 5; i++)
        assert_true(out[i] == (float)wide[i] && !signbit(out[i]) == !signbit(wide[i]));
}

/* One bad value: first, last, and on each side of a border between the blocks of a copy. */
static void test_not_finite(void **state) {
    (void)state;
    enum { N = (1 << 18) + 3 };
    static const size_t places[] = {0, (1 << 18) - 1, 1 << 18, N - 1};
    static const uint32_t bad[] = {0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001};
    static const struct {
        const char *dtype;
        uint16_t bits;
    } bad_halves[] = {{"F16", 0x7c00}, {"F16", 0xfc01}, {"BF16", 0x7f80}, {"BF16", 0xffc0}};
    static uint32_t values[N];
    static float out[N];
    char fragment[128];
    for (size_t i = 0; i < 4; i++) {
        values[places[i]] = bad[i];
        assert_int_equal(copy_one("F32", "[262147]", values, sizeof values, out), CAM_E_MODEL);
        snprintf(fragment, sizeof fragment,
                 "tensor \"classifier.x\" holds NaN, infinity or more than f32 can hold "
                 "(value %zu)",
                 places[i]);
        assert_message(fragment);
        values[places[i]] = 0x3f800000;
    }
    for (size_t i = 0; i < 4; i++) {
        const uint16_t halves[] = {0x3c00, bad_halves[i].bits};
        assert_int_equal(copy_one(bad_halves[i].dtype, "[2]", halves, sizeof halves, out), CAM_E_MODEL);
        assert_message("(value 1)");
    }
    const double wide[] = {1, 2, 1e39};
    assert_int_equal(copy_one("F64", "[3]", wide, sizeof wide, out), CAM_E_MODEL);
    assert_message("(value 2)");
}

/* Several threads copy the blocks of a tensor: all arrive, and of several bad values the first one is named. */
static void test_many_blocks(void **state) {
    (void)state;
    enum { N = 11 * (1 << 16) + 5 };
    static float values[N], out[N];
    for (size_t i = 0; i < N; i++)
        values[i] = (float)i;
    assert_int_equal(copy_one("F32", "[720901]", values, sizeof values, out), CAM_OK);
    assert_memory_equal(out, values, sizeof out);
    values[(8 << 16) + 3] = values[(5 << 16) + 7] = values[N - 1] = NAN;
    assert_int_equal(copy_one("F32", "[720901]", values, sizeof values, out), CAM_E_MODEL);
    assert_message("(value 327687)");
}

/* --- folders --------------------------------------------------------------------------------------------------- */

static void write_text(const char *name, const char *text) {
    scratch_write(name, text, strlen(text));
}

static void assert_not_opened(const char *fragment) {
    cam_weights *weights;
    assert_int_equal(cam_weights_open(scratch, &weights), CAM_E_MODEL);
    assert_null(weights);
    assert_message(fragment);
}

static void test_shards(void **state) {
    (void)state;
    unlink(scratch_path("model.safetensors"));
    add("classifier.x", "F32", "[2]", "\0\0\200?\0\0\0@", 8);
    finish("model-00001-of-00002.safetensors");
    add("a", "F32", "[1]", NULL, 4);
    add("b", "F32", "[1]", "\0\0\0@", 4);
    finish("model-00002-of-00002.safetensors");
    static const char index[] = "model.safetensors.index.json";
#define ROW(tensor, shard) "\"" tensor "\":\"model-0000" shard "-of-00002.safetensors\""
    write_text(index, "{\"weight_map\":{" ROW("a", "2") "," ROW("classifier.x", "1") "," ROW("b", "2") "}}");
    cam_weights *weights = open_scratch();
    const cam_weight_wanted wanted[] = {{"b", 1, {1}, CAM_WEIGHT_REQUIRED},
                                        {"classifier.x", 1, {2}, CAM_WEIGHT_REQUIRED},
                                        {"a", 1, {1}, CAM_WEIGHT_REQUIRED}};
    float values[2];
    assert_int_equal(cam_weights_match(weights, wanted, 3), CAM_OK);
    assert_int_equal(cam_weights_copy(weights, 0, values), CAM_OK);
    assert_true(values[0] == 2);
    assert_int_equal(cam_weights_copy(weights, 1, values), CAM_OK);
    assert_true(values[0] == 1 && values[1] == 2);
    cam_weights_close(weights);

    write_text(index, "{\"weight_map\":{" ROW("a", "1") "," ROW("classifier.x", "1") "," ROW("b", "2") "}}");
    assert_not_opened("tensor \"a\" is not in \"model-00001-of-00002.safetensors\", the file that it names");
    write_text(index, "{\"weight_map\":{" ROW("a", "2") "," ROW("classifier.x", "1") "}}");
    assert_not_opened("holds 2 tensors");
    write_text(index, "{\"weight_map\":{" ROW("a", "2") "," ROW("classifier.x", "3") "," ROW("b", "2") "}}");
    assert_not_opened("names \"model-00003-of-00002.safetensors\", which is missing");
    write_text(index, "{\"weight_map\":{\"a\":\"../model.safetensors\"}}");
    assert_not_opened("neither '/' nor \"..\"");
    unlink(scratch_path(index));
}

static void test_folders_without(void **state) {
    (void)state;
    unlink(scratch_path("model.safetensors"));
    assert_not_opened("has no model.safetensors and no model.safetensors.index.json");
    write_text("pytorch_model.bin", "cposix\nsystem\n(S'echo broken'\ntR.");
    assert_not_opened("only \"pytorch_model.bin\": a pickle, which could run code and is never read");
    assert_message("save_pretrained");
    write_text("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 445032417\n");
    assert_not_opened("is a Git LFS pointer");
    write_text("model.safetensors", "<!doctype html><title>Entry not found</title>");
    assert_not_opened("is a web page");
    cam_weights *weights;
    assert_int_equal(cam_weights_open("/nowhere/model", &weights), CAM_E_MODEL);
    assert_message("\"/nowhere/model\" is not a folder");
    unlink(scratch_path("pytorch_model.bin"));
}

/* The fixture of transformers: every tensor is used, and its values are copied bit for bit. */
static void test_golden(void **state) {
    (void)state;
    cam_safetensors file;
    cam_weights *weights;
    cam_weight_wanted wanted[64] = {0};
    assert_int_equal(cam_safetensors_open("tests/model/golden/model/model.safetensors", &file), CAM_OK);
    assert_int_equal(cam_weights_open("tests/model/golden/model", &weights), CAM_OK);
    assert_true(file.count <= 64);
    for (size_t i = 0; i < file.count; i++) {
        wanted[i] = (cam_weight_wanted){.name = file.tensors[i].name, .ndim = file.tensors[i].ndim};
        memcpy(wanted[i].shape, file.tensors[i].shape, sizeof wanted[i].shape);
    }
    assert_int_equal(cam_weights_match(weights, wanted, file.count), CAM_OK);
    for (size_t i = 0; i < file.count; i++) {
        const cam_safetensors_tensor *t = &file.tensors[i];
        float *values = malloc(2 * t->bytes);
        assert_non_null(values);
        assert_int_equal(cam_weights_copy(weights, i, values), CAM_OK);
        assert_int_equal(cam_safetensors_read(&file, t, 0, t->bytes, values + t->count), CAM_OK);
        assert_memory_equal(values, values + t->count, t->bytes);
        free(values);
    }
    assert_int_equal(cam_weights_check_unchanged(weights), CAM_OK);
    cam_weights_close(weights);
    cam_safetensors_close(&file);
}

/* A folder whose file is cut or written to after it was opened is refused: no signal, and no values of two models. */
static void test_changed_while_open(void **state) {
    (void)state;
    cam_strbuf bytes = CAM_STRBUF_INIT;
    cam_weight_wanted wanted = {.name = "roberta.embeddings.LayerNorm.bias", .ndim = 1, .shape = {32}};
    float values[32];
    assert_int_equal(cam_file_read("tests/model/golden/model/model.safetensors", 1 << 20, CAM_E_MODEL, &bytes), CAM_OK);
    for (int cut = 0; cut < 2; cut++) {
        cam_weights *weights;
        const char *path = scratch_write("model.safetensors", bytes.text, bytes.length);
        const struct timespec earlier[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
        assert_int_equal(utimensat(AT_FDCWD, path, earlier, 0), 0); /* the clock of files has coarse steps */
        assert_int_equal(cam_weights_open(scratch, &weights), CAM_OK);
        assert_int_equal(cam_weights_match(weights, &wanted, 1), CAM_E_MODEL); /* the other tensors are surplus */
        assert_int_equal(cam_weights_check_unchanged(weights), CAM_OK);
        if (cut) {
            assert_int_equal(truncate(path, 1000), 0);
            assert_int_equal(cam_weights_copy(weights, 0, values), CAM_E_MODEL);
            assert_message("was cut short while it was read");
        } else {
            scratch_write("model.safetensors", bytes.text, bytes.length);
            assert_int_equal(cam_weights_copy(weights, 0, values), CAM_OK);
        }
        assert_int_equal(cam_weights_check_unchanged(weights), CAM_E_MODEL);
        assert_message("was changed while it was read");
        cam_weights_close(weights);
    }
    unlink(scratch_path("model.safetensors"));
    cam_strbuf_release(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed_while_open),
        cmocka_unit_test(test_prefixes_and_spellings),
        cmocka_unit_test(test_expected_surplus),
        cmocka_unit_test(test_masked_language_model),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_wrong_tensors),
        cmocka_unit_test(test_every_half),
        cmocka_unit_test(test_other_dtypes),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_many_blocks),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_folders_without),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
