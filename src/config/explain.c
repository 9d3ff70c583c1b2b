/* explain.c: messages about keys and sections that are unknown or in the wrong place. */
#include "bytes_internal.h"
#include "nearest.h"
#include "remedy.h"
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
    {"num_threads", CAM_KEY_cpu_threads},
    {"threads", CAM_KEY_cpu_threads},
    {"activation_checkpointing", CAM_KEY_gradient_checkpointing},
    {"gradient_accumulation", CAM_KEY_gradient_accumulation_steps},
    {"model_revision", CAM_KEY_revision},
    {"model_id", CAM_KEY_model_name_or_path},
    {"model_dir", CAM_KEY_model_name_or_path},
    {"labels_list", CAM_KEY_labels},
    {"label_list", CAM_KEY_labels},
    {"manual_seed", CAM_KEY_seed},
    {"evaluate_during_training_steps", CAM_KEY_eval_steps},
    {"eval_every", CAM_KEY_eval_steps},
    {"early_stopping_metric", CAM_KEY_metric_for_best_model},
    {"metric_name", CAM_KEY_metric_for_best_model},
    {"eval_metric", CAM_KEY_metric_for_best_model},
    {"early_stopping_delta", CAM_KEY_early_stopping_threshold},
    {"text_column_names", CAM_KEY_text_column},
    {"max_predict_samples", CAM_KEY_max_eval_samples},
    {"max_val_samples", CAM_KEY_max_eval_samples},
    {"separators", CAM_KEY_delimiter},
    {"charset", CAM_KEY_encoding},
    {"file_encoding", CAM_KEY_encoding},
    {"input_file", CAM_KEY_train_file},
    {"input", CAM_KEY_train_file},
    {"dataset_path", CAM_KEY_train_file},
    {"data_path", CAM_KEY_train_file},
    {"data", CAM_KEY_train_file},
    {"file", CAM_KEY_train_file},
    {"output_path", CAM_KEY_output_dir},
    {"overwrite_output", CAM_KEY_overwrite_output_dir},
    {"lr_scheduler_name", CAM_KEY_lr_scheduler_type},
    {"split", CAM_KEY_validation_split},
    {"min_label_count", CAM_KEY_min_rows_per_label},
    {"mapping", CAM_KEY_label_map},
    {"amp", CAM_KEY_bf16},
    {"input_format", CAM_KEY_format},
    {"checkpointing", CAM_KEY_gradient_checkpointing},
    {"per_device_batch_size", CAM_KEY_per_device_train_batch_size},
    {"train_bs", CAM_KEY_per_device_train_batch_size},
    {"eval_bs", CAM_KEY_per_device_eval_batch_size},
};

/* Names of switches: `when` they have that value, a key of ours has another; else they are left out. */
static const struct {
    const char *name, *when;
    cam_config_key key;
    const char *value;
} foreign_switches[] = {
    {"no_cuda", "true", CAM_KEY_device, "cpu"},
    {"use_cpu", "true", CAM_KEY_device, "cpu"},
    {"use_cuda", "false", CAM_KEY_device, "cpu"},
    {"group_by_length", "true", CAM_KEY_train_sampling_strategy, "group_by_length"},
    {"shuffle", "false", CAM_KEY_train_sampling_strategy, "sequential"},
    {"shuffle_train_dataset", "false", CAM_KEY_train_sampling_strategy, "sequential"},
    {"freeze_encoder", "true", CAM_KEY_freeze, "encoder"},
    {"freeze_backbone", "true", CAM_KEY_freeze, "encoder"},
    {"freeze_base_model", "true", CAM_KEY_freeze, "encoder"},
    {"freeze_bert", "true", CAM_KEY_freeze, "encoder"},
    {"freeze_layers", "N", CAM_KEY_freeze, "first:N"},
    {"early_stopping", "true", CAM_KEY_early_stopping_patience, "3"},
    {"use_early_stopping", "true", CAM_KEY_early_stopping_patience, "3"},
    {"evaluate_during_training", "true", CAM_KEY_eval_strategy, "epoch"},
    {"mixed_precision", "bf16", CAM_KEY_bf16, "true"},
};

/* Settings of transformers that have no counterpart, with the reason where there is one. "dataloader_*" stands for all
 * names that begin so. */
