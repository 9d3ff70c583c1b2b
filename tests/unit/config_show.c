/* config_show.c: writing configurations: show, run.yaml, init; and the schema. */
#include "config_files.h"

/* A value for every key that is not its default and is hard to write. */
static const char rich[] =
    "model:\n"
    "  model_name_or_path: ./models/a b\n  revision: '123'\n  init: random\n  num_labels: 4\n"
    "  max_seq_length: 512\n  freeze: first:11\n  frozen_dropout: true\n"
    "  layerwise_lr_decay: 0.95\n  classifier_dropout: 0.0\n"
    "data:\n"
    "  train_file: \"C:\\\\temp\\\\d\\u00e9j\\u00e0 vu #1.tsv\"\n  validation_file: 'null'\n"
    "  test_file: '~/t.csv'\n  format: tsv\n  encoding: windows-1252\n  delimiter: tab\n"
    "  columns: [Libell\xC3\xA9, 'Cat: 1', \"\\x85\\u2028\\ufeffx\", '- a', \"tab\\tline\\n\"]\n"
    "  text_column: Libell\xC3\xA9\n  label_column: 'Cat: 1'\n"
    "  labels: ['no', 01, '\"', '{a: b}']\n  validation_split: 0.25\n  stratify: false\n"
    "  split_seed: 4294967295\n  max_train_samples: 7\n  max_eval_samples: 9\n"
    "  label_map: {no: \"oui\", \"01\": \"\", ? \"{a: b}\" : c}\n  label_case: fold\n"
    "  min_rows_per_label: 2\n  on_rare_label: error\n  split_duplicates: apart\n  split_by: text\n"
    "  on_bad_row: skip\n  on_duplicate: drop\n"
    "training:\n"
    "  output_dir: 'runs/#1'\n  overwrite_output_dir: true\n  num_train_epochs: 100000\n"
    "  max_steps: 9007199254740993\n  per_device_train_batch_size: 1\n"
    "  gradient_accumulation_steps: 3\n  learning_rate: 1.2345678901234567e-05\n"
    "  weight_decay: 0.3\n  decay_bias_and_norm: true\n  adam_beta1: 0.1\n  adam_beta2: 0.2\n"
    "  adam_epsilon: 1e-300\n  max_grad_norm: 1e300\n  lr_scheduler_type: constant_with_warmup\n"
    "  warmup_ratio: 0\n  warmup_steps: 12\n"
    "  class_weights: {'no': 0.1, 01: 2, '\"': 1e-9, ? '{a: b}' : 3}\n"
    "  label_smoothing_factor: 0.1\n  gradient_checkpointing: true\n"
    "  train_sampling_strategy: group_by_length\n  seed: 0\n  on_nonfinite: skip\n"
    "  bf16: false\n  tf32: false\n"
    "eval:\n"
    "  eval_strategy: steps\n  eval_steps: 1\n  per_device_eval_batch_size: 2\n"
    "  metric_for_best_model: loss\n  load_best_model_at_end: false\n"
    "  early_stopping_patience: 3\n  early_stopping_threshold: 1e-4\n"
    "  calibrate: true\n  target_accuracy: 0.95\n"
    "checkpoint:\n  save_strategy: steps\n  save_steps: 3\n  save_total_limit: 7\n"
    "  resume_from_checkpoint: none\n"
    "measure:\n  folds: 3\n  seeds: [1, 4294967295]\n  group_column: 'null'\n  confidence: 0.9\n  final: false\n"
    "logging:\n  logging_steps: 5\n  report_to: []\n  language: fr\n"
    "hardware:\n  device: cpu\n  attention: native\n  cpu_threads: 2\n"
    "  shard_optimizer: true\n  ddp_timeout: 7\n";

/* Those of another task, which refuses some of the others. */
static const char rich_pretraining[] =
    "data:\n  train_file: [a.txt, 'b c*.txt', \"#1.jsonl\"]\n"
    "pretraining:\n  task: pretrain\n  mlm_probability: 0.3\n  whole_word_mask: false\n  cache_dir: '#2'\n";

