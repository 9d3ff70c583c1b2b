/* model_config.c: reads config.json; see model_config.h. All fields are read before the list of problems is reported.
 */
#include "model_config.h"
#include "cam/ops.h"
#include "files.h"
#include "json_size.h"
#include "problems.h"
#include "safetensors.h"
#include "utf8.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Two tables of 65,536 labels, and as much again. */
enum { CONFIG_BYTES = 1 << 24, CONFIG_VALUES = 1 << 19, NONE = -1 };

static const struct integer_field {
    const char *key;
    size_t offset;
    int32_t low, high;
    int32_t fallback; /* transformers' default; NONE = the field is required */
} integers[] = {
    {"vocab_size", offsetof(cam_model_config, vocab_size), 8, 1 << 24, NONE},
    {"hidden_size", offsetof(cam_model_config, hidden_size), 8, CAM_MAX_HIDDEN, NONE},
    {"num_hidden_layers", offsetof(cam_model_config, num_hidden_layers), 1, 1024, NONE},
    {"num_attention_heads", offsetof(cam_model_config, num_attention_heads), 1, 8192, NONE},
    {"intermediate_size", offsetof(cam_model_config, intermediate_size), 8, 1 << 20, NONE},
    {"max_position_embeddings", offsetof(cam_model_config, max_position_embeddings), 4, 1 << 20, NONE},
    {"type_vocab_size", offsetof(cam_model_config, type_vocab_size), 1, 1 << 10, NONE},
    {"pad_token_id", offsetof(cam_model_config, pad_token_id), 0, 1 << 24, 1},
    {"bos_token_id", offsetof(cam_model_config, bos_token_id), 0, 1 << 24, 0},
    {"eos_token_id", offsetof(cam_model_config, eos_token_id), 0, 1 << 24, 2},
};

static const struct real_field {
    const char *key;
    size_t offset;
    double low; /* the value lies in [low, 1) */
    double fallback;
    const char *null_means; /* the meaning of null, where null is allowed */
} reals[] = {
    {"layer_norm_eps", offsetof(cam_model_config, layer_norm_eps), 1e-20, NONE, NULL},
    {"hidden_dropout_prob", offsetof(cam_model_config, hidden_dropout_prob), 0, 0.1, NULL},
    {"attention_probs_dropout_prob", offsetof(cam_model_config, attention_probs_dropout_prob), 0, 0.1, NULL},
    {"initializer_range", offsetof(cam_model_config, initializer_range), 0, 0.02, NULL},
    {"classifier_dropout", offsetof(cam_model_config, classifier_dropout), 0, NONE, "hidden_dropout_prob"},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int32_t *integer_at(cam_model_config *config, const struct integer_field *field) {
    return (int32_t *)(void *)((char *)config + field->offset);
}

static double *real_at(cam_model_config *config, const struct real_field *field) {
    return (double *)(void *)((char *)config + field->offset);
}

static cam_status no_memory(void) {
    return cam_fail(CAM_E_MEMORY, "no memory for a model's configuration");
}

/* --- reading --------------------------------------------------------------------------------------------------- */

typedef struct reader {
    const char *name;
    json_t *root;
    cam_model_config *config;
    cam_problems problems;
} reader;

/* Adds a problem that quotes a value of the file, escaped and truncated. */
static void add_quoted(reader *in, const char *format, const char *text) {
    cam_strbuf quoted = CAM_STRBUF_INIT;
    size_t length = cam_utf8_cut(text, strlen(text), 64);
    cam_strbuf_put_json(&quoted, text, length);
    cam_problems_add(&in->problems, in->name, 0, format, cam_strbuf_text(&quoted));
    cam_strbuf_release(&quoted);
}

static void read_integer(reader *in, const struct integer_field *field) {
    json_t *value = json_object_get(in->root, field->key);
    int32_t *out = integer_at(in->config, field);
    *out = field->fallback;
    if (!value && field->fallback == NONE)
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" is missing", field->key);
    else if (value && !json_is_integer(value))
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" must be a whole number", field->key);
    else if (value && (json_integer_value(value) < field->low || json_integer_value(value) > field->high))
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" is %lld, it must lie in %d .. %d", field->key,
                         (long long)json_integer_value(value), field->low, field->high);
    else if (value)
        *out = (int32_t)json_integer_value(value);
}