static const struct {
    const char *name, *why;
} no_counterpart[] = {
    {"optim", "the optimizer is AdamW"},
    {"optimizer", "the optimizer is AdamW"},
    {"adafactor", "the optimizer is AdamW"},
    {"optim_args", NULL},
    {"optim_target_modules", NULL},
    {"lr_scheduler_kwargs", NULL},
    {"fp16", "half precision is bf16, which is on where the GPU has it"},
    {"fp16_*", "half precision is bf16, which is on where the GPU has it"},
    {"half_precision_backend", "half precision is bf16, which is on where the GPU has it"},
    {"bf16_full_eval", "evaluation computes like training"},
    {"average_tokens_across_devices", NULL},
    {"activation_checkpointing_kwargs", NULL},
    {"gradient_checkpointing_kwargs", NULL},
    {"torch_*", NULL},
    {"torchdynamo", NULL},
    {"use_liger_kernel", NULL},
    {"liger_kernel_config", NULL},
    {"use_cache", NULL},
    {"neftune_noise_alpha", NULL},
    {"auto_find_batch_size", NULL},
    {"logging_strategy", "logging_steps says how often"},
    {"logging_first_step", NULL},
    {"logging_nan_inf_filter", "on_nonfinite says what happens"},
    {"log_level", "the options --quiet and --verbose do that"},
    {"log_level_replica", NULL},
    {"log_on_each_node", NULL},
    {"disable_tqdm", "the option --progress none does that"},
    {"include_*", NULL},
    {"logging_dir", "logs go into output_dir"},
    {"label2id", "labels lists the labels in the order of their ids"},
    {"id2label", "labels lists the labels in the order of their ids"},
    {"run_name", "a run is named by its output_dir"},
    {"project", NULL},
    {"trackio_*", NULL},
    {"eval_delay", NULL},
    {"eval_on_start", NULL},
    {"eval_do_concat_batches", NULL},
    {"eval_use_gather_object", NULL},
    {"eval_accumulation_steps", NULL},
    {"batch_eval_metrics", NULL},
    {"prediction_loss_only", NULL},
    {"save_only_model", NULL},
    {"save_on_each_node", NULL},
    {"save_safetensors", "models are always saved as safetensors"},
    {"enable_jit_checkpoint", NULL},
    {"push_to_hub", "nothing is sent to the Hub"},
    {"push_to_hub_*", "nothing is sent to the Hub"},
    {"hub_*", "nothing is sent to the Hub"},
    {"greater_is_better", "the metric decides it"},
    {"ignore_data_skip", NULL},
    {"restore_callback_states_from_checkpoint", NULL},
    {"full_determinism", "the same configuration and data always give the same weights"},
    {"data_seed", "seed is also for the order of the rows"},
    {"shuffle_seed", "seed is also for the order of the rows"},
    {"accelerator_config", NULL},
    {"parallelism_config", NULL},
    {"dataloader_*", "rows are read and packed without workers"},
    {"num_workers", "rows are read and packed without workers"},
    {"preprocessing_num_workers", "cpu_threads is for all of the work"},
    {"dispatch_batches", NULL},
    {"split_batches", NULL},
    {"remove_unused_columns", "only text_column and label_column are read"},
    {"label_names", "label_column names the column"},
    {"length_column_name", NULL},
    {"ddp_find_unused_parameters", NULL},
    {"ddp_bucket_cap_mb", NULL},
    {"ddp_broadcast_buffers", NULL},
    {"ddp_static_graph", NULL},
    {"ddp_backend", NULL},
    {"sharded_ddp", "shard_optimizer is on where it helps"},
    {"fsdp", "shard_optimizer is on where it helps"},
    {"fsdp_*", "shard_optimizer is on where it helps"},
    {"deepspeed", "shard_optimizer is on where it helps"},
    {"local_rank", "mpirun starts the ranks"},
    {"debug", NULL},
    {"skip_memory_metrics", NULL},
    {"do_train", "the verb says what is done"},
    {"do_eval", "the verb says what is done"},
    {"do_predict", "the verb says what is done"},
    {"use_mps_device", NULL},
    {"jit_mode_eval", NULL},
    {"use_ipex", NULL},
    {"tpu_*", NULL},
    {"past_index", NULL},
    {"use_legacy_prediction_loop", NULL},
    {"mp_parameters", NULL},
    {"ray_scope", NULL},
    {"_n_gpu", NULL},
    {"n_gpu", NULL},
    {"tokenizer_name", "the tokenizer is that of the model's folder"},
    {"config_name", "config.json is that of the model's folder"},
    {"cache_dir", "the environment variable HF_HUB_CACHE names the folder of the Hub's models"},
    {"use_fast_tokenizer", NULL},
    {"trust_remote_code", "no code of a model is run"},
    {"token", "nothing is fetched from the Hub"},
    {"use_auth_token", "nothing is fetched from the Hub"},
    {"ignore_mismatched_sizes", "a head that does not fit the labels is made anew"},
    {"pad_to_max_length", "batches are packed without padding"},
    {"padding", "batches are packed without padding"},
    {"truncation", "texts are truncated to max_seq_length"},
    {"overwrite_cache", NULL},
    {"preprocess_batch_size", NULL},
    {"task_name", NULL},
    {"do_regression", "only classes are learnt"},
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

/* Prints what replaces a switch of another tool. 0 where `leaf` is none. */
static int put_switch(const char *section, const char *leaf, cam_strbuf *out) {
    for (size_t i = 0; i < sizeof foreign_switches / sizeof *foreign_switches; i++) {
        if (cam_misspelling(leaf, foreign_switches[i].name) != 0)
            continue;
        const cam_config_row *row = &cam_config_rows[foreign_switches[i].key];
        cam_strbuf_printf(out, "; for %s write ", foreign_switches[i].when);
        if (section)
            cam_strbuf_printf(out, "%s: %s in %s", row->leaf, foreign_switches[i].value, row->section);
        else
            cam_remedy_put(out, CAM_SYNTAX_KEYS, row->leaf, foreign_switches[i].value);
        cam_strbuf_puts(out, ", else leave it out");
        return 1;
    }
    return 0;
}

static int is_named(const char *leaf, const char *name) {
    size_t length = strlen(name) - 1;
    return name[length] == '*' ? strncmp(leaf, name, length) == 0 : cam_misspelling(leaf, name) == 0;
}

/* Prints that a setting of transformers has no counterpart. 0 where `leaf` is none. */
static int put_no_counterpart(const char *leaf, cam_strbuf *out) {
    for (size_t i = 0; i < sizeof no_counterpart / sizeof *no_counterpart; i++) {
        if (!is_named(leaf, no_counterpart[i].name))
            continue;
        cam_strbuf_puts(out, " has no counterpart");
        if (no_counterpart[i].why)
            cam_strbuf_printf(out, ": %s", no_counterpart[i].why);
        cam_strbuf_puts(out, "; leave it out");
        return 1;
    }
    return 0;
}

int cam_config_explain_foreign(const char *section, const char *leaf, cam_strbuf *out) {
    return put_switch(section, leaf, out) || put_no_counterpart(leaf, out);
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
    if (cam_config_explain_foreign(section, leaf, out))
        return;
    row = nearest_row(section, leaf);
    if (row) {
        cam_strbuf_printf(out, "; did you mean \"%s\"", row->leaf);
        put_in_section(row, section, out);
        cam_strbuf_putc(out, '?');
    }
}

/* True for a name of another tool, of which something is said. */
static int is_foreign(const char *leaf) {
    cam_strbuf unused = CAM_STRBUF_INIT;
    int known = foreign_row(leaf) || cam_config_explain_foreign(NULL, leaf, &unused);
    cam_strbuf_release(&unused);
    return known;
}

const cam_config_row *cam_config_row_meant(const char *name) {
    char leaf[64];
    size_t length = strlen(name);
    if (length >= sizeof leaf)
        return NULL;
    for (size_t i = 0; i <= length; i++)
        leaf[i] = (char)(name[i] == '-' ? '_' : name[i]);
    const cam_config_row *row = cam_config_row_find(leaf);
    return row ? row : foreign_row(leaf);
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
    } else if (cam_config_row_find(section) || is_later(NULL, section) || is_foreign(section) ||
               (!meant && nearest_row("", section))) {
        cam_config_explain_key("", section, out);
    } else {
        cam_strbuf_puts(out, "unknown section ");
        cam_bytes_quote(section, out);
        if (meant)
            cam_strbuf_printf(out, "; did you mean \"%s\"?", meant);
    }
}