/* A student is no model of its own. */
static const char rich_distillation[] =
    "distill:\n  distill_teacher: '#3'\n  distill_layers: [0, 11, 3, 3]\n  distill_temperature: 4.5\n"
    "  distill_alpha: 1\n  distill_hidden: 0.25\n  distill_texts: 'a #4.txt'\n";

/* True where nobody set another value than that of the schema. */
static int is_usual(const cam_config *config, cam_config_key key) {
    return !cam_config_is_written(config, key) || cam_config_is_default(config, key);
}

static void test_round_trip_of_pretraining(void **state) {
    cam_config first, second;
    cam_strbuf shown = CAM_STRBUF_INIT;
    (void)state;
    load_good(&first, rich_pretraining);
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++)
        if (strcmp(cam_config_rows[key].section, "pretraining") == 0 && is_usual(&first, (cam_config_key)key))
            fail_msg("%s has its default", cam_config_rows[key].leaf);
    assert_int_equal(first.metric_for_best_model, CAM_METRIC_LOSS);
    assert_true(first.validation_split == CAM_PRETRAINING_SPLIT);
    cam_config_show(&first, CAM_COMMENTS_NONE, &shown); /* every key is written, with the defaults of pretraining */
    load_good(&second, shown.text);
    char *plain = show_plain(&first), *again = show_plain(&second);
    assert_string_equal(again, plain);
    assert_int_equal(second.train_files.count, 3);
    assert_string_equal(second.train_files.items[1], "b c*.txt");
    assert_string_equal(second.train_file, "a.txt");
    free(plain);
    free(again);
    cam_strbuf_release(&shown);
    cam_config_release(&first);
    cam_config_release(&second);
}

static void test_round_trip_of_distillation(void **state) {
    cam_config first, second;
    cam_strbuf shown = CAM_STRBUF_INIT;
    (void)state;
    load_good(&first, rich_distillation);
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++)
        if (strcmp(cam_config_rows[key].section, "distill") == 0 && is_usual(&first, (cam_config_key)key))
            fail_msg("%s has its default", cam_config_rows[key].leaf);
    cam_config_show(&first, CAM_COMMENTS_NONE, &shown);
    load_good(&second, shown.text);
    char *plain = show_plain(&first), *again = show_plain(&second);
    assert_string_equal(again, plain);
    assert_int_equal(second.distill_layers.count, 4);
    assert_int_equal(second.distill_layers.items[1], 11);
    assert_int_equal(second.distill_layers.evenly, 0);
    free(plain);
    free(again);
    cam_strbuf_release(&shown);
    cam_config_release(&first);
    cam_config_release(&second);
    load_good(&first, "distill: {distill_teacher: t, distill_layers: 6}\n");
    assert_int_equal(first.distill_layers.evenly, 6);
    assert_int_equal(first.distill_layers.count, 0);
    cam_config_release(&first);
}

static void test_round_trip(void **state) {
    cam_config first, second;
    cam_strbuf shown = CAM_STRBUF_INIT;
    (void)state;
    load_good(&first, rich);
    char *plain = show_plain(&first);
    /* All keys above were set. */
    cam_config defaults;
    cam_config_defaults(&defaults);
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++) {
        cam_strbuf value = CAM_STRBUF_INIT, usual = CAM_STRBUF_INIT;
        if (strcmp(cam_config_rows[key].section, "pretraining") == 0 ||
            strcmp(cam_config_rows[key].section, "distill") == 0)
            continue;
        cam_config_put_value(&first, (cam_config_key)key, &value);
        cam_config_put_value(&defaults, (cam_config_key)key, &usual);
        assert_true(cam_config_is_written(&first, (cam_config_key)key));
        if (strcmp(value.text, usual.text) == 0)
            fail_msg("%s has its default", cam_config_rows[key].leaf);
        cam_strbuf_release(&value);
        cam_strbuf_release(&usual);
    }
    cam_config_release(&defaults);

    cam_config_show(&first, CAM_COMMENTS_ORIGIN, &shown);
    load_good(&second, shown.text);
    char *again = show_plain(&second);
    assert_string_equal(again, plain);
    assert_string_equal(second.columns.items[2], "x"); /* outer Unicode space is removed */
    assert_string_equal(second.columns.items[4], "tab\tline");
    assert_true(second.learning_rate == 1.2345678901234567e-05);
    assert_int_equal(second.max_steps, 9007199254740993);
    assert_int_equal(second.labels.list.count, 4);
    assert_string_equal(second.class_weights.items[3].label, "{a: b}");
    assert_int_equal(second.report_to, 0);
    free(plain);
    free(again);
    cam_strbuf_release(&shown);
    cam_config_release(&first);
    cam_config_release(&second);
}

