/* config.c: reading configurations: defaults, types, overrides, origins, and the rules between keys. */
#include "config_files.h"

static void test_defaults(void **state) {
    cam_config c;
    (void)state;
    cam_config_defaults(&c);
    assert_string_equal(c.model_name_or_path, "camembert-base");
    assert_string_equal(c.revision, "main");
    assert_int_equal(c.init, CAM_CONFIG_INIT_PRETRAINED);
    assert_int_equal(c.num_labels, 0);
    assert_int_equal(c.max_seq_length, 256);
    assert_int_equal(c.freeze.kind, CAM_CONFIG_FREEZE_NONE);
    assert_false(c.frozen_dropout);
    assert_true(c.layerwise_lr_decay == 1.0);
    assert_true(c.classifier_dropout == -1.0);
    assert_string_equal(c.train_file, "data/train.csv");
    assert_null(c.validation_file);
    assert_null(c.test_file);
    assert_null(c.distill_teacher);
    assert_null(c.distill_texts);
    assert_int_equal(c.distill_layers.count, 0);
    assert_int_equal(c.distill_layers.evenly, 0);
    assert_true(c.distill_temperature == 2.0);
    assert_true(c.distill_alpha == 0.5);
    assert_true(c.distill_hidden == 0.0);
    assert_int_equal(c.columns.count, 0);
    assert_int_equal(c.labels.kind, CAM_LABELS_SORTED);
    assert_true(c.validation_split == 0.1);
    assert_int_equal(c.folds, 5);
    assert_int_equal(c.seeds.count, 1);
    assert_int_equal(c.seeds.items[0], 42);
    assert_null(c.group_column);
    assert_true(c.confidence == 0.95 && c.final);
    assert_true(c.stratify);
    assert_int_equal(c.split_seed, 42);
    assert_int_equal(c.max_train_samples, 0);
    assert_int_equal(c.on_duplicate, CAM_DUPLICATE_WARN);
    assert_string_equal(c.output_dir, "runs/commandes");
    assert_true(c.num_train_epochs == 3.0);
    assert_int_equal(c.max_steps, -1);
    assert_int_equal(c.per_device_train_batch_size, 32);
    assert_true(c.learning_rate == 2e-5);
    assert_true(c.adam_epsilon == 1e-8);
    assert_true(c.warmup_ratio == 0.06);
    assert_int_equal(c.class_weights.kind, CAM_CONFIG_CLASS_WEIGHTS_NONE);
    assert_int_equal(c.eval_strategy, CAM_CONFIG_EVAL_EPOCH);
    assert_int_equal(c.per_device_eval_batch_size, 64);
    assert_int_equal(c.metric_for_best_model, CAM_METRIC_F1_MACRO);
    assert_true(c.load_best_model_at_end);
    assert_false(c.calibrate);
    assert_true(c.target_accuracy == -1);
    assert_int_equal(c.logging_steps, 20);
    assert_int_equal(c.report_to, CAM_CONFIG_REPORT_JSONL | CAM_CONFIG_REPORT_HTML);
    assert_int_equal(c.language, CAM_LANGUAGE_AUTO);
    assert_int_equal(c.cpu_threads, 0);
    cam_config_release(&c);
}

