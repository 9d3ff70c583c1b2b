/* fixture.c: see fixture.h. A fixture that cannot be read ends the test program: every test needs it. */
#include "fixture.h"
#include "backend_cpu.h"
#include "backend_cuda.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOLDEN "tests/model/golden/"

enum { ROWS_MAX = 256, ROW_TOKENS_MAX = 64 };

static cam_model_config config, masked_config, encoder_config, teacher_config, student_config;
static cam_weights *weights, *masked_weights, *teacher_weights;
static cam_token_rows rows;
static int32_t *labels;
static char folder[256];

#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        if ((call) != CAM_OK)                                                                                          \
            CAM_BUG("%s", cam_status_message());                                                                       \
    } while (0)

static json_t *load(const char *name) {
    char path[256];
    json_error_t error;
    snprintf(path, sizeof path, GOLDEN "%s.json", name);
    json_t *json = json_load_file(path, 0, &error);
    if (!json)
        CAM_BUG("%s: %s", path, error.text);
    return json;
}

const cam_model_config *fixture_config(void) {
    if (!config.vocab_size)
        MUST(cam_model_config_read(GOLDEN "model/config.json", &config));
    return &config;
}

cam_weights *fixture_weights(void) {
    if (!weights)
        MUST(cam_weights_open(GOLDEN "model", &weights));
    return weights;
}

static const char *device = "cpu";

void fixture_use_device(const char *name) {
    device = name;
}

cam_backend *fixture_backend(int threads) {
    cam_backend *backend = NULL;
    if (strcmp(device, "cuda") == 0)
        MUST(cam_backend_cuda_open(&(cam_cuda_options){0}, &backend));
    else
        MUST(cam_backend_cpu_open(threads, &backend));
    return backend;
}

const cam_token_rows *fixture_rows(const int32_t **row_labels) {
    if (!rows.ids) {
        json_t *json = load("data"), *list = json_object_get(json, "rows");
        size_t count = json_array_size(list), total = 0;
        CAM_ASSERT(count <= ROWS_MAX);
        rows.rows = (int64_t)count;
        rows.offsets = calloc(count + 1, sizeof *rows.offsets);
        rows.ids = calloc(count * ROW_TOKENS_MAX, sizeof *rows.ids);
        labels = calloc(count, sizeof *labels);
        for (size_t r = 0; r < count; r++) {
            json_t *row = json_array_get(list, r), *ids = json_object_get(row, "ids");
            CAM_ASSERT(json_array_size(ids) <= ROW_TOKENS_MAX);
            for (size_t t = 0; t < json_array_size(ids); t++)
                rows.ids[total++] = (int32_t)json_integer_value(json_array_get(ids, t));
            rows.offsets[r + 1] = (int64_t)total;
            labels[r] = (int32_t)json_integer_value(json_object_get(row, "label"));
        }
        json_decref(json);
    }
    *row_labels = labels;
    return &rows;
}

static double number(json_t *settings, const char *key) {
    json_t *value = json_object_get(settings, key);
    if (!json_is_number(value))
        CAM_BUG("the golden case has no number \"%s\"", key);
    return json_number_value(value);
}

static cam_schedule_kind schedule_of(const char *word) {
    int kind = cam_choice_find(cam_words_scheduler, CAM_CHOICE_COUNT_scheduler, word);
    if (kind < 0)
        CAM_BUG("the golden case has the schedule \"%s\"", word);
    return (cam_schedule_kind)kind;
}

static int frozen_depth_of(const char *word) {
    return strcmp(word, "none") == 0      ? 0
           : strcmp(word, "encoder") == 0 ? fixture_config()->num_hidden_layers + 1
           : strcmp(word, "first:1") == 0 ? 2
                                          : 1;
}

static void read_series(json_t *json, const char *key, double out[FIXTURE_STEPS]) {
    json_t *list = json_object_get(json, key);
    CAM_ASSERT(json_array_size(list) == FIXTURE_STEPS);
    for (size_t i = 0; i < FIXTURE_STEPS; i++)
        out[i] = json_number_value(json_array_get(list, i));
}