/* A label that YAML accepts as a key only in the explicit form, and characters that must be escaped in YAML. */
static void test_round_trip_of_texts(void **state) {
    static const char *const texts[] = {"\xC2\x85",
                                        "\xE2\x80\xA9z",
                                        "a\xC2\xA0"
                                        "b",
                                        "\xF0\x9F\x98\x80",
                                        "\xEF\xBF\xBE",
                                        "\r",
                                        "\x7F"
                                        "a",
                                        " ",
                                        "'",
                                        "\\",
                                        "a: b",
                                        "a #b",
                                        "-",
                                        "?",
                                        "0x1F",
                                        "1e5",
                                        "+1",
                                        ".5",
                                        "y",
                                        "Null",
                                        "=",
                                        "<<",
                                        "a,b",
                                        "[",
                                        "%a",
                                        "@",
                                        "`",
                                        "&a",
                                        "*a",
                                        "!a",
                                        "|",
                                        ">"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        cam_config first, second;
        cam_config_defaults(&first);
        char label[2000], key[4];
        memset(label, 'x', 1500);
        snprintf(label + 1500, 400, "%s.", texts[i]);
        snprintf(key, sizeof key, "k%d", (int)(i % 10));
        cam_config_weight weights[] = {{label, 2}, {key, 0.5}};
        const char *labels[] = {label, key};
        first.text_column = texts[i];
        first.validation_file = texts[i];
        first.labels = (cam_config_labels){CAM_LABELS_LIST, {labels, 2}};
        first.class_weights = (cam_config_weights){CAM_CONFIG_CLASS_WEIGHTS_GIVEN, weights, 2};
        char *plain = show_plain(&first);
        load_good(&second, plain);
        assert_string_equal(second.text_column, texts[i]);
        assert_string_equal(second.validation_file, texts[i]);
        assert_string_equal(second.labels.list.items[0], label);
        assert_string_equal(second.class_weights.items[0].label, label);
        free(plain);
        cam_config_release(&first);
        cam_config_release(&second);
    }
}

static void test_show_has_origins(void **state) {
    static const char *const overrides[] = {"seed=7"};
    static const char yaml[] = "training:\n  learning_rate: 3e-05\n  class_weights: {a: 1}\n";
    cam_config config;
    cam_problems problems;
    cam_strbuf shown = CAM_STRBUF_INIT;
    (void)state;
    assert_int_equal(load_bytes(&config, &problems, yaml, strlen(yaml), overrides, 1), CAM_OK);
    cam_config_show(&config, CAM_COMMENTS_ORIGIN, &shown);
    assert_non_null(strstr(shown.text, "\n  learning_rate: 3e-5                  # base.yaml:2\n"));
    assert_non_null(strstr(shown.text, "\n  seed: 7                              # command line\n"));
    assert_non_null(strstr(shown.text, "\n  max_grad_norm: 1.0                   # default\n"));
    assert_ptr_equal(strstr(shown.text, "model:\n  model_name_or_path: camembert-base   # default\n"), shown.text);
    cam_strbuf_release(&shown);
    cam_config_release(&config);
}

