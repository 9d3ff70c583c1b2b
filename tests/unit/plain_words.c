/* plain_words.c: the words of other programs. Every row of every table is tried, and what a message tells to write is
 * written. */
#include "aliases.h"
#include "config_files.h"
#include "foreign_internal.h"

static const char *const words_of_metric =
    "command line: metric_for_best_model must be loss, accuracy, f1_macro, f1_micro or "
    "f1_weighted, not \"";

/* Loads KEY=VALUE. The message is left in `problems`. */
static cam_status load_setting(const char *setting, cam_config *config, cam_problems *problems) {
    *problems = (cam_problems)CAM_PROBLEMS_INIT;
    return cam_config_load(config, NULL, 0, &setting, 1, problems);
}

static void assert_setting_is_good(const char *setting) {
    cam_config config;
    cam_problems problems;
    if (load_setting(setting, &config, &problems) != CAM_OK)
        fail_msg("%s: %s", setting, cam_strbuf_text(&problems.shown));
    cam_config_release(&config);
    cam_problems_release(&problems);
}

/* The key whose words these are; NULL for words of options only. */
static const cam_config_row *key_of_words(const char *const *words) {
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++)
        if (cam_config_rows[i].choices == words)
            return &cam_config_rows[i];
    return NULL;
}

static void expect_shown(const cam_config *config, const cam_config_row *row, int value) {
    cam_strbuf shown = CAM_STRBUF_INIT, quoted = CAM_STRBUF_INIT;
    cam_config_put_value(config, (cam_config_key)(row - cam_config_rows), &shown);
    cam_strbuf_printf(&quoted, "\"%s\"", row->choices[value]);
    if (strcmp(cam_strbuf_text(&shown), row->choices[value]) != 0)
        assert_string_equal(cam_strbuf_text(&shown), cam_strbuf_text(&quoted));
    cam_strbuf_release(&shown);
    cam_strbuf_release(&quoted);
}

/* Writes a name in one of four ways: as it is, with "-" and "_" exchanged, in capitals, without separators. */
static void spell(const char *name, int way, char *out) {
    size_t length = 0;
    for (; *name; name++) {
        char c = *name;
        if (strchr("-_ ", c) && way == 3)
            continue;
        out[length++] = way == 1 && c == '-' ? '_' : way == 1 && c == '_' ? '-' : c;
        if (way == 2 && c >= 'a' && c <= 'z' && !(length > 1 && out[length - 2] == '\\'))
            out[length - 1] = (char)(c - 'a' + 'A');
    }
    out[length] = '\0';
}

/* Accepted names are stored as our word, in each spelling. */
static void every_alias_is_understood(void **state) {
    (void)state;
    for (size_t i = 0; i < cam_alias_count; i++) {
        const cam_alias *alias = &cam_aliases[i];
        const cam_config_row *row = key_of_words(alias->words);
        for (int way = 0; way < 4 && alias->value >= 0; way++) {
            char name[64], setting[160];
            const char *note;
            spell(alias->name, way, name);
            assert_int_equal(cam_choice_read(alias->words, 0, name, &note), alias->value);
            assert_ptr_equal(note, alias->note);
            if (!row)
                continue;
            cam_config config;
            cam_problems problems;
            snprintf(setting, sizeof setting, "%s=%s", row->leaf, name);
            if (load_setting(setting, &config, &problems) != CAM_OK)
                fail_msg("%s: %s", setting, cam_strbuf_text(&problems.shown));
            expect_shown(&config, row, alias->value);
            cam_config_release(&config);
            cam_problems_release(&problems);
        }
    }
}