/* The schema decides the type, not YAML. */
static void test_schema_decides(void **state) {
    cam_config c;
    (void)state;
    load_good(&c, "model: {model_name_or_path: no, freeze: first:4, num_labels: 5}\n"
                  "data:\n"
                  "  labels: [2e-5, 1e-05, no, 01, null]\n"
                  "  text_column: null\n"
                  "  label_column: 01\n"
                  "  validation_file: ~\n"
                  "  test_file: \"null\"\n"
                  "  delimiter: ';'\n"
                  "training:\n"
                  "  learning_rate: 1e-05\n"
                  "  adam_epsilon: '2e-5'\n"
                  "  num_train_epochs: 0.5\n"
                  "  class_weights: {no: 2, 01: .5, null: 1e-05}\n"
                  "eval:\n"
                  "  eval_strategy: no\n");
    static const char *const labels[] = {"2e-5", "1e-05", "no", "01", "null"};
    assert_string_equal(c.model_name_or_path, "no");
    assert_int_equal(c.freeze.kind, CAM_CONFIG_FREEZE_FIRST);
    assert_int_equal(c.freeze.layers, 4);
    assert_int_equal(c.labels.kind, CAM_LABELS_LIST);
    assert_int_equal(c.labels.list.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(c.labels.list.items[i], labels[i]);
    assert_string_equal(c.text_column, "null");
    assert_string_equal(c.label_column, "01");
    assert_null(c.validation_file);
    assert_string_equal(c.test_file, "null");
    assert_int_equal(cam_config_delimiter_char(c.delimiter), ';');
    assert_true(c.learning_rate == 1e-05);
    assert_true(c.adam_epsilon == 2e-5);
    assert_true(c.num_train_epochs == 0.5);
    assert_int_equal(c.class_weights.count, 3);
    assert_string_equal(c.class_weights.items[0].label, "no");
    assert_string_equal(c.class_weights.items[1].label, "01");
    assert_true(c.class_weights.items[1].weight == 0.5);
    assert_string_equal(c.class_weights.items[2].label, "null");
    assert_int_equal(c.eval_strategy, CAM_CONFIG_EVAL_NO);
    cam_config_release(&c);
}

static void test_labels_trimmed(void **state) {
    cam_config c;
    (void)state;
    load_good(&c, "data:\n  labels:\n  - '  r\xC3\xA9tour '\n  - \"\\_SAV\\u202f\"\n  - a b\n");
    assert_string_equal(c.labels.list.items[0], "r\xC3\xA9tour");
    assert_string_equal(c.labels.list.items[1], "SAV");
    assert_string_equal(c.labels.list.items[2], "a b");
    cam_config_release(&c);
}

static void expect_origin(const cam_config *c, cam_config_key key, const char *expected) {
    cam_strbuf origin = CAM_STRBUF_INIT;
    cam_config_put_origin(c, key, &origin);
    assert_string_equal(cam_strbuf_text(&origin), expected);
    cam_strbuf_release(&origin);
}

static void test_several_files(void **state) {
    static const char *const files[] = {"base.yaml", "experiment.yaml"};
    static const char *const overrides[] = {
        "seed=1",           "training.seed=7", "labels=[a, b, \"c d\"]", "~weight_decay", "train_file=données.csv",
        "validation_file=", "delimiter=,"};
    static const char base[] = "training:\n  learning_rate: 3e-5\n  weight_decay: 0.5\n  adam_beta1: 0.8\n"
                               "data:\n  validation_file: v.csv\n";
    static const char experiment[] = "# only what differs\n\ntraining:\n  learning_rate: 5e-5\neval:\n";
    cam_config c;
    cam_problems problems = CAM_PROBLEMS_INIT;
    (void)state;
    write_bytes("base.yaml", base, strlen(base));
    write_bytes("experiment.yaml", experiment, strlen(experiment));
    assert_int_equal(cam_config_load(&c, files, 2, overrides, COUNT(overrides), &problems), CAM_OK);
    assert_true(c.learning_rate == 5e-5);
    assert_true(c.adam_beta1 == 0.8);
    assert_true(c.weight_decay == 0.01);
    assert_int_equal(c.seed, 7);
    assert_int_equal(c.labels.list.count, 3);
    assert_string_equal(c.labels.list.items[2], "c d");
    assert_string_equal(c.train_file, "données.csv");
    assert_null(c.validation_file);
    assert_int_equal(c.delimiter, CAM_CONFIG_DELIMITER_COMMA);
    expect_origin(&c, CAM_KEY_learning_rate, "experiment.yaml:4");
    expect_origin(&c, CAM_KEY_adam_beta1, "base.yaml:4");
    expect_origin(&c, CAM_KEY_weight_decay, "default");
    expect_origin(&c, CAM_KEY_seed, "command line");
    cam_config_release(&c);
}

static void test_all_problems_at_once(void **state) {
    (void)state;
    expect_problems(
        "training:\n"
        "  learning_rat: 2e-5\n"
        "  lr: 1e-5\n"
        "  epochs: 3\n"
        "  batch_size: 8\n"
        "  max_steps: many\n"
        "  weight_decay: -1\n"
        "  stratify: true\n"
        "  gradient_checkpointing: yes\n"
        "  bf16: half\n"
        "  adam_beta1: [0.9]\n"
        "model:\n"
        "  freeze: first:0\n"
        "  model: camembert-base\n"
        "  init: scratch\n"
        "evaluation:\n"
        "  eval_steps: 5\n"
        "eval:\n"
        "  metric_for_best_model: f1_marco\n"
        "  zzz: 1\n"
        "learning_rate: 1e-5\n"
        "checkpoint:\n"
        "  save_steps: 0\n"
        "  save_strategy: always\n",
        "base.yaml:2: unknown key \"learning_rat\" in training; did you mean \"learning_rate\"?\n"
        "base.yaml:3: unknown key \"lr\" in training; the key is \"learning_rate\"\n"
        "base.yaml:4: unknown key \"epochs\" in training; the key is \"num_train_epochs\"\n"
        "base.yaml:5: unknown key \"batch_size\" in training; the key is \"per_device_train_batch_size\"\n"
        "base.yaml:6: max_steps must be a whole number of at least -1, not \"many\"\n"
        "base.yaml:7: weight_decay must be a number from 0 to 1, not \"-1\"\n"
        "base.yaml:8: key \"stratify\" belongs in the section data\n"
        "base.yaml:9: gradient_checkpointing must be true or false, not \"yes\"; write true\n"
        "base.yaml:10: bf16 must be auto, true or false, not \"half\"\n"
        "base.yaml:11: adam_beta1 must be a number from 0 and below 1, not a list\n"
        "base.yaml:13: freeze must be none, embeddings, first:N or encoder, not \"first:0\"; N counts layers of the "
        "encoder, from 1\n"
        "base.yaml:14: unknown key \"model\" in model; the key is \"model_name_or_path\"\n"
        "base.yaml:15: init must be pretrained or random, not \"scratch\"\n"
        "base.yaml:16: unknown section \"evaluation\"; did you mean \"eval\"?\n"
        "base.yaml:19: metric_for_best_model must be loss, accuracy, f1_macro, f1_micro or f1_weighted, not "
        "\"f1_marco\"; did you mean \"f1_macro\"?\n"
        "base.yaml:20: unknown key \"zzz\" in eval\n"
        "base.yaml:21: key \"learning_rate\" belongs in the section training\n"
        "base.yaml:23: save_steps must be a whole number of at least 1, not \"0\"\n"
        "base.yaml:24: save_strategy must be no, steps or epoch, not \"always\"\n");
}

static void test_twenty_then_a_count(void **state) {
    cam_config c;
    cam_problems problems;
    cam_strbuf yaml = CAM_STRBUF_INIT;
    (void)state;
    cam_strbuf_puts(&yaml, "training:\n");
    for (int i = 0; i < 25; i++)
        cam_strbuf_printf(&yaml, "  k%d: 1\n", i);
    assert_int_equal(load_bytes(&c, &problems, yaml.text, yaml.length, NULL, 0), CAM_E_USAGE);
    assert_int_equal(problems.errors, 25);
    assert_non_null(strstr(cam_status_message(), "\nand 5 more"));
    assert_null(strstr(cam_status_message(), "k20"));
    cam_config_release(&c);
    cam_problems_release(&problems);
    cam_strbuf_release(&yaml);
}

static void test_wrong_values(void **state) {
    (void)state;
    expect_problems("training:\n  learning_rate: 1e3\n",
                    "base.yaml:2: learning_rate must be a number from 0 to 0.1, not \"1e3\"\n");
    expect_problems("training: {learning_rate: 0.2}\n",
                    "base.yaml:1: learning_rate must be a number from 0 to 0.1, not \"0.2\"\n");
    expect_problems("training: {weight_decay: '0,01'}\n",
                    "base.yaml:1: weight_decay must be a number from 0 to 1, not \"0,01\"; write 0.01\n");
    expect_problems("training: {weight_decay: .inf, adam_beta1: 0x1, adam_beta2: nan, max_grad_norm: 1e999}\n",
                    "base.yaml:1: weight_decay must be a number from 0 to 1, not \".inf\"\n"
                    "base.yaml:1: adam_beta1 must be a number from 0 and below 1, not \"0x1\"\n"
                    "base.yaml:1: adam_beta2 must be a number from 0 and below 1, not \"nan\"\n"
                    "base.yaml:1: max_grad_norm must be a number of at least 0, not \"1e999\"\n");
    expect_problems("data: {validation_split: -0.1}\n",
                    "base.yaml:1: validation_split must be a number from 0 and below 1, not \"-0.1\"\n");
    expect_problems("data: {validation_split: 1.0}\n",
                    "base.yaml:1: validation_split must be a number from 0 and below 1, not \"1.0\"\n");
    expect_problems("measure: {seeds: [1, 2, 1]}\n",
                    "base.yaml:1: seeds must be [seed, seed, ...], whole numbers from 0 to 4294967295, all different, "
                    "not a list\n");
    expect_problems("measure: {seeds: []}\n",
                    "base.yaml:1: seeds must be [seed, seed, ...], whole numbers from 0 to 4294967295, all different, "
                    "not a list\n");
    expect_problems("training: {seed: 99999999999999999999, num_train_epochs: 3 epochs, max_steps: 1e3}\n",
                    "base.yaml:1: seed must be a whole number from 0 to 4294967295, not \"99999999999999999999\"\n"
                    "base.yaml:1: num_train_epochs must be a number above 0 and at most 1000000, not \"3 epochs\"\n"
                    "base.yaml:1: max_steps must be a whole number of at least -1, not \"1e3\"; write 1000\n");
    expect_problems(
        "data:\n  stratify: no\n  train_file: null\n  text_column:\n",
        "base.yaml:2: stratify must be true or false, not \"no\"; write false\n"
        "base.yaml:3: train_file must be a path or [path, path, ...], not \"null\"; put a text that looks like this in "
        "quotes\n"
        "base.yaml:4: text_column must be a text, not empty\n");
    expect_problems("distill: {distill_layers: [0, -1, x, 1000], distill_alpha: 1.5, distill_temperature: 0}\n",
                    "base.yaml:1: distill_layers: an entry must be the number of a layer, from 0, not \"-1\"\n"
                    "base.yaml:1: distill_layers: an entry must be the number of a layer, from 0, not \"x\"\n"
                    "base.yaml:1: distill_layers: an entry must be the number of a layer, from 0, not \"1000\"\n"
                    "base.yaml:1: distill_alpha must be a number from 0 to 1, not \"1.5\"\n"
                    "base.yaml:1: distill_temperature must be a number above 0 and at most 1000, not \"0\"\n");
    expect_problems(
        "distill: {distill_layers: 0}\n",
        "base.yaml:1: distill_layers must be null, a number of layers or [layer, layer, ...], counted from 0, "
        "not \"0\"\n");
    expect_problems(
        "distill: {distill_layers: 2, distill_hidden: 1}\n",
        "base.yaml:1: distill_layers needs a teacher; set ~distill_layers, or distill_teacher to the folder of "
        "a trained classifier\n"
        "base.yaml:1: distill_hidden needs a teacher; set ~distill_hidden, or distill_teacher to the folder of "
        "a trained classifier\n");
    expect_problems("data: {labels: [a], columns: text}\n",
                    "base.yaml:1: labels must list at least two labels\n"
                    "base.yaml:1: columns must be null or [name, name, ...], not \"text\"\n");
    expect_problems("data:\n  labels:\n  - a\n  - ' a'\n  - b\n", "base.yaml:3: labels: \"a\" occurs twice\n");
    expect_problems("data:\n  labels:\n  - a\n  -\n  - [b]\n",
                    "base.yaml:4: labels: an entry is empty\n"
                    "base.yaml:5: labels: an entry must be a text, not a list\n");
    expect_problems("training:\n  class_weights:\n    a: 0\n    b: heavy\n",
                    "base.yaml:3: each weight of class_weights must be a number from 1e-9 to 1000000, not \"0\"\n"
                    "base.yaml:4: each weight of class_weights must be a number from 1e-9 to 1000000, not \"heavy\"\n");
    expect_problems(
        "training: {class_weights: balancd}\n",
        "base.yaml:1: class_weights must be none, balanced or {label: weight, ...}, not \"balancd\"; did you "
        "mean \"balanced\"?\n");
    expect_problems(
        "logging: {report_to: [jsonl, wandb]}\n",
        "base.yaml:1: report_to must be [jsonl, html, tensorboard], some of these, or [], not \"wandb\"; write "
        "[jsonl, html], or [] for none\n");
    expect_problems(
        "model: camembert-base\ntraining: []\n",
        "base.yaml:1: \"model\" is a section: its keys stand under it, one a line and indented; the model's "
        "name is model_name_or_path\n"
        "base.yaml:2: \"training\" is a section: its keys stand under it, one a line and indented\n");
    expect_problems("- a\n", "base.yaml:1: a configuration is made of sections such as \"training:\"\n");
}

static void test_rules(void **state) {
    (void)state;
    expect_problems(
        "training:\n  warmup_ratio: 0.1\n  warmup_steps: 10\n",
        "base.yaml:3: warmup_steps and warmup_ratio are both above 0; set warmup_steps=0 or warmup_ratio=0\n");
    expect_problems("eval:\n  eval_strategy: no\n  early_stopping_patience: 2\n",
                    "base.yaml:3: early_stopping_patience needs evaluations; set eval_strategy=epoch or "
                    "early_stopping_patience=0\n");
    expect_problems("training:\n  max_steps: 0\n",
                    "base.yaml:2: max_steps must be -1 (off) or at least 1, not 0; set max_steps=-1\n");
    expect_problems("data:\n  text_column: label\n",
                    "base.yaml:2: text_column and label_column name the same column\n");
    expect_problems("data:\n  columns: [label, texte]\n",
                    "base.yaml:2: columns does not list the text_column \"text\"; set text_column=texte\n");
    expect_problems("data:\n  labels: [a, b]\nmodel:\n  num_labels: 3\ntraining:\n  class_weights: {a: 1, c: 2}\n",
                    "base.yaml:4: num_labels is 3, but labels lists 2; set num_labels=auto\n"
                    "base.yaml:6: class_weights names \"c\", which labels does not list\n");
}

/* Each setting that the problem of `yaml` tells to set ("; set A or B") makes the configuration good. */
static void expect_cures(const char *yaml, size_t count) {
    cam_config c;
    cam_problems problems;
    size_t cures = 0;
    assert_int_equal(load_bytes(&c, &problems, yaml, strlen(yaml), NULL, 0), CAM_E_USAGE);
    assert_int_equal(problems.errors, 1);
    cam_config_release(&c);
    char *at = strstr(problems.shown.text, "; set ");
    assert_non_null(at);
    for (char *end; at; at = end) {
        at += strspn(at, "; ") + strlen(at[0] == ';' ? "set " : "or ");
        end = strstr(at, " or ");
        char cure[80];
        const char *override = cure;
        cam_problems none;
        snprintf(cure, sizeof cure, "%.*s", (int)(end ? (size_t)(end - at) : strcspn(at, "\n")), at);
        if (load_bytes(&c, &none, yaml, strlen(yaml), &override, 1) != CAM_OK)
            fail_msg("%s: %s", cure, cam_strbuf_text(&none.shown));
        cam_config_release(&c);
        cures++;
    }
    assert_int_equal(cures, count);
    cam_problems_release(&problems);
}

static void test_what_rules_propose_cures(void **state) {
    (void)state;
    expect_cures("training: {warmup_ratio: 0.1, warmup_steps: 10}\n", 2);
    expect_cures("training: {warmup_ratio: 0.1, warmup_steps: 0.2}\n", 2);
    expect_cures("eval: {eval_strategy: no, early_stopping_patience: 2}\n", 2);
    expect_cures("training: {max_steps: 0}\n", 1);
    expect_cures("data: {columns: [label, texte]}\n", 1);
    expect_cures("data: {columns: [id, text, Motif]}\n", 1);
    expect_cures("data: {labels: [a, b]}\nmodel: {num_labels: 3}\n", 1);
    expect_cures("distill: {distill_teacher: t, distill_alpha: 0}\n", 1);
    expect_cures("distill: {distill_teacher: t}\npretraining: {task: pretrain}\n", 1);
    expect_cures("distill: {distill_teacher: t, distill_layers: 2}\nmodel: {model_name_or_path: m}\n", 2);
    expect_cures("distill: {distill_teacher: t, distill_layers: 2}\nmodel: {init: random}\n", 2);
}

static void test_warmup_steps_replace_the_ratio(void **state) {
    cam_config c;
    (void)state;
    load_good(&c, "training:\n  warmup_steps: 10\n");
    assert_int_equal(c.warmup_steps, 10);
    assert_true(c.warmup_ratio == 0);
    expect_origin(&c, CAM_KEY_warmup_ratio, "replaced by warmup_steps");
    cam_config_release(&c);
    load_good(&c, "training:\n  warmup_steps: 10\n  warmup_ratio: 0\n");
    cam_config_release(&c);
    load_good(&c, "training:\n  warmup_steps: 0\n  warmup_ratio: 0.1\n");
    assert_true(c.warmup_ratio == 0.1);
    cam_config_release(&c);
}

static void test_override_problems(void **state) {
    (void)state;
    expect_override_problem("learning_rat=1", "command line: unknown key \"learning_rat\"; did you mean "
                                              "\"learning_rate\"?\n");
    expect_override_problem("model.seed=1", "command line: key \"seed\" belongs in the section training\n");
    expect_override_problem("lr=1", "command line: unknown key \"lr\"; the key is \"learning_rate\"\n");
    expect_override_problem("data.batch_size=1", "command line: unknown key \"batch_size\" in data; the key is "
                                                 "\"per_device_train_batch_size\" in training\n");
    expect_override_problem("~sede", "command line: unknown key \"sede\"; did you mean \"seed\"?\n");
    expect_override_problem("seed", "command line: \"seed\" is neither KEY=VALUE nor ~KEY\n");
    expect_override_problem("seed=", "command line: seed must be a whole number from 0 to 4294967295, not empty\n");
    expect_override_problem("nowhere.foo=1", "command line: unknown section \"nowhere\"\n");
    expect_override_problem("labels=[a, b", "command line: not YAML: did not find expected ',' or ']' (column 1)\n");
    expect_override_problem("labels=[a, *b]", "command line: aliases are not allowed; write the value itself, or put a "
                                              "text that begins with \"*\" in quotes\n"
                                              "command line: labels: an entry is empty\n");
    expect_override_problem(
        "output_dir=\xE9t\xE9",
        "command line: byte 0xE9 is not UTF-8; set the terminal to UTF-8, or write the value into a "
        "configuration file\n");
    expect_override_problem("stratify=Yes", "command line: stratify must be true or false, not \"Yes\"; write true\n");
}

static void test_missing_file(void **state) {
    static const char *const files[] = {"no-such.yaml"};
    cam_config c;
    cam_problems problems = CAM_PROBLEMS_INIT;
    char expected[400];
    (void)state;
    assert_int_equal(cam_config_load(&c, files, 1, NULL, 0, &problems), CAM_E_USAGE);
    char folder[4096];
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(expected, sizeof expected, "cannot open \"%.300s/no-such.yaml\": No such file or directory", folder);
    assert_string_equal(cam_status_message(), expected);
    cam_config_release(&c);
    cam_problems_release(&problems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_schema_decides),
        cmocka_unit_test(test_labels_trimmed),
        cmocka_unit_test(test_several_files),
        cmocka_unit_test(test_all_problems_at_once),
        cmocka_unit_test(test_twenty_then_a_count),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_what_rules_propose_cures),
        cmocka_unit_test(test_warmup_steps_replace_the_ratio),
        cmocka_unit_test(test_override_problems),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