static void read_real(reader *in, const struct real_field *field) {
    json_t *value = json_object_get(in->root, field->key);
    double *out = real_at(in->config, field);
    *out = field->fallback;
    if (field->null_means && (!value || json_is_null(value)))
        return;
    if (!value && field->fallback < 0)
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" is missing", field->key);
    else if (value && !json_is_number(value))
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" must be a number", field->key);
    else if (value && (json_number_value(value) < field->low || json_number_value(value) >= 1))
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" is %g, it must be at least %g and below 1", field->key,
                         json_number_value(value), field->low);
    else if (value)
        *out = json_number_value(value);
}

/* A field with one supported value, which is also its default. */
static void require_text(reader *in, const char *key, const char *only) {
    json_t *value = json_object_get(in->root, key);
    if (value && (!json_is_string(value) || strcmp(json_string_value(value), only) != 0))
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" is not \"%s\", the only one that is supported", key, only);
}

static void require_false(reader *in, const char *key) {
    json_t *value = json_object_get(in->root, key);
    if (value && !json_is_false(value) && !json_is_null(value))
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" is not false: a decoder cannot be trained here", key);
}

static void require_empty(reader *in, const char *key, const char *why) {
    json_t *value = json_object_get(in->root, key);
    if (value && !json_is_null(value) && !(json_is_object(value) && json_object_size(value) == 0))
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" is not empty: %s", key, why);
}

static void check_together(reader *in) {
    const cam_model_config *c = in->config;
    if (c->hidden_size % 8 != 0)
        cam_problems_add(&in->problems, in->name, 0, "\"hidden_size\" is %d, it must be a multiple of 8",
                         c->hidden_size);
    if (c->hidden_size % c->num_attention_heads != 0)
        cam_problems_add(&in->problems, in->name, 0,
                         "\"hidden_size\" is %d, it must be a multiple of \"num_attention_heads\", %d", c->hidden_size,
                         c->num_attention_heads);
    const int32_t ids[] = {c->pad_token_id, c->bos_token_id, c->eos_token_id};
    static const char *const names[] = {"pad_token_id", "bos_token_id", "eos_token_id"};
    for (size_t i = 0; i < COUNT(ids); i++)
        if (ids[i] >= c->vocab_size)
            cam_problems_add(&in->problems, in->name, 0, "\"%s\" is %d, past the vocabulary of %d", names[i], ids[i],
                             c->vocab_size);
    if (cam_model_config_max_tokens(c) < 3)
        cam_problems_add(&in->problems, in->name, 0,
                         "\"max_position_embeddings\" is %d: positions start after the pad id, %d, and no text fits",
                         c->max_position_embeddings, c->pad_token_id);
}

static void free_labels(cam_model_config *config) {
    for (int32_t i = 0; config->id2label && i < config->num_labels; i++)
        free(config->id2label[i]);
    free(config->id2label);
    config->id2label = NULL;
    config->num_labels = 0;
}

static cam_status allocate_labels(cam_model_config *config, int32_t count) {
    free_labels(config);
    config->id2label = calloc((size_t)count, sizeof *config->id2label);
    if (!config->id2label)
        return no_memory();
    config->num_labels = count;
    return CAM_OK;
}

/* transformers' names for unnamed labels. */
static cam_status make_default_labels(cam_model_config *config, int32_t count) {
    cam_status st = allocate_labels(config, count);
    for (int32_t i = 0; st == CAM_OK && i < count; i++) {
        cam_strbuf label = CAM_STRBUF_INIT;
        cam_strbuf_printf(&label, "LABEL_%d", i);
        config->id2label[i] = cam_strbuf_detach(&label);
    }
    return st;
}

/* A label as a text, to be freed: transformers also writes numbers and booleans, and shows them as Python prints them.
 * NULL where it is something else. */
static char *label_text(const json_t *label) {
    cam_strbuf text = CAM_STRBUF_INIT;
    if (json_is_string(label))
        cam_strbuf_puts(&text, json_string_value(label));
    else if (json_is_integer(label))
        cam_strbuf_printf(&text, "%lld", (long long)json_integer_value(label));
    else if (json_is_real(label))
        cam_strbuf_put_double(&text, json_real_value(label));
    else if (json_is_boolean(label))
        cam_strbuf_puts(&text, json_is_true(label) ? "True" : "False");
    else
        return NULL;
    if (json_is_real(label) && text.text[strspn(text.text, "-0123456789")] == '\0')
        cam_strbuf_puts(&text, ".0");
    return cam_strbuf_detach(&text);
}