/* Of a refused name the note tells what to write: "write WORD", "write WORD, ..." or the name of a word. */
static void every_refused_name_has_a_cure(void **state) {
    (void)state;
    for (size_t i = 0; i < cam_alias_count; i++) {
        const cam_alias *alias = &cam_aliases[i];
        const cam_config_row *row = key_of_words(alias->words);
        if (alias->value >= 0)
            continue;
        cam_config config;
        cam_problems problems;
        char setting[160], word[64];
        snprintf(setting, sizeof setting, "%s=%s", row->leaf, alias->name);
        assert_int_equal(load_setting(setting, &config, &problems), CAM_E_USAGE);
        assert_non_null(strstr(cam_strbuf_text(&problems.shown), alias->note));
        const char *cure = strncmp(alias->note, "write ", 6) == 0 ? alias->note + 6 : alias->note;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(cure, " ,"), cure);
        snprintf(setting, sizeof setting, "%s=%s", row->leaf, word);
        assert_setting_is_good(setting);
        cam_config_release(&config);
        cam_problems_release(&problems);
    }
}

/* No name stands for two words of a set, and none hides a word. */
static void aliases_are_distinct(void **state) {
    (void)state;
    for (size_t i = 0; i < cam_alias_count; i++)
        for (size_t j = 0; j < i; j++)
            if (cam_aliases[i].words == cam_aliases[j].words)
                assert_string_not_equal(cam_aliases[i].name, cam_aliases[j].name);
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++)
        for (size_t w = 0; w < cam_config_rows[i].choice_count; w++) {
            const char *note;
            const cam_config_row *row = &cam_config_rows[i];
            assert_int_equal(cam_choice_read(row->choices, row->choice_count, row->choices[w], &note), w);
        }
}

/* The names by which Python knows these encodings, its spellings included. */
static void encodings_of_python(void **state) {
    static const struct {
        const char *name;
        int value;
    } names[] = {{"utf8", CAM_ENCODING_UTF8},
                 {"UTF8", CAM_ENCODING_UTF8},
                 {"utf_8", CAM_ENCODING_UTF8},
                 {"utf-8-sig", CAM_ENCODING_UTF8},
                 {"utf_8_sig", CAM_ENCODING_UTF8},
                 {"UTF-8 BOM", CAM_ENCODING_UTF8},
                 {"U8", CAM_ENCODING_UTF8},
                 {"latin-1", CAM_ENCODING_WINDOWS_1252},
                 {"latin1", CAM_ENCODING_WINDOWS_1252},
                 {"Latin_1", CAM_ENCODING_WINDOWS_1252},
                 {"iso-8859-1", CAM_ENCODING_WINDOWS_1252},
                 {"iso8859-1", CAM_ENCODING_WINDOWS_1252},
                 {"ISO8859_1", CAM_ENCODING_WINDOWS_1252},
                 {"cp1252", CAM_ENCODING_WINDOWS_1252},
                 {"CP-1252", CAM_ENCODING_WINDOWS_1252},
                 {"windows_1252", CAM_ENCODING_WINDOWS_1252},
                 {"Windows1252", CAM_ENCODING_WINDOWS_1252},
                 {"ANSI", CAM_ENCODING_WINDOWS_1252},
                 {"mbcs", CAM_ENCODING_WINDOWS_1252},
                 {"latin-9", CAM_ENCODING_ISO_8859_15},
                 {"latin9", CAM_ENCODING_ISO_8859_15},
                 {"L9", CAM_ENCODING_ISO_8859_15},
                 {"iso8859_15", CAM_ENCODING_ISO_8859_15},
                 {"mac", CAM_ENCODING_MACROMAN},
                 {"mac-roman", CAM_ENCODING_MACROMAN},
                 {"mac_roman", CAM_ENCODING_MACROMAN},
                 {"Macintosh", CAM_ENCODING_MACROMAN},
                 {"utf16", CAM_ENCODING_UTF16},
                 {"utf-16le", CAM_ENCODING_UTF16},
                 {"utf_16_be", CAM_ENCODING_UTF16},
                 {"UCS-2", CAM_ENCODING_UTF16},
                 {"Unicode", CAM_ENCODING_UTF16},
                 {"latin-2", -1},
                 {"utf-7", -1},
                 {"cp850", -1},
                 {"", -1},
                 {"-", -1}};
    const char *note;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        if (cam_choice_read(cam_words_encoding, CAM_CHOICE_COUNT_encoding, names[i].name, &note) != names[i].value)
            fail_msg("%s", names[i].name);
}

