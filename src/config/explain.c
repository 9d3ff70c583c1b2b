/* explain.c: messages about keys and sections that are unknown or in the wrong place. */
#include "bytes_internal.h"
#include "nearest.h"
#include "schema.h"
#include <stdint.h>
#include <string.h>

/* Keys and values of the specification that this version does not have. A NULL leaf stands for a whole section. */
static const struct {
    const char *section, *leaf;
} later_keys[] = {
    {"checkpoint", NULL},
    {"checkpoint", "save_strategy"},
    {"checkpoint", "save_steps"},
    {"checkpoint", "save_total_limit"},
    {"checkpoint", "resume_from_checkpoint"},
};
static const struct {
    cam_config_key key;
    const char *word;
} later_words[] = {
    {CAM_KEY_report_to, "html"},
    {CAM_KEY_report_to, "tensorboard"},
};

/* Names that other tools have for these keys. */
static const struct {
    const char *name;
    cam_config_key key;
} foreign_names[] = {
    {"lr", CAM_KEY_learning_rate},
    {"learning_rate_init", CAM_KEY_learning_rate},
    {"epoch", CAM_KEY_num_train_epochs},
    {"epochs", CAM_KEY_num_train_epochs},
    {"n_epochs", CAM_KEY_num_train_epochs},
    {"num_epochs", CAM_KEY_num_train_epochs},
    {"max_epochs", CAM_KEY_num_train_epochs},
    {"steps", CAM_KEY_max_steps},
    {"bs", CAM_KEY_per_device_train_batch_size},
    {"batch", CAM_KEY_per_device_train_batch_size},
    {"batch_size", CAM_KEY_per_device_train_batch_size},
    {"train_batch_size", CAM_KEY_per_device_train_batch_size},
    {"per_gpu_train_batch_size", CAM_KEY_per_device_train_batch_size},
    {"eval_batch_size", CAM_KEY_per_device_eval_batch_size},
    {"valid_batch_size", CAM_KEY_per_device_eval_batch_size},
    {"per_gpu_eval_batch_size", CAM_KEY_per_device_eval_batch_size},
    {"accumulate_grad_batches", CAM_KEY_gradient_accumulation_steps},
    {"accumulation_steps", CAM_KEY_gradient_accumulation_steps},
    {"grad_accum", CAM_KEY_gradient_accumulation_steps},
    {"grad_accumulation_steps", CAM_KEY_gradient_accumulation_steps},
    {"model", CAM_KEY_model_name_or_path},
    {"model_name", CAM_KEY_model_name_or_path},
    {"model_path", CAM_KEY_model_name_or_path},
    {"pretrained_model", CAM_KEY_model_name_or_path},
    {"pretrained_model_name_or_path", CAM_KEY_model_name_or_path},
    {"max_len", CAM_KEY_max_seq_length},
    {"maxlen", CAM_KEY_max_seq_length},
    {"max_length", CAM_KEY_max_seq_length},
    {"max_seq_len", CAM_KEY_max_seq_length},
    {"seq_len", CAM_KEY_max_seq_length},
    {"n_classes", CAM_KEY_num_labels},
    {"num_classes", CAM_KEY_num_labels},
    {"dropout", CAM_KEY_classifier_dropout},
    {"freeze_layers", CAM_KEY_freeze},
    {"layer_decay", CAM_KEY_layerwise_lr_decay},
    {"llrd", CAM_KEY_layerwise_lr_decay},
    {"wd", CAM_KEY_weight_decay},
    {"l2", CAM_KEY_weight_decay},
    {"beta1", CAM_KEY_adam_beta1},
    {"beta2", CAM_KEY_adam_beta2},
    {"eps", CAM_KEY_adam_epsilon},
    {"epsilon", CAM_KEY_adam_epsilon},
    {"adam_eps", CAM_KEY_adam_epsilon},
    {"clip", CAM_KEY_max_grad_norm},
    {"grad_clip", CAM_KEY_max_grad_norm},
    {"clip_grad_norm", CAM_KEY_max_grad_norm},
    {"gradient_clip_val", CAM_KEY_max_grad_norm},
    {"scheduler", CAM_KEY_lr_scheduler_type},
    {"lr_scheduler", CAM_KEY_lr_scheduler_type},
    {"warmup", CAM_KEY_warmup_ratio},
    {"warmup_proportion", CAM_KEY_warmup_ratio},
    {"num_warmup_steps", CAM_KEY_warmup_steps},
    {"label_smoothing", CAM_KEY_label_smoothing_factor},
    {"class_weight", CAM_KEY_class_weights},
    {"group_by_length", CAM_KEY_train_sampling_strategy},
    {"shuffle", CAM_KEY_train_sampling_strategy},
    {"random_seed", CAM_KEY_seed},
    {"random_state", CAM_KEY_seed},
    {"output", CAM_KEY_output_dir},
    {"out_dir", CAM_KEY_output_dir},
    {"save_dir", CAM_KEY_output_dir},
    {"dataset", CAM_KEY_train_file},
    {"data_file", CAM_KEY_train_file},
    {"train_data", CAM_KEY_train_file},
    {"train_path", CAM_KEY_train_file},
    {"dev_file", CAM_KEY_validation_file},
    {"eval_file", CAM_KEY_validation_file},
    {"val_file", CAM_KEY_validation_file},
    {"valid_file", CAM_KEY_validation_file},
    {"test_size", CAM_KEY_validation_split},
    {"val_size", CAM_KEY_validation_split},
    {"val_split", CAM_KEY_validation_split},
    {"sep", CAM_KEY_delimiter},
    {"separator", CAM_KEY_delimiter},
    {"text", CAM_KEY_text_column},
    {"text_col", CAM_KEY_text_column},
    {"text_column_name", CAM_KEY_text_column},
    {"label", CAM_KEY_label_column},
    {"label_col", CAM_KEY_label_column},
    {"label_column_name", CAM_KEY_label_column},
    {"target", CAM_KEY_label_column},
    {"evaluation_strategy", CAM_KEY_eval_strategy},
    {"best_metric", CAM_KEY_metric_for_best_model},
    {"metric", CAM_KEY_metric_for_best_model},
    {"monitor", CAM_KEY_metric_for_best_model},
    {"patience", CAM_KEY_early_stopping_patience},
    {"min_delta", CAM_KEY_early_stopping_threshold},
    {"log_steps", CAM_KEY_logging_steps},
    {"log_every", CAM_KEY_logging_steps},
    {"no_cuda", CAM_KEY_device},
    {"use_cpu", CAM_KEY_device},
    {"num_threads", CAM_KEY_cpu_threads},
    {"num_workers", CAM_KEY_cpu_threads},
    {"threads", CAM_KEY_cpu_threads},
};