static int32_t train_rows[ROWS_MAX];

void fixture_case(const char *name, golden_case *golden) {
    json_t *json = load(name), *s = json_object_get(json, "settings"), *w = json_object_get(s, "class_weights");
    const int32_t *row_labels;
    const cam_token_rows *tokens = fixture_rows(&row_labels);
    for (int32_t r = 0; r < tokens->rows; r++)
        train_rows[r] = r;
    *golden = (golden_case){0};
    CAM_ASSERT(json_array_size(w) <= FIXTURE_LABELS);
    for (size_t k = 0; k < json_array_size(w); k++)
        golden->class_weights[k] = (float)json_number_value(json_array_get(w, k));
    golden->options = (cam_trainer_options){
        .config = fixture_config(),
        .source = {.weights = fixture_weights(), .keep_head = 1, .config = fixture_config()},
        .rates = {.frozen_depth = frozen_depth_of(json_string_value(json_object_get(s, "freeze"))),
                  .weight_decay = number(s, "weight_decay"),
                  .decay_bias_and_norm = json_is_true(json_object_get(s, "decay_bias_and_norm")),
                  .layerwise_decay = number(s, "layerwise_lr_decay")},
        .adamw = {.beta1 = number(s, "adam_beta1"),
                  .beta2 = number(s, "adam_beta2"),
                  .eps = number(s, "adam_epsilon"),
                  .max_grad_norm = (float)number(s, "max_grad_norm")},
        .schedule = schedule_of(json_string_value(json_object_get(s, "lr_scheduler_type"))),
        .learning_rate = number(s, "learning_rate"),
        .warmup_steps = (int64_t)number(s, "warmup_steps"),
        .plan = {.batch_rows = (int64_t)number(s, "per_device_train_batch_size"),
                 .accumulation = (int64_t)number(s, "gradient_accumulation_steps"),
                 .max_updates = (int64_t)number(s, "max_steps")},
        .sampling = CAM_SAMPLING_SEQUENTIAL,
        .class_weights = json_is_array(w) ? golden->class_weights : NULL,
        .label_smoothing = (float)number(s, "label_smoothing_factor"),
        .eval_batch_rows = 16,
        .tokens = tokens,
        .labels = row_labels,
        .train = train_rows,
        .train_count = tokens->rows};
    read_series(json, "loss", golden->loss);
    read_series(json, "loss_f64", golden->loss_f64);
    read_series(json, "lr", golden->lr);
    read_series(json, "grad_norm", golden->grad_norm);
    read_series(json, "grad_norm_f64", golden->grad_norm_f64);
    json_decref(json);
}

const unsigned char *fixture_piece_kind(void) {
    static unsigned char kind[FIXTURE_MASK + 1];
    for (int id = 0; id <= FIXTURE_MASK; id++)
        kind[id] = (unsigned char)((id < 7 || id == FIXTURE_MASK ? CAM_PIECE_SPECIAL : 0) |
                                   (id % 3 == 0 ? CAM_PIECE_CONTINUES : 0));
    return kind;
}

void fixture_masked_case(const char *name, golden_case *golden) {
    json_t *json = load(name), *s = json_object_get(json, "settings");
    fixture_case(name, golden);
    if (!masked_config.vocab_size) {
        MUST(cam_model_config_read(GOLDEN "masked_model/config.json", &masked_config));
        masked_config.task = CAM_TASK_MASKED_LM;
        MUST(cam_weights_open(GOLDEN "masked_model", &masked_weights));
    }
    encoder_config = masked_config;
    encoder_config.task = CAM_TASK_ENCODER;
    int is_encoder = number(s, "mlm_probability") <= 0;
    golden->options.config = golden->options.source.config = is_encoder ? &encoder_config : &masked_config;
    golden->options.source.weights = masked_weights;
    golden->options.labels = NULL;
    golden->options.seed = (uint64_t)number(s, "seed");
    golden->options.masking = (cam_masking){.probability = number(s, "mlm_probability"),
                                            .share_mask = number(s, "share_mask"),
                                            .share_random = number(s, "share_random"),
                                            .whole_words = json_is_true(json_object_get(s, "whole_words")),
                                            .mask_id = FIXTURE_MASK,
                                            .piece_kind = fixture_piece_kind()};
    json_decref(json);
}

