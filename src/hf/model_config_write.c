/* model_config_write.c: writes config.json; see model_config.h. The layout is that of Python's json.dumps(indent=2,
 * sort_keys=True): a file of transformers that is read and written changes only where its values change. */
#include "files.h"
#include "model_config.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cam_status no_memory(void) {
    return cam_fail(CAM_E_MEMORY, "no memory to write a model's configuration");
}

/* --- JSON as Python prints it ---------------------------------------------------------------------------------- */

/* As Python's repr: the shortest digits that read back to the same double, an exponent below 1e-4 and from 1e16 on,
 * always a decimal point or an exponent. */
static void put_real(cam_strbuf *out, double value) {
    char text[40];
    int digits = 1;
    for (; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            break;
    }
    int exponent = atoi(strchr(text, 'e') + 1);
    int decimals = digits - 1 - exponent;
    if (exponent < -4 || exponent >= 16)
        cam_strbuf_puts(out, text);
    else
        cam_strbuf_printf(out, "%.*f", decimals > 1 ? decimals : 1, value);
}

static void put_line(cam_strbuf *out, int level) {
    cam_strbuf_putc(out, '\n');
    for (int i = 0; i < level; i++)
        cam_strbuf_puts(out, "  ");
}

static int is_number(const char *key) {
    return key[0] && key[strspn(key, "0123456789")] == '\0';
}

/* By code point, but "2" before "10": transformers sorts label ids as numbers. */
static int by_key(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t p = strlen(x), q = strlen(y);
    if (is_number(x) && is_number(y) && p != q)
        return p < q ? -1 : 1;
    return strcmp(x, y);
}

static cam_status put_value(cam_strbuf *out, json_t *value, int level);

static cam_status put_object(cam_strbuf *out, json_t *object, int level) {
    cam_status st = CAM_OK;
    size_t count = json_object_size(object), i = 0;
    const char *key;
    json_t *value;
    const char **keys = malloc((count + 1) * sizeof *keys);
    if (!keys)
        return no_memory();
    json_object_foreach(object, key, value) keys[i++] = key;
    qsort(keys, count, sizeof *keys, by_key);
    cam_strbuf_putc(out, '{');
    for (i = 0; i < count; i++) {
        if (i)
            cam_strbuf_putc(out, ',');
        put_line(out, level + 1);
        cam_strbuf_put_json(out, keys[i], strlen(keys[i]));
        cam_strbuf_puts(out, ": ");
        CAM_TRY(put_value(out, json_object_get(object, keys[i]), level + 1));
    }
    if (count)
        put_line(out, level);
    cam_strbuf_putc(out, '}');
out:
    free(keys);
    return st;
}

static cam_status put_array(cam_strbuf *out, json_t *array, int level) {
    cam_status st = CAM_OK;
    size_t i;
    json_t *value;
    cam_strbuf_putc(out, '[');
    json_array_foreach(array, i, value) {
        if (i)
            cam_strbuf_putc(out, ',');
        put_line(out, level + 1);
        CAM_TRY(put_value(out, value, level + 1));
    }
    if (i)
        put_line(out, level);
    cam_strbuf_putc(out, ']');
out:
    return st;
}

static cam_status put_value(cam_strbuf *out, json_t *value, int level) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return put_object(out, value, level);
    case JSON_ARRAY:
        return put_array(out, value, level);
    case JSON_STRING:
        cam_strbuf_put_json(out, json_string_value(value), json_string_length(value));
        return CAM_OK;
    case JSON_INTEGER:
        cam_strbuf_printf(out, "%lld", (long long)json_integer_value(value));
        return CAM_OK;
    case JSON_REAL:
        put_real(out, json_real_value(value));
        return CAM_OK;
    case JSON_TRUE:
        cam_strbuf_puts(out, "true");
        return CAM_OK;
    case JSON_FALSE:
        cam_strbuf_puts(out, "false");
        return CAM_OK;
    case JSON_NULL:
        cam_strbuf_puts(out, "null");
        return CAM_OK;
    }
    CAM_BUG("a JSON value of unknown type");
}

/* --- the fields of a model -------------------------------------------------------------------------------- */

/* Takes ownership of `value`, which is NULL where memory ran out. */
static cam_status set(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) == 0 ? CAM_OK : no_memory();
}

static cam_status set_sizes(json_t *root, const cam_model_config *config) {
    const struct {
        const char *key;
        int32_t value;
    } sizes[] = {
        {"vocab_size", config->vocab_size},
        {"hidden_size", config->hidden_size},
        {"num_hidden_layers", config->num_hidden_layers},
        {"num_attention_heads", config->num_attention_heads},
        {"intermediate_size", config->intermediate_size},
        {"max_position_embeddings", config->max_position_embeddings},
        {"type_vocab_size", config->type_vocab_size},
        {"pad_token_id", config->pad_token_id},
        {"bos_token_id", config->bos_token_id},
        {"eos_token_id", config->eos_token_id},
    };
    cam_status st = CAM_OK;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        CAM_TRY(set(root, sizes[i].key, json_integer(sizes[i].value)));
out:
    return st;
}