/* The name of a file stays inside the comment, whatever its characters. */
static void test_origin_is_harmless(void **state) {
    cam_config config, again;
    cam_strbuf shown = CAM_STRBUF_INIT;
    (void)state;
    cam_config_defaults(&config);
    config.origins[CAM_KEY_seed] = (cam_config_origin){"a\nb: c\xC2\x85"
                                                       "d\xE2\x80\xA8"
                                                       "e\xFF\x1B",
                                                       3};
    cam_config_show(&config, CAM_COMMENTS_ORIGIN, &shown);
    assert_non_null(strstr(shown.text, "# a?b: c?d?e??:3\n"));
    load_good(&again, shown.text);
    cam_strbuf_release(&shown);
    cam_config_release(&config);
    cam_config_release(&again);
}

static void test_init(void **state) {
    static const char *const columns[] = {"Catégorie", "Libellé"};
    static const cam_config_reason reasons[] = {{CAM_KEY_train_file, "3 rows\nof two lines"},
                                                {CAM_KEY_columns, "no header"},
                                                {CAM_KEY_text_column, ""},
                                                {CAM_KEY_label_column, "2 values"}};
    cam_config config, read, defaults;
    cam_strbuf text = CAM_STRBUF_INIT;
    (void)state;
    cam_config_defaults(&defaults);
    cam_config_init(&defaults, "", NULL, 0, 1, &text);
    assert_non_null(strstr(text.text, "\n  learning_rate: 2e-5                  # "));
    assert_non_null(strstr(text.text, "\n  validation_file: null                # null = split train_file\n"));
    assert_non_null(strstr(text.text, "\n  report_to: [jsonl, html]             # "));
    load_good(&read, text.text);
    char *plain = show_plain(&read), *usual = show_plain(&defaults);
    assert_string_equal(plain, usual);
    free(plain);
    free(usual);
    cam_config_release(&read);

    cam_strbuf_clear(&text);
    cam_config_defaults(&config);
    config.train_file = "data/réclamations 2024.csv";
    config.columns = (cam_config_list){columns, 2};
    config.text_column = "Libellé";
    config.label_column = "Catégorie";
    cam_config_init(&config, "one\n\ntwo\r: x", reasons, 4, 0, &text);
    assert_int_equal(strncmp(text.text, "# one\n#\n# two?: x\ndata:\n  train_file: ", 37), 0);
    assert_non_null(strstr(text.text, "# 3 rows?of two lines\n"));
    assert_non_null(strstr(text.text, "  # column that holds the text\n"));
    assert_null(strstr(text.text, "seed"));
    load_good(&read, text.text);
    assert_string_equal(read.train_file, "data/réclamations 2024.csv");
    assert_int_equal(read.columns.count, 2);
    assert_string_equal(read.text_column, "Libellé");
    cam_config_release(&config);
    cam_config_release(&read);
    cam_config_release(&defaults);
    cam_strbuf_release(&text);
}

/* A help text that lists the choices of its key lists all of them. */
static void check_choices(const cam_config_row *row) {
    for (size_t i = 0; i < row->choice_count && strchr(row->help, '|'); i++)
        if (!strpbrk(row->choices[i], "[{") && !strstr(row->help, row->choices[i]))
            fail_msg("the help of %s lacks \"%s\"", row->leaf, row->choices[i]);
}

static void test_schema(void **state) {
    (void)state;
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++) {
        const cam_config_row *row = &cam_config_rows[i];
        assert_ptr_equal(cam_config_row_find(row->leaf), row); /* no leaf name occurs twice */
        assert_true(cam_config_section_exists(row->section));
        assert_true(strlen(row->help) > 0 && !strchr(row->help, '\n'));
        check_choices(row);
        cam_strbuf text = CAM_STRBUF_INIT;
        cam_config_explain_key("", row->leaf, &text);
        assert_non_null(strstr(text.text, "belongs in the section"));
        cam_strbuf_release(&text);
    }
    assert_null(cam_config_row_find("lr"));
    assert_int_equal(CAM_CONFIG_KEY_COUNT, 92);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_round_trip_of_pretraining),
        cmocka_unit_test(test_round_trip_of_distillation),
        cmocka_unit_test(test_round_trip_of_texts),
        cmocka_unit_test(test_show_has_origins),
        cmocka_unit_test(test_origin_is_harmless),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_schema),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