static cam_teacher teacher_of(json_t *settings) {
    if (!teacher_config.vocab_size) {
        MUST(cam_model_config_read(GOLDEN "teacher_model/config.json", &teacher_config));
        MUST(cam_weights_open(GOLDEN "teacher_model", &teacher_weights));
    }
    return (cam_teacher){.source = {.weights = teacher_weights, .keep_head = 1, .config = &teacher_config},
                         .temperature = (float)number(settings, "temperature"),
                         .alpha = (float)number(settings, "alpha"),
                         .hidden_weight = (float)number(settings, "hidden")};
}

void fixture_distilled_masked_case(const char *name, golden_case *golden) {
    json_t *json = load(name);
    fixture_masked_case(name, golden);
    golden->options.teacher = teacher_of(json_object_get(json, "settings"));
    golden->options.rates.hidden_map = 1;
    json_decref(json);
}

/* Every fourth row has no label. */
static const int32_t *fewer_labels(int64_t count) {
    static int32_t some[ROWS_MAX];
    for (int64_t r = 0; r < count; r++)
        some[r] = r % 4 == 3 ? -1 : labels[r];
    return some;
}

void fixture_distilled_case(const char *name, golden_case *golden) {
    json_t *json = load(name), *s = json_object_get(json, "settings"), *layers = json_object_get(s, "layers");
    fixture_case(name, golden);
    golden->options.teacher = teacher_of(s);
    student_config = teacher_config;
    student_config.num_hidden_layers = (int32_t)json_array_size(layers);
    for (int32_t i = 0; i < student_config.num_hidden_layers; i++)
        golden->layers[i] = (int32_t)json_integer_value(json_array_get(layers, (size_t)i));
    golden->options.config = &student_config;
    golden->options.source = (cam_model_source){.weights = teacher_weights,
                                                .keep_head = 1,
                                                .config = &student_config,
                                                .layers = golden->layers,
                                                .checkpoint_layers = teacher_config.num_hidden_layers};
    golden->options.rates.hidden_map = golden->options.teacher.hidden_weight > 0;
    golden->options.labels = fewer_labels(golden->options.tokens->rows);
    json_decref(json);
}

void fixture_distill(const char *name, golden_case *golden, cam_model_config *model, cam_trainer_options *o) {
    double hidden_dropout = model->hidden_dropout_prob, attention_dropout = model->attention_probs_dropout_prob;
    fixture_distilled_case(name, golden);
    *model = *golden->options.config;
    model->hidden_dropout_prob = hidden_dropout;
    model->attention_probs_dropout_prob = attention_dropout;
    o->config = model;
    o->source = golden->options.source;
    o->source.config = model;
    o->teacher = golden->options.teacher;
    o->rates.hidden_map = golden->options.rates.hidden_map;
    o->labels = golden->options.labels;
}

const char *fixture_temporary(const char *name) {
    static char path[512];
    const char *root = getenv("TMPDIR");
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s/cam-train-model-XXXXXX", root && root[0] ? root : "/tmp");
        CAM_ASSERT(mkdtemp(folder) != NULL);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void fixture_release(void) {
    cam_weights_close(weights);
    cam_weights_close(masked_weights);
    cam_weights_close(teacher_weights);
    cam_model_config_release(&config);
    cam_model_config_release(&masked_config);
    cam_model_config_release(&teacher_config);
    free(rows.ids);
    free(rows.offsets);
    free(labels);
    weights = masked_weights = teacher_weights = NULL;
    rows = (cam_token_rows){0};
    if (folder[0]) {
        unlink(fixture_temporary("model.safetensors"));
        rmdir(folder);
        folder[0] = '\0';
    }
}