enum { FOREIGN_NAMES = sizeof foreign_names / sizeof *foreign_names };

/* Of two keys that are equally near, the one in `section`. */
static const cam_config_row *nearest_row(const char *section, const char *leaf) {
    const cam_config_row *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++) {
        const cam_config_row *row = &cam_config_rows[i];
        size_t far = cam_misspelling(leaf, row->leaf);
        int here = section && strcmp(row->section, section) == 0;
        if (far < least || (far == least && far != SIZE_MAX && here)) {
            least = far;
            nearest = row;
        }
    }
    return nearest;
}

static const cam_config_row *foreign_row(const char *leaf) {
    for (size_t i = 0; i < FOREIGN_NAMES; i++)
        if (cam_misspelling(leaf, foreign_names[i].name) == 0)
            return &cam_config_rows[foreign_names[i].key];
    return NULL;
}

/* A NULL section matches any; a NULL leaf stands for the section itself. */
static int is_later(const char *section, const char *leaf) {
    for (size_t i = 0; i < sizeof later_keys / sizeof *later_keys; i++) {
        int same_section = !section || strcmp(later_keys[i].section, section) == 0;
        int same_leaf = leaf ? later_keys[i].leaf && strcmp(later_keys[i].leaf, leaf) == 0 : !later_keys[i].leaf;
        if (same_section && same_leaf)
            return 1;
    }
    return 0;
}

int cam_config_value_is_later(const cam_config_row *row, const char *word) {
    for (size_t i = 0; i < sizeof later_words / sizeof *later_words; i++)
        if (&cam_config_rows[later_words[i].key] == row && strcmp(later_words[i].word, word) == 0)
            return 1;
    return 0;
}

static void put_later(const char *noun, const char *name, cam_strbuf *out) {
    cam_strbuf_printf(out, "%s \"%s\" is in cam-train's specification but not part of this version; remove it", noun,
                      name);
}

static void put_in_section(const cam_config_row *row, const char *section, cam_strbuf *out) {
    if (section && strcmp(section, row->section) != 0)
        cam_strbuf_printf(out, " in %s", row->section);
}

void cam_config_explain_key(const char *section, const char *leaf, cam_strbuf *out) {
    const cam_config_row *row = cam_config_row_find(leaf);
    if (row) {
        cam_strbuf_printf(out, "key \"%s\" belongs in the section %s", leaf, row->section);
        return;
    }
    if (is_later(NULL, leaf)) {
        put_later("key", leaf, out);
        return;
    }
    cam_strbuf_puts(out, "unknown key ");
    cam_bytes_quote(leaf, out);
    if (section && *section)
        cam_strbuf_printf(out, " in %s", section);
    row = foreign_row(leaf);
    if (row) {
        cam_strbuf_printf(out, "; the key is \"%s\"", row->leaf);
        put_in_section(row, section, out);
        return;
    }
    row = nearest_row(section, leaf);
    if (row) {
        cam_strbuf_printf(out, "; did you mean \"%s\"", row->leaf);
        put_in_section(row, section, out);
        cam_strbuf_putc(out, '?');
    }
}

/* The section that a misspelt, shortened or lengthened name stands for: "train", "evaluation". */
static const char *nearest_section(const char *section) {
    const char *meant = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++) {
        const char *name = cam_config_rows[i].section;
        size_t shorter = strlen(name), common = shorter < strlen(section) ? shorter : strlen(section);
        size_t far = common >= 3 && memcmp(name, section, common) == 0 ? 0 : cam_misspelling(section, name);
        if (far < least) {
            least = far;
            meant = name;
        }
    }
    return meant;
}

void cam_config_explain_section(const char *section, cam_strbuf *out) {
    const char *meant = nearest_section(section);
    if (is_later(section, NULL)) {
        put_later("section", section, out);
    } else if (cam_config_row_find(section) || is_later(NULL, section) || foreign_row(section) ||
               (!meant && nearest_row("", section))) {
        cam_config_explain_key("", section, out);
    } else {
        cam_strbuf_puts(out, "unknown section ");
        cam_bytes_quote(section, out);
        if (meant)
            cam_strbuf_printf(out, "; did you mean \"%s\"?", meant);
    }
}