static cam_status read_given_labels(reader *in, json_t *given) {
    cam_status st = CAM_OK;
    size_t count = json_object_size(given);
    json_t *seen = json_object();
    if (!seen)
        CAM_TRY(no_memory());
    CAM_TRY(allocate_labels(in->config, (int32_t)count));
    for (size_t i = 0; i < count; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        json_t *label = json_object_get(given, key);
        char *text = in->config->id2label[i] = label_text(label);
        if (!text) {
            cam_problems_add(&in->problems, in->name, 0,
                             label ? "\"id2label\": the label of \"%zu\" must be a text or a number"
                                   : "\"id2label\" lacks \"%zu\": its keys must be \"0\" to \"%zu\"",
                             i, count - 1);
            break;
        }
        if (json_object_get(seen, text))
            add_quoted(in, "\"id2label\" holds %s twice", text);
        if (json_object_set_new(seen, text, json_true()) != 0)
            CAM_TRY(no_memory());
    }
    in->config->has_labels = 1;
out:
    json_decref(seen);
    return st;
}

static cam_status read_labels(reader *in) {
    json_t *given = json_object_get(in->root, "id2label"), *number = json_object_get(in->root, "num_labels");
    if (!given || json_is_null(given)) {
        json_int_t count = json_is_integer(number) ? json_integer_value(number) : 2;
        if (count < 1 || count > CAM_MODEL_MAX_LABELS)
            cam_problems_add(&in->problems, in->name, 0, "\"num_labels\" must lie in 1 .. %d", CAM_MODEL_MAX_LABELS);
        else
            return make_default_labels(in->config, (int32_t)count);
        return CAM_OK;
    }
    if (!json_is_object(given) || json_object_size(given) == 0 || json_object_size(given) > CAM_MODEL_MAX_LABELS) {
        cam_problems_add(&in->problems, in->name, 0, "\"id2label\" must name 1 to %d labels", CAM_MODEL_MAX_LABELS);
        return CAM_OK;
    }
    return read_given_labels(in, given);
}

/* Whether a class of "architectures" has this ending. */
static int has_head(json_t *root, const char *ending) {
    json_t *classes = json_object_get(root, "architectures"), *name;
    size_t i;
    json_array_foreach(classes, i, name) {
        if (json_is_string(name) && strstr(json_string_value(name), ending))
            return 1;
    }
    return 0;
}

/* The heads of other tasks, by the endings of transformers' classes. */
static const char *other_head(json_t *root) {
    static const struct {
        const char *ending, *description;
    } heads[] = {
        {"ForTokenClassification", "a token classifier"},
        {"ForQuestionAnswering", "a model that answers questions"},
        {"ForMultipleChoice", "a model of multiple choice"},
    };
    for (size_t i = 0; i < COUNT(heads); i++)
        if (has_head(root, heads[i].ending))
            return heads[i].description;
    return NULL;
}

static cam_status read_task(reader *in) {
    json_t *value = json_object_get(in->root, "problem_type");
    const char *text = json_string_value(value);
    cam_model_config *config = in->config;
    config->other_task = other_head(in->root);
    config->untied = json_is_false(json_object_get(in->root, "tie_word_embeddings"));
    if (value && !json_is_null(value) && !text)
        cam_problems_add(&in->problems, in->name, 0, "\"problem_type\" must be a string or null");
    else if (text && strcmp(text, "multi_label_classification") == 0)
        config->other_task = "a multi-label classifier";
    else if ((text && strcmp(text, "regression") == 0) ||
             (!text && config->num_labels == 1 && has_head(in->root, "ForSequenceClassification")))
        config->other_task = "a regression model";
    else if (text && strcmp(text, "single_label_classification") != 0)
        add_quoted(in, "\"problem_type\" %s is not known", text);
    else if (text && !(config->problem_type = strdup(text)))
        return no_memory();
    if (config->other_task)
        config->has_labels = 0;
    return CAM_OK;
}

/* A number of the program's own from 0 to 1; 1 where it is there. */
static int read_own(reader *in, const char *key, double *out) {
    json_t *value = json_object_get(in->root, key);
    int is_good = json_is_number(value) && json_number_value(value) >= 0 && json_number_value(value) <= 1;
    if (!value || json_is_null(value))
        return 0;
    if (is_good)
        *out = json_number_value(value);
    else
        cam_problems_add(&in->problems, in->name, 0, "\"%s\" must be a number from 0 to 1", key);
    return is_good;
}

static void read_threshold(reader *in) {
    cam_model_config *config = in->config;
    config->has_threshold = read_own(in, "score_threshold", &config->score_threshold);
    if (config->has_threshold)
        read_own(in, "target_accuracy", &config->target_accuracy);
}

