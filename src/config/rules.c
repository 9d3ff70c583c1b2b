/* rules.c: see rules_internal.h. One function a rule. */
#include "bytes_internal.h"
#include "nearest.h"
#include "remedy.h"
#include "rules_internal.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Adds a problem at the origin of `key`; a default has no origin. */
CAM_PRINTF(4, 5)
static void add_problem(const cam_config *config, cam_config_key key, cam_problems *problems, const char *format, ...) {
    va_list args;
    va_start(args, format);
    cam_problems_add_list(problems, config->origins[key].file, config->origins[key].line, format, args);
    va_end(args);
}

static void check_warmup(cam_config *config, cam_problems *problems) {
    if (config->warmup_steps <= 0 && config->warmup_fraction <= 0)
        return;
    if (config->warmup_ratio > 0 && cam_config_is_written(config, CAM_KEY_warmup_ratio)) {
        add_problem(config, CAM_KEY_warmup_steps, problems,
                    "warmup_steps and warmup_ratio are both above 0; set warmup_steps=0 or warmup_ratio=0");
        return;
    }
    config->warmup_ratio = config->warmup_fraction;
    if (config->warmup_fraction > 0)
        config->origins[CAM_KEY_warmup_ratio] = config->origins[CAM_KEY_warmup_steps];
}

static void check_evaluation(const cam_config *config, cam_problems *problems) {
    if (config->early_stopping_patience > 0 && config->eval_strategy == CAM_CONFIG_EVAL_NO)
        add_problem(config, CAM_KEY_early_stopping_patience, problems,
                    "early_stopping_patience needs evaluations; set eval_strategy=epoch or early_stopping_patience=0");
    else if (config->early_stopping_patience > 0 && config->validation_split == 0 && !config->validation_file)
        add_problem(config, CAM_KEY_early_stopping_patience, problems,
                    "early_stopping_patience needs held-out rows; set validation_split=0.1 or "
                    "early_stopping_patience=0");
}

static void check_steps(const cam_config *config, cam_problems *problems) {
    if (config->max_steps == 0)
        add_problem(config, CAM_KEY_max_steps, problems,
                    "max_steps must be -1 (off) or at least 1, not 0; set max_steps=-1");
}

static int has_item(const cam_config_list *list, const char *text) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return 1;
    return 0;
}

/* Appends a column to take for `key`: of several, the first for the text and the last for the label. */
static void put_other_column(const cam_config *config, cam_config_key key, cam_strbuf *out) {
    const cam_config_list *columns = &config->columns;
    const char *taken = key == CAM_KEY_text_column ? config->label_column : config->text_column, *found = NULL;
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->items[i], taken) != 0 && (!found || key == CAM_KEY_label_column))
            found = columns->items[i];
    if (columns->count < 2 || !found)
        return;
    cam_strbuf_puts(out, "; set ");
    cam_remedy_put(out, CAM_SYNTAX_KEYS, cam_config_rows[key].leaf, found);
}

static void check_column(const cam_config *config, cam_config_key key, const char *column, cam_problems *problems) {
    const char *begin = column;
    size_t length = strlen(column);
    cam_bytes_trim(&begin, &length);
    cam_pool scratch = {NULL};
    char *trimmed = cam_pool_text(&scratch, begin, length);
    if (config->columns.count > 0 && !has_item(&config->columns, trimmed)) {
        cam_strbuf quoted = CAM_STRBUF_INIT;
        cam_bytes_quote(column, &quoted);
        put_other_column(config, key, &quoted);
        cam_config_key at = cam_config_is_written(config, key) ? key : CAM_KEY_columns;
        add_problem(config, at, problems, "columns does not list the %s %s", cam_config_rows[key].leaf,
                    cam_strbuf_text(&quoted));
        cam_strbuf_release(&quoted);
    }
    cam_pool_release(&scratch);
}

static void check_columns(const cam_config *config, cam_problems *problems) {
    if (config->task == CAM_CONFIG_TASK_PRETRAIN) { /* there is no label */
        check_column(config, CAM_KEY_text_column, config->text_column, problems);
        return;
    }
    if (strcmp(config->text_column, config->label_column) == 0) {
        cam_config_key at =
            cam_config_is_written(config, CAM_KEY_label_column) ? CAM_KEY_label_column : CAM_KEY_text_column;
        add_problem(config, at, problems, "text_column and label_column name the same column");
    }
    check_column(config, CAM_KEY_text_column, config->text_column, problems);
    check_column(config, CAM_KEY_label_column, config->label_column, problems);
}