static void metrics_of_other_tools(void **state) {
    static const char *const refused[] = {"roc_auc", "precision", "recall", "mcc", "kappa"};
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char setting[80], expected[300];
        snprintf(setting, sizeof setting, "metric_for_best_model=%s", refused[i]);
        snprintf(expected, sizeof expected, "%s%s\"\n", words_of_metric, refused[i]);
        expect_override_problem(setting, expected);
    }
}

/* Written independently of the table. */
static void words_of_other_tools(void **state) {
    static const struct {
        const char *key, *names, *word; /* names end in a newline each */
    } rows[] = {
        {"metric_for_best_model", "eval_loss\nval_loss\nLOSS\n", "loss"},
        {"metric_for_best_model", "acc\neval_accuracy\nval_acc\nAccuracy\naccuracy_score\n", "accuracy"},
        {"metric_for_best_model", "macro_f1\nf1-macro\nF1 macro\neval_f1_macro\nMacro F1\n", "f1_macro"},
        {"metric_for_best_model", "micro_f1\nf1-micro\n", "f1_micro"},
        {"metric_for_best_model", "weighted_f1\neval_f1_weighted\n", "f1_weighted"},
        {"delimiter", "\t\n\\t\nTAB\ntabulation\n", "tab"},
        {"delimiter", "comma\nvirgule\n", "\",\""},
        {"delimiter", "semicolon\npoint-virgule\nPoint virgule\n", "\";\""},
        {"delimiter", "pipe\n", "\"|\""},
        {"device", "gpu\nCUDA\n", "cuda"},
        {"format", "json\nJSON Lines\nndjson\n", "jsonl"},
        {"lr_scheduler_type", "Linear\nlinear_with_warmup\n", "linear"},
        {"eval_strategy", "False\nnone\n", "\"no\""},
        {"labels", "sorted\n", "auto"},
        {"freeze", "false\nNone\n", "none"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (const char *name = rows[i].names; *name; name += strcspn(name, "\n") + 1) {
            cam_config config;
            cam_problems problems;
            cam_strbuf shown = CAM_STRBUF_INIT;
            char setting[80];
            snprintf(setting, sizeof setting, "%s=%.*s", rows[i].key, (int)strcspn(name, "\n"), name);
            if (load_setting(setting, &config, &problems) != CAM_OK)
                fail_msg("%s: %s", setting, cam_strbuf_text(&problems.shown));
            cam_config_put_value(&config, (cam_config_key)(cam_config_row_find(rows[i].key) - cam_config_rows), &shown);
            if (strcmp(cam_strbuf_text(&shown), rows[i].word) != 0)
                fail_msg("%s is shown as %s", setting, cam_strbuf_text(&shown));
            cam_strbuf_release(&shown);
            cam_config_release(&config);
            cam_problems_release(&problems);
        }
}

static void choices_have_no_case(void **state) {
    cam_config c;
    (void)state;
    load_good(&c, "training: {lr_scheduler_type: Linear, bf16: True, gradient_checkpointing: TRUE}\n"
                  "hardware: {device: AUTO, cpu_threads: Auto}\ndata: {stratify: False, delimiter: \"\\t\"}\n"
                  "model: {freeze: Encoder, num_labels: AUTO}\nlogging: {report_to: none}\n");
    assert_int_equal(c.lr_scheduler_type, CAM_SCHEDULE_LINEAR);
    assert_int_equal(c.bf16, CAM_CONFIG_BF16_TRUE);
    assert_true(c.gradient_checkpointing && !c.stratify);
    assert_int_equal(c.delimiter, CAM_CONFIG_DELIMITER_TAB);
    assert_int_equal(c.freeze.kind, CAM_CONFIG_FREEZE_ENCODER);
    assert_int_equal(c.report_to, 0);
    cam_config_release(&c);
}

/* --- keys -------------------------------------------------------------------------------------------------------- */

static void explain(const char *section, const char *leaf, char *out, size_t bytes) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_config_explain_key(section, leaf, &text);
    snprintf(out, bytes, "%s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

static void every_foreign_name_has_its_key(void **state) {
    (void)state;
    for (size_t i = 0; i < cam_foreign_name_count; i++) {
        const cam_config_row *row = &cam_config_rows[cam_foreign_names[i].key];
        char message[300], expected[300], setting[200];
        assert_null(cam_config_row_find(cam_foreign_names[i].name));
        assert_ptr_equal(cam_config_row_meant(cam_foreign_names[i].name), row);
        explain(NULL, cam_foreign_names[i].name, message, sizeof message);
        snprintf(expected, sizeof expected, "unknown key \"%s\"; the key is \"%s\"", cam_foreign_names[i].name,
                 row->leaf);
        assert_string_equal(message, expected);
        snprintf(setting, sizeof setting, "%s=%s", row->leaf, row->default_text);
        if (row->kind != CAM_KIND_REPORT_TO)
            assert_setting_is_good(setting);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(cam_foreign_names[i].name, cam_foreign_names[j].name);
    }
}

/* The setting in a message, as a file and as the command line has it, is written there. */
static void every_switch_is_cured(void **state) {
    (void)state;
    for (size_t i = 0; i < cam_foreign_switch_count; i++) {
        const cam_foreign_switch *row = &cam_foreign_switches[i];
        char message[300], key[64], value[64], section[64], yaml[300], setting[200];
        explain(NULL, row->name, message, sizeof message);
        const char *cure = strstr(message, " write ");
        assert_non_null(cure);
        if (strcmp(row->when, "N") == 0) /* a number that only the user knows */
            continue;
        snprintf(setting, sizeof setting, "%.*s", (int)(strstr(cure, ", else leave it out") - cure - 7), cure + 7);
        assert_setting_is_good(setting);
        explain("training", row->name, message, sizeof message);
        cure = strstr(message, " write ");
        assert_int_equal(sscanf(cure, " write %60[^:]: %60s in %60[^,],", key, value, section), 3);
        snprintf(yaml, sizeof yaml, "%s:\n  %s: %s\n", section, key, value);
        cam_config config;
        load_good(&config, yaml);
        cam_config_release(&config);
    }
}

static void every_other_setting_is_left_out(void **state) {
    (void)state;
    for (size_t i = 0; i < cam_foreign_setting_count; i++) {
        char name[64], message[300];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(cam_foreign_settings[i].name, "*"),
                 cam_foreign_settings[i].name);
        assert_null(cam_config_row_meant(name));
        explain("training", name, message, sizeof message);
        assert_non_null(strstr(message, " has no counterpart"));
        assert_non_null(strstr(message, "; leave it out"));
    }
}

/* The fields of TrainingArguments, in transformers 4.46 and 5.24: each is a key, or something is said about it. */
static void every_training_argument_is_answered(void **state) {
    static const char fields[] =
        "output_dir per_device_train_batch_size num_train_epochs max_steps learning_rate lr_scheduler_type "
        "lr_scheduler_kwargs warmup_steps optim optim_args weight_decay adam_beta1 adam_beta2 adam_epsilon "
        "optim_target_modules gradient_accumulation_steps average_tokens_across_devices max_grad_norm "
        "label_smoothing_factor bf16 fp16 bf16_full_eval fp16_full_eval tf32 activation_checkpointing "
        "activation_checkpointing_kwargs gradient_checkpointing gradient_checkpointing_kwargs torch_compile "
        "torch_compile_backend torch_compile_mode use_liger_kernel liger_kernel_config use_cache neftune_noise_alpha "
        "torch_empty_cache_steps auto_find_batch_size logging_strategy logging_steps logging_first_step "
        "log_on_each_node logging_nan_inf_filter include_num_input_tokens_seen log_level log_level_replica "
        "disable_tqdm report_to run_name project trackio_space_id trackio_bucket_id trackio_static_space_id "
        "eval_strategy eval_steps eval_delay per_device_eval_batch_size prediction_loss_only eval_on_start "
        "eval_do_concat_batches eval_use_gather_object eval_accumulation_steps include_for_metrics batch_eval_metrics "
        "save_only_model save_strategy save_steps save_on_each_node save_total_limit enable_jit_checkpoint push_to_hub "
        "hub_token hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision load_best_model_at_end "
        "metric_for_best_model greater_is_better ignore_data_skip restore_callback_states_from_checkpoint "
        "full_determinism seed data_seed use_cpu accelerator_config parallelism_config dataloader_drop_last "
        "dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor "
        "dataloader_multiprocessing_context dataloader_in_order remove_unused_columns label_names "
        "train_sampling_strategy length_column_name ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers "
        "ddp_static_graph ddp_backend ddp_timeout fsdp fsdp_config deepspeed debug skip_memory_metrics do_train "
        "do_eval "
        "do_predict resume_from_checkpoint local_rank "
        "overwrite_output_dir per_gpu_train_batch_size per_gpu_eval_batch_size warmup_ratio logging_dir "
        "save_safetensors no_cuda use_mps_device jit_mode_eval use_ipex fp16_opt_level half_precision_backend "
        "tpu_num_cores tpu_metrics_debug past_index fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap adafactor "
        "group_by_length use_legacy_prediction_loop include_inputs_for_metrics fp16_backend evaluation_strategy "
        "push_to_hub_model_id push_to_hub_organization push_to_hub_token _n_gpu mp_parameters torchdynamo ray_scope "
        "dispatch_batches split_batches include_tokens_per_second";
    char copy[sizeof fields], message[300];
    (void)state;
    memcpy(copy, fields, sizeof copy);
    for (char *rest = copy, *name; (name = strtok_r(rest, " ", &rest)) != NULL;) {
        if (cam_config_row_find(name))
            continue;
        explain("training", name, message, sizeof message);
        if (!strstr(message, "; the key is ") && !strstr(message, " write ") && !strstr(message, "leave it out") &&
            !strstr(message, "remove it"))
            fail_msg("%s", message);
    }
}

/* --- numbers ----------------------------------------------------------------------------------------------------- */

static void numbers_of_other_programs(void **state) {
    cam_config c;
    (void)state;
    load_good(&c, "training: {max_steps: 3.0, learning_rate: 2E-05, seed: 7., weight_decay: 1.e-2}\n"
                  "eval: {eval_steps: +5}\n");
    assert_int_equal(c.max_steps, 3);
    assert_int_equal(c.seed, 7);
    assert_int_equal(c.eval_steps, 5);
    assert_true(c.learning_rate == 2e-5 && c.weight_decay == 0.01);
    cam_config_release(&c);
}

static void a_number_that_is_proposed_is_good(void **state) {
    static const struct {
        const char *setting, *number;
    } rows[] = {{"weight_decay=0,01", "0.01"},
                {"learning_rate=0,00002", "0.00002"},
                {"learning_rate=2,5e-5", "2.5e-5"},
                {"validation_split=10%", "0.1"},
                {"validation_split=12,5 %", "0.125"},
                {"max_steps=10 000", "10000"},
                {"max_steps=10\xC2\xA0"
                 "000",
                 "10000"},
                {"max_steps=1,000", "1000"},
                {"max_steps=10_000", "10000"},
                {"max_steps=1e3", "1000"},
                {"seed=4,0", "4"},
                {"learning_rate=2 e-5", "2e-5"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cam_config config;
        cam_problems problems;
        char expected[80], setting[80];
        assert_int_equal(load_setting(rows[i].setting, &config, &problems), CAM_E_USAGE);
        snprintf(expected, sizeof expected, "; write %s\n", rows[i].number);
        if (!strstr(cam_strbuf_text(&problems.shown), expected))
            fail_msg("%s not in %s", expected, cam_strbuf_text(&problems.shown));
        snprintf(setting, sizeof setting, "%.*s=%s", (int)strcspn(rows[i].setting, "="), rows[i].setting,
                 rows[i].number);
        assert_setting_is_good(setting);
        cam_config_release(&config);
        cam_problems_release(&problems);
    }
}

/* A number that would be refused again is not proposed. */
static void a_bad_number_is_not_proposed(void **state) {
    (void)state;
    expect_override_problem("weight_decay=5,01",
                            "command line: weight_decay must be a number from 0 to 1, not \"5,01\"\n");
    expect_override_problem("validation_split=100%",
                            "command line: validation_split must be a number from 0 and below 1, not \"100%\"\n");
    expect_override_problem("max_steps=2.5",
                            "command line: max_steps must be a whole number of at least -1, not \"2.5\"\n");
    expect_override_problem("max_steps=1e30",
                            "command line: max_steps must be a whole number of at least -1, not \"1e30\"\n");
}

static void null_is_the_default(void **state) {
    (void)state;
    expect_problems("training: {max_steps: null, tf32: None}\n",
                    "base.yaml:1: max_steps must be a whole number of at least -1, not \"null\"; leave it out for the "
                    "default\n"
                    "base.yaml:1: tf32 must be true or false, not \"None\"; leave it out for the default\n");
    cam_config c;
    load_good(&c, "data: {validation_file: None, columns: NULL, max_train_samples: Null}\n"
                  "training: {class_weights: null}\n");
    assert_null(c.validation_file);
    assert_int_equal(c.columns.count + (size_t)c.max_train_samples, 0);
    cam_config_release(&c);
}

static void expect_warmup(const char *yaml, int64_t steps, double ratio) {
    cam_config c;
    load_good(&c, yaml);
    assert_int_equal(c.warmup_steps, steps);
    assert_true(c.warmup_ratio == ratio);
    char *shown = show_plain(&c);
    cam_config_release(&c);
    load_good(&c, shown);
    assert_true(c.warmup_steps == steps && c.warmup_ratio == ratio);
    cam_config_release(&c);
    free(shown);
}

/* transformers 5 has one key for both. */
static void warmup_steps_below_1(void **state) {
    (void)state;
    expect_warmup("training: {warmup_steps: 0.25}\n", 0, 0.25);
    expect_warmup("training: {warmup_steps: 12.0}\n", 12, 0);
    expect_warmup("training: {warmup_steps: 0.0}\n", 0, 0.06);
    expect_warmup("training: {warmup_steps: 0.25, warmup_ratio: 0}\n", 0, 0.25);
    expect_problems(
        "training:\n  warmup_steps: 0.25\n  warmup_ratio: 0.1\n",
        "base.yaml:2: warmup_steps and warmup_ratio are both above 0; set warmup_steps=0 or warmup_ratio=0\n");
    static const char *const overrides[] = {"warmup_steps=0.25", "~warmup_steps"};
    cam_config c;
    cam_problems problems = CAM_PROBLEMS_INIT;
    assert_int_equal(cam_config_load(&c, NULL, 0, overrides, 1, &problems), CAM_OK);
    cam_strbuf origin = CAM_STRBUF_INIT;
    cam_config_put_origin(&c, CAM_KEY_warmup_ratio, &origin);
    assert_string_equal(cam_strbuf_text(&origin), "command line");
    cam_strbuf_release(&origin);
    cam_config_release(&c);
    assert_int_equal(cam_config_load(&c, NULL, 0, overrides, 2, &problems), CAM_OK);
    assert_true(c.warmup_ratio == 0.06);
    cam_config_release(&c);
}

/* --- paths and files --------------------------------------------------------------------------------------------- */

static void tilde_is_the_home_folder(void **state) {
    cam_config c;
    (void)state;
    setenv("HOME", "/home/marie", 1);
    load_good(&c, "data: {train_file: ~/a.csv, validation_file: ~, test_file: '~//b/c.csv', text_column: ~/x}\n"
                  "training: {output_dir: \"~\"}\nmodel: {model_name_or_path: ~/models/x}\n");
    assert_string_equal(c.train_file, "/home/marie/a.csv");
    assert_null(c.validation_file);
    assert_string_equal(c.test_file, "/home/marie/b/c.csv");
    assert_string_equal(c.output_dir, "/home/marie");
    assert_string_equal(c.model_name_or_path, "/home/marie/models/x");
    assert_string_equal(c.text_column, "~/x");
    cam_config_release(&c);
    expect_override_problem("train_file=~paul/a.csv",
                            "command line: train_file: \"~paul/a.csv\": ~ is your own home folder "
                            "only; write another user's folder in full, or ./~paul/a.csv for a "
                            "file of that name\n");
    assert_setting_is_good("train_file=./~paul/a.csv");
    expect_override_problem("output_dir=$HOME/runs",
                            "command line: output_dir: variables of the shell are not expanded in "
                            "\"$HOME/runs\"; write the folder itself\n");
    assert_setting_is_good("output_dir=/home/marie/runs/5$");
}

static void put_unit(cam_strbuf *out, unsigned unit, int big_endian) {
    char bytes[] = {(char)(big_endian ? unit >> 8 : unit & 255), (char)(big_endian ? unit & 255 : unit >> 8)};
    cam_strbuf_append(out, bytes, 2);
}

static void utf16_by_its_mark(void **state) {
    static const unsigned units[] = {'d', 'a', 't', 'a', ':', '\r', '\n', ' ',  't',    'e',    'x',    't',  '_', 'c',
                                     'o', 'l', 'u', 'm', 'n', ':',  ' ',  0xE9, 0x20AC, 0xD83D, 0xDE00, '\r', '\n'};
    (void)state;
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        cam_config c;
        cam_problems problems;
        cam_strbuf text = CAM_STRBUF_INIT;
        put_unit(&text, 0xFEFF, big_endian);
        for (size_t i = 0; i < COUNT(units); i++)
            put_unit(&text, units[i], big_endian);
        assert_int_equal(load_bytes(&c, &problems, text.text, text.length, NULL, 0), CAM_OK);
        assert_string_equal(c.text_column, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
        cam_config_release(&c);
        /* without the mark, cut in the middle of a unit, and with half a pair */
        assert_int_equal(load_bytes(&c, &problems, text.text + 2, text.length - 2, NULL, 0), CAM_E_USAGE);
        assert_non_null(strstr(cam_strbuf_text(&problems.shown), big_endian
                                                                     ? "iconv -f utf-16be -t utf-8 base.yaml > "
                                                                     : "iconv -f utf-16le -t utf-8 base.yaml > "));
        assert_int_equal(problems.errors, 1);
        cam_config_release(&c);
        cam_problems_release(&problems);
        assert_int_equal(load_bytes(&c, &problems, text.text, text.length - 1, NULL, 0), CAM_E_USAGE);
        cam_config_release(&c);
        cam_problems_release(&problems);
        put_unit(&text, 0xD83D, big_endian);
        put_unit(&text, 0xD83D, big_endian);
        assert_int_equal(load_bytes(&c, &problems, text.text, text.length, NULL, 0), CAM_E_USAGE);
        assert_non_null(strstr(cam_strbuf_text(&problems.shown), "UTF-16 without its mark, or damaged"));
        cam_config_release(&c);
        cam_problems_release(&problems);
        cam_strbuf_release(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_alias_is_understood),
        cmocka_unit_test(every_refused_name_has_a_cure),
        cmocka_unit_test(aliases_are_distinct),
        cmocka_unit_test(encodings_of_python),
        cmocka_unit_test(metrics_of_other_tools),
        cmocka_unit_test(words_of_other_tools),
        cmocka_unit_test(choices_have_no_case),
        cmocka_unit_test(every_foreign_name_has_its_key),
        cmocka_unit_test(every_switch_is_cured),
        cmocka_unit_test(every_other_setting_is_left_out),
        cmocka_unit_test(every_training_argument_is_answered),
        cmocka_unit_test(numbers_of_other_programs),
        cmocka_unit_test(a_number_that_is_proposed_is_good),
        cmocka_unit_test(a_bad_number_is_not_proposed),
        cmocka_unit_test(null_is_the_default),
        cmocka_unit_test(warmup_steps_below_1),
        cmocka_unit_test(tilde_is_the_home_folder),
        cmocka_unit_test(utf16_by_its_mark),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