static cam_status set_reals(json_t *root, const cam_model_config *config) {
    cam_status st = CAM_OK;
    CAM_TRY(set(root, "layer_norm_eps", json_real(config->layer_norm_eps)));
    CAM_TRY(set(root, "hidden_dropout_prob", json_real(config->hidden_dropout_prob)));
    CAM_TRY(set(root, "attention_probs_dropout_prob", json_real(config->attention_probs_dropout_prob)));
    CAM_TRY(set(root, "initializer_range", json_real(config->initializer_range)));
    CAM_TRY(set(root, "classifier_dropout",
                config->classifier_dropout < 0 ? json_null() : json_real(config->classifier_dropout)));
out:
    return st;
}

static cam_status set_labels(json_t *root, const cam_model_config *config) {
    cam_status st = CAM_OK;
    json_t *names = NULL, *ids = NULL;
    if (config->task != CAM_TASK_CLASSIFY) {
        json_object_del(root, "id2label");
        json_object_del(root, "label2id");
        json_object_del(root, "num_labels");
        return CAM_OK;
    }
    names = json_object();
    CAM_TRY(set(root, "id2label", names));
    ids = json_object();
    CAM_TRY(set(root, "label2id", ids));
    for (int32_t i = 0; i < config->num_labels; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        CAM_TRY(set(names, key, json_string(config->id2label[i])));
        CAM_TRY(set(ids, config->id2label[i], json_integer(i)));
    }
    json_object_del(root, "num_labels"); /* transformers warns where it differs from the size of id2label */
out:
    return st;
}

static cam_status set_threshold(json_t *root, const cam_model_config *config) {
    cam_status st = CAM_OK;
    if (!config->has_threshold || config->task == CAM_TASK_MASKED_LM) {
        json_object_del(root, "score_threshold");
        json_object_del(root, "target_accuracy");
        return CAM_OK;
    }
    CAM_TRY(set(root, "score_threshold", json_real(config->score_threshold)));
    CAM_TRY(set(root, "target_accuracy", json_real(config->target_accuracy)));
out:
    return st;
}

/* transformers 4 reads "torch_dtype"; transformers 5 writes "dtype" and reads both. A model would be loaded in half
 * precision by an old value, so every one that the source has is set. */
static cam_status set_dtype(json_t *root) {
    cam_status st = CAM_OK;
    int has_dtype = json_object_get(root, "dtype") != NULL;
    if (has_dtype)
        CAM_TRY(set(root, "dtype", json_string("float32")));
    if (!has_dtype || json_object_get(root, "torch_dtype"))
        CAM_TRY(set(root, "torch_dtype", json_string("float32")));
out:
    return st;
}

static cam_status set_kind(json_t *root, const cam_model_config *config) {
    cam_status st = CAM_OK;
    json_t *classes = json_array();
    const char *const class_of[] = {[CAM_TASK_CLASSIFY] = config->family->classifier_class,
                                    [CAM_TASK_MASKED_LM] = config->family->masked_lm_class,
                                    [CAM_TASK_ENCODER] = config->family->encoder_class};
    CAM_TRY(set(root, "architectures", classes));
    if (json_array_append_new(classes, json_string(class_of[config->task])) != 0)
        CAM_TRY(no_memory());
    CAM_TRY(set(root, "model_type", json_string(config->family->model_type)));
    if (config->task != CAM_TASK_CLASSIFY && config->untied)
        CAM_TRY(set(root, "tie_word_embeddings", json_true()));
    if (config->task != CAM_TASK_CLASSIFY)
        json_object_del(root, "problem_type");
    else
        CAM_TRY(set(root, "problem_type", json_string("single_label_classification")));
    CAM_TRY(set_dtype(root));
    /* they name code of the source, which is not part of this model */
    json_object_del(root, "auto_map");
    json_object_del(root, "custom_pipelines");
    if (!json_object_get(root, "transformers_version"))
        CAM_TRY(set(root, "transformers_version", json_string("4.46.3"))); /* the version with this layout of files */
out:
    return st;
}

cam_status cam_model_config_write(const cam_model_config *config, const char *path) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    json_t *root = json_copy(config->source);
    if (!root)
        CAM_TRY(no_memory());
    CAM_TRY(set_kind(root, config));
    CAM_TRY(set_sizes(root, config));
    CAM_TRY(set_reals(root, config));
    CAM_TRY(set_labels(root, config));
    CAM_TRY(set_threshold(root, config));
    CAM_TRY(put_object(&text, root, 0));
    cam_strbuf_putc(&text, '\n');
    CAM_TRY(cam_file_write(path, text.text, text.length));
out:
    cam_strbuf_release(&text);
    json_decref(root);
    return st;
}