static void check_label_count(const cam_config *config, cam_problems *problems) {
    if (config->labels.kind == CAM_LABELS_LIST && config->num_labels != 0 &&
        config->labels.list.count != (size_t)config->num_labels)
        add_problem(config, CAM_KEY_num_labels, problems,
                    "num_labels is %lld, but labels lists %zu; set num_labels=auto", (long long)config->num_labels,
                    config->labels.list.count);
}

/* The labels of the list, sorted: lists may be long, and are searched often. */
static const char **sorted_labels(const cam_config_list *labels, cam_pool *pool) {
    const char **sorted = cam_pool_take(pool, labels->count * sizeof *sorted);
    if (!sorted)
        return NULL;
    memcpy(sorted, labels->items, labels->count * sizeof *sorted);
    qsort(sorted, labels->count, sizeof *sorted, cam_text_compare);
    return sorted;
}

/* Adds a problem where `label`, which `key` names, is not in the list. */
static void check_label(const cam_config *config, cam_config_key key, const char *label, const char *const *sorted,
                        cam_problems *problems) {
    size_t count = config->labels.list.count;
    if (!sorted || bsearch(&label, sorted, count, sizeof *sorted, cam_text_compare))
        return;
    cam_strbuf text = CAM_STRBUF_INIT;
    const char *nearest = cam_nearest_word(label, sorted, count);
    cam_bytes_quote(label, &text);
    cam_strbuf_puts(&text, ", which labels does not list");
    if (nearest) {
        cam_strbuf_puts(&text, "; did you mean ");
        cam_bytes_quote(nearest, &text);
        cam_strbuf_putc(&text, '?');
    }
    add_problem(config, key, problems, "%s names %s", cam_config_rows[key].leaf, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

/* Labels that other keys name, against the list, which has the labels after label_map and on_rare_label. */
static void check_listed(const cam_config *config, cam_problems *problems) {
    const cam_config_weights *weights = &config->class_weights;
    const cam_config_map *map = &config->label_map;
    if (config->labels.kind != CAM_LABELS_LIST)
        return;
    cam_pool scratch = {NULL};
    const char *const *sorted = sorted_labels(&config->labels.list, &scratch);
    for (size_t i = 0; i < weights->count; i++)
        check_label(config, CAM_KEY_class_weights, weights->items[i].label, sorted, problems);
    for (size_t i = 0; i < map->count && config->label_case == CAM_LABEL_CASE_KEEP; i++)
        if (map->items[i].to)
            check_label(config, CAM_KEY_label_map, map->items[i].to, sorted, problems);
    if (config->min_rows_per_label > 1 && config->on_rare_label == CAM_RARE_LABEL_OTHER &&
        !has_item(&config->labels.list, "other"))
        add_problem(config, CAM_KEY_on_rare_label, problems,
                    "on_rare_label=other needs the label \"other\" in labels; add it, or set on_rare_label=drop");
    cam_pool_release(&scratch);
}

/* Keys that speak of labels, or of a test file, which pretraining does not have. */
static const cam_config_key for_classifiers[] = {CAM_KEY_num_labels,    CAM_KEY_classifier_dropout,
                                                 CAM_KEY_test_file,     CAM_KEY_label_column,
                                                 CAM_KEY_labels,        CAM_KEY_label_map,
                                                 CAM_KEY_label_case,    CAM_KEY_min_rows_per_label,
                                                 CAM_KEY_stratify,      CAM_KEY_on_rare_label,
                                                 CAM_KEY_split_by,      CAM_KEY_split_duplicates,
                                                 CAM_KEY_on_duplicate,  CAM_KEY_distill_temperature,
                                                 CAM_KEY_distill_alpha, CAM_KEY_distill_texts,
                                                 CAM_KEY_class_weights, CAM_KEY_label_smoothing_factor,
                                                 CAM_KEY_calibrate,     CAM_KEY_target_accuracy};
static const cam_config_key for_students[] = {CAM_KEY_distill_layers, CAM_KEY_distill_temperature,
                                              CAM_KEY_distill_alpha, CAM_KEY_distill_hidden, CAM_KEY_distill_texts};
static const cam_config_key for_pretraining[] = {CAM_KEY_mlm_probability, CAM_KEY_whole_word_mask, CAM_KEY_cache_dir};

static int is_changed(const cam_config *config, cam_config_key key) {
    return cam_config_is_written(config, key) && !cam_config_is_default(config, key);
}

/* What a teacher gives, and what the model begins as. */
static void check_teacher(const cam_config *config, cam_problems *problems) {
    int layers = config->distill_layers.evenly > 0 || config->distill_layers.count > 0;
    for (size_t i = 0; !config->distill_teacher && i < sizeof for_students / sizeof for_students[0]; i++)
        if (is_changed(config, for_students[i]))
            add_problem(config, for_students[i], problems,
                        "%s needs a teacher; set ~%s, or distill_teacher to the folder of a trained classifier",
                        cam_config_rows[for_students[i]].leaf, cam_config_rows[for_students[i]].leaf);
    if (!config->distill_teacher)
        return;
    if (config->task == CAM_CONFIG_TASK_PRETRAIN) {
        if (config->distill_hidden == 0)
            add_problem(
                config, CAM_KEY_distill_teacher, problems,
                "distill_teacher: in pretraining the hidden states of a teacher are learnt, and nothing else of "
                "it; set distill_hidden=1");
    } else if (config->distill_alpha == 0 && config->distill_hidden == 0)
        add_problem(config, CAM_KEY_distill_alpha, problems,
                    "distill_alpha and distill_hidden are both 0: the teacher teaches nothing; set distill_alpha=0.5");
    if (layers && is_changed(config, CAM_KEY_model_name_or_path) &&
        strcmp(config->model_name_or_path, config->distill_teacher) != 0)
        add_problem(config, CAM_KEY_distill_layers, problems,
                    "distill_layers begins the model as layers of the teacher, not of \"%s\"; set ~distill_layers or "
                    "~model_name_or_path",
                    config->model_name_or_path);
    if (layers && config->init == CAM_CONFIG_INIT_RANDOM)
        add_problem(config, CAM_KEY_init, problems,
                    "init=random does not begin as layers of the teacher; set init=pretrained or ~distill_layers");
}

/* Gives values that fit pretraining to the keys that nobody has set. */
static void check_pretraining(cam_config *config, cam_problems *problems) {
    for (size_t i = 0; i < sizeof for_classifiers / sizeof for_classifiers[0]; i++)
        if (is_changed(config, for_classifiers[i]))
            add_problem(config, for_classifiers[i], problems, "%s has no meaning in pretraining; set ~%s",
                        cam_config_rows[for_classifiers[i]].leaf, cam_config_rows[for_classifiers[i]].leaf);
    if (config->freeze.kind != CAM_CONFIG_FREEZE_NONE)
        add_problem(config, CAM_KEY_freeze, problems,
                    "freeze: in pretraining all of the model learns, since its head shares the word embeddings; set "
                    "freeze=none");
    if (config->mlm_probability == 0 && !config->distill_teacher)
        add_problem(config, CAM_KEY_mlm_probability, problems,
                    "mlm_probability is 0, so nothing is guessed, and without a teacher nothing is learnt; set "
                    "mlm_probability=0.15");
    if (!cam_config_is_written(config, CAM_KEY_metric_for_best_model))
        config->metric_for_best_model = CAM_METRIC_LOSS;
    if (config->metric_for_best_model != CAM_METRIC_LOSS)
        add_problem(config, CAM_KEY_metric_for_best_model, problems,
                    "metric_for_best_model: pretraining has the loss only; set metric_for_best_model=loss");
    if (!cam_config_is_written(config, CAM_KEY_validation_split))
        config->validation_split = CAM_PRETRAINING_SPLIT;
    if (config->validation_split == 0)
        add_problem(config, CAM_KEY_validation_split, problems,
                    "validation_split: pretraining holds out at least one text; set validation_split=0.001");
}

/* Other tools have a cache_dir for the models of the Hub. */
static void check_classification(const cam_config *config, cam_problems *problems) {
    for (size_t i = 0; i < sizeof for_pretraining / sizeof for_pretraining[0]; i++)
        if (is_changed(config, for_pretraining[i]))
            add_problem(config, for_pretraining[i], problems, "%s is for pretraining; set task=pretrain or ~%s%s",
                        cam_config_rows[for_pretraining[i]].leaf, cam_config_rows[for_pretraining[i]].leaf,
                        for_pretraining[i] == CAM_KEY_cache_dir
                            ? " (the environment variable HF_HUB_CACHE names the folder of the Hub's models)"
                            : "");
    if (config->train_files.count > 1)
        add_problem(config, CAM_KEY_train_file, problems,
                    "train_file lists %zu files, and a classifier is trained from one; put them into one file, or set "
                    "task=pretrain to learn from texts without labels",
                    config->train_files.count);
}

void cam_rules_apply(cam_config *config, cam_problems *problems) {
    check_warmup(config, problems);
    check_evaluation(config, problems);
    check_steps(config, problems);
    check_columns(config, problems);
    check_label_count(config, problems);
    check_listed(config, problems);
    check_teacher(config, problems);
    if (config->task == CAM_CONFIG_TASK_PRETRAIN)
        check_pretraining(config, problems);
    else
        check_classification(config, problems);
}