static cam_status read_model_type(reader *in) {
    const char *text = json_string_value(json_object_get(in->root, "model_type"));
    in->config->family = text ? cam_family_find(text) : NULL;
    if (!text) {
        cam_problems_add(&in->problems, in->name, 0, "\"model_type\" is missing: is this a transformers model?");
    } else if (!in->config->family) {
        cam_strbuf why = CAM_STRBUF_INIT;
        cam_family_refuse(text, &why);
        cam_problems_add(&in->problems, in->name, 0, "%s", cam_strbuf_text(&why));
        cam_strbuf_release(&why);
    }
    return cam_problems_status(&in->problems, CAM_E_MODEL);
}

static cam_status read_fields(reader *in) {
    cam_status st = CAM_OK;
    CAM_TRY(read_model_type(in));
    for (size_t i = 0; i < COUNT(integers); i++)
        read_integer(in, &integers[i]);
    for (size_t i = 0; i < COUNT(reals); i++)
        read_real(in, &reals[i]);
    require_text(in, "hidden_act", "gelu");
    require_text(in, "position_embedding_type", "absolute");
    require_false(in, "is_decoder");
    require_false(in, "add_cross_attention");
    require_empty(in, "pruned_heads", "a model with pruned heads is not supported");
    require_empty(in, "quantization_config", "a quantised model cannot be trained");
    if (in->problems.errors == 0)
        check_together(in);
    CAM_TRY(read_labels(in));
    CAM_TRY(read_task(in));
    read_threshold(in);
    CAM_TRY(cam_problems_status(&in->problems, CAM_E_MODEL));
out:
    return st;
}

cam_status cam_model_config_parse(const char *text, size_t length, const char *name, cam_model_config *config) {
    cam_status st = CAM_OK;
    json_error_t error;
    reader in = {.name = name, .config = config, .problems = CAM_PROBLEMS_INIT};
    const char *mistaken = cam_mistaken_file(text, length);
    *config = (cam_model_config){0};
    if (mistaken)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" %s", name, mistaken);
    if (cam_json_check_size(text, length, CONFIG_VALUES, CAM_JSON_LEVELS) != CAM_OK)
        CAM_FAIL(CAM_E_MODEL, "\"%s\": %s", name, cam_status_message());
    errno = 0; /* jansson reports a syntax error where memory runs out */
    in.root = config->source = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!in.root && errno == ENOMEM)
        CAM_TRY(no_memory());
    if (!json_is_object(in.root))
        CAM_FAIL(CAM_E_MODEL, "%s:%d: this is not a JSON object%s", name, in.root ? 1 : error.line,
                 !in.root && json_error_code(&error) == json_error_duplicate_key ? ": a key occurs twice" : "");
    CAM_TRY(read_fields(&in));
out:
    cam_problems_release(&in.problems);
    if (st != CAM_OK)
        cam_model_config_release(config);
    return st;
}

cam_status cam_model_config_read(const char *path, cam_model_config *config) {
    cam_strbuf text = CAM_STRBUF_INIT;
    *config = (cam_model_config){0};
    cam_status st = cam_file_read(path, CONFIG_BYTES, CAM_E_MODEL, &text);
    if (st == CAM_OK)
        st = cam_model_config_parse(cam_strbuf_text(&text), text.length, path, config);
    cam_strbuf_release(&text);
    return st;
}

void cam_model_config_release(cam_model_config *config) {
    free_labels(config);
    free(config->problem_type);
    json_decref(config->source);
    *config = (cam_model_config){0};
}

double cam_model_config_head_dropout(const cam_model_config *config) {
    return config->classifier_dropout < 0 ? config->hidden_dropout_prob : config->classifier_dropout;
}

int32_t cam_model_config_first_position(const cam_model_config *config) {
    return config->pad_token_id + config->family->position_offset;
}

int32_t cam_model_config_max_tokens(const cam_model_config *config) {
    return config->max_position_embeddings - cam_model_config_first_position(config);
}

cam_status cam_model_config_set_labels(cam_model_config *config, const char *const *labels, int32_t count) {
    CAM_ASSERT(count >= 2 && count <= CAM_MODEL_MAX_LABELS);
    cam_status st = allocate_labels(config, count);
    for (int32_t i = 0; st == CAM_OK && i < count; i++) {
        config->id2label[i] = strdup(labels[i]);
        if (!config->id2label[i])
            st = no_memory();
    }
    config->has_labels = st == CAM_OK;
    return st;
}
