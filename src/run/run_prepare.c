/* run_prepare.c: cam_run_prepare: reads and checks all that a run needs, stage by stage; see run.h. */
#include "earlier_run_internal.h"
#include "failures.h"
#include "files.h"
#include "hash.h"
#include "label_forms.h"
#include "log.h"
#include "model_get.h"
#include "model_tokenizer.h"
#include "outlook.h"
#include "phases.h"
#include "piece_kinds_internal.h"
#include "resume.h"
#include "run.h"
#include "run_distill_internal.h"
#include "run_facts.h"
#include "run_folder.h"
#include <stdlib.h>
#include <string.h>

/* --- stages ---------------------------------------------------------------------------------------------------- */

static cam_status find_model(cam_run *run) {
    const cam_config *config = run->config;
    int random = config->init == CAM_CONFIG_INIT_RANDOM, is_student = cam_run_is_begun_from_teacher(config);
    return cam_model_get(run->group, is_student ? config->distill_teacher : config->model_name_or_path,
                         is_student ? "main" : config->revision, random ? CAM_MODEL_CONFIG_ONLY : CAM_MODEL_WEIGHTS,
                         &run->cancel, &run->model_folder);
}

static cam_status open_model(cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    char *path = cam_path_join(run->model_folder, "config.json");
    st = cam_model_config_read(path, &run->model);
    if (st != CAM_OK) {
        cam_model_config_release(&run->model);
        run->model = (cam_model_config){0};
        goto out;
    }
    run->model.has_threshold = 0; /* it is of the model from which this one begins */
    if (config->task == CAM_CONFIG_TASK_PRETRAIN)
        run->model.task = config->mlm_probability > 0 ? CAM_TASK_MASKED_LM : CAM_TASK_ENCODER;
    if (cam_run_is_begun_from_teacher(config))
        CAM_TRY(cam_run_choose_layers(run));
    cam_model_origin_find(&run->origin, run->model_folder, &run->model);
    run->folder_has_weights = cam_file_exists_in(run->model_folder, "model.safetensors");
    if (config->freeze.kind == CAM_CONFIG_FREEZE_FIRST && config->freeze.layers > run->model.num_hidden_layers)
        CAM_FAIL(CAM_E_USAGE, "freeze: first:%lld, but the model has %d layers; set freeze=first:%d or less",
                 (long long)config->freeze.layers, run->model.num_hidden_layers, run->model.num_hidden_layers);
out:
    free(path);
    return st;
}

static cam_status open_tokenizer(cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    if (config->classifier_dropout >= 0)
        run->model.classifier_dropout = config->classifier_dropout;
    if (run->model.other_task && config->init == CAM_CONFIG_INIT_PRETRAINED)
        cam_log("\"%s\" is %s: its encoder is used, its head is left aside", run->model_folder, run->model.other_task);
    int32_t most = cam_model_config_max_tokens(&run->model);
    run->max_length = config->max_seq_length < most ? (int32_t)config->max_seq_length : most;
    if (run->max_length < config->max_seq_length)
        cam_log_verbose("max_seq_length is %d: the model has no more positions", run->max_length);
    CAM_TRY(cam_model_tokenizer_open(run->model_folder, &run->tokenizer));
    if (config->task == CAM_CONFIG_TASK_PRETRAIN)
        CAM_TRY(cam_piece_kinds_find(run->tokenizer, run->model.vocab_size, run->model_folder, &run->piece_kind));
out:
    return st;
}

static int in_same_order(const cam_model_config *model, const cam_config_list *list) {
    if ((size_t)model->num_labels != list->count)
        return 0;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(model->id2label[i], list->items[i]) != 0)
            return 0;
    return 1;
}

/* Opens the data. If the model folder is a classifier with the same labels, its label ids and its head are kept. A list
 * of labels in the configuration fixes the ids; a folder with another order then loses its head. A teacher's ids come
 * before those of the model. */
static cam_status open_data(cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    cam_labels known = {0};
    int listed = config->labels.kind == CAM_LABELS_LIST;
    int pretrained = config->init == CAM_CONFIG_INIT_PRETRAINED;
    const cam_model_config *named = run->teacher.has_labels ? &run->teacher : &run->model;
    int usable = named->has_labels && (pretrained || named == &run->teacher) &&
                 (!listed || in_same_order(named, &config->labels.list));
    if (usable)
        CAM_TRY(cam_labels_from_names(&known, (const char *const *)named->id2label, (size_t)named->num_labels));
    CAM_TRY(cam_corpus_open(&run->corpus, config, usable ? &known : NULL));
    const cam_labels *labels = &run->corpus.labels;
    if (labels->count > CAM_MODEL_MAX_LABELS)
        CAM_FAIL(CAM_E_DATA,
                 "%s: the column \"%s\" holds %zu different labels, and a model has %d at most; is it another column "
                 "that holds the labels? set label_column=…",
                 config->train_file, config->label_column, labels->count, CAM_MODEL_MAX_LABELS);
    run->keep_head = pretrained && run->model.has_labels && labels->count == (size_t)run->model.num_labels;
    for (size_t i = 0; run->keep_head && i < labels->count; i++)
        run->keep_head = strcmp(labels->names[i], run->model.id2label[i]) == 0;
    if (run->model.hidden_size > 0)
        CAM_TRY(cam_model_config_set_labels(&run->model, (const char *const *)labels->names, (int32_t)labels->count));
out:
    cam_labels_release(&known);
    return st;
}

/* Takes or makes the tokenised texts of pretraining. */
static cam_status open_texts(cam_run *run) {
    cam_text_source source = {.config = run->config,
                              .files = &run->text_files,
                              .tokenizer = run->tokenizer,
                              .max_length = run->max_length,
                              .cancel = &run->cancel};
    cam_status st = cam_corpus_open_texts(&run->corpus, &source);
    run->is_sound = st == CAM_OK;
    return st;
}

cam_status cam_run_weigh_classes(const cam_run *run, const int64_t *rows, float *weights) {
    cam_status st = CAM_OK;
    const cam_config_weights *given = &run->config->class_weights;
    const cam_labels *labels = &run->corpus.labels;
    int64_t all = 0;
    if (given->kind == CAM_CONFIG_CLASS_WEIGHTS_NONE)
        return CAM_OK;
    for (size_t k = 0; k < labels->count; k++)
        all += rows[k];
    for (size_t k = 0; k < labels->count; k++) {
        weights[k] = 1;
        if (given->kind != CAM_CONFIG_CLASS_WEIGHTS_BALANCED)
            continue;
        if (rows[k] == 0)
            CAM_FAIL(CAM_E_DATA, "class_weights: balanced, but the label \"%s\" has no training row", labels->names[k]);
        weights[k] = (float)((double)all / ((double)labels->count * (double)rows[k]));
    }
    for (size_t i = 0; i < given->count; i++) {
        int32_t id = cam_labels_find(labels, given->items[i].label, strlen(given->items[i].label));
        const char *nearest = id < 0 ? cam_label_nearest(labels, given->items[i].label) : NULL;
        if (id < 0)
            CAM_FAIL(CAM_E_USAGE, "class_weights: the data has no label \"%s\"%s%s%s", given->items[i].label,
                     nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
        weights[id] = (float)given->items[i].weight;
    }
out:
    return st;
}

static cam_status weigh_classes(cam_run *run) {
    size_t labels = run->corpus.labels.count;
    if (run->config->class_weights.kind == CAM_CONFIG_CLASS_WEIGHTS_NONE)
        return CAM_OK;
    run->class_weights = malloc(labels * sizeof *run->class_weights);
    if (!run->class_weights)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu class weights", labels);
    return cam_run_weigh_classes(run, run->corpus.label_count, run->class_weights);
}

static cam_outlook outlook_of(const cam_run *run) {
    return (cam_outlook){.config = run->config,
                         .rows = cam_corpus_train_count(&run->corpus),
                         .labels = (int64_t)run->corpus.labels.count,
                         .hidden = run->model.hidden_size,
                         .ranks = cam_group_ranks(run->group)};
}

static cam_status check_outlook(cam_run *run) {
    cam_outlook outlook = outlook_of(run);
    return cam_outlook_check(&outlook, &run->corpus.warnings);
}

cam_fit cam_run_fit(const cam_run *run, int frozen) {
    cam_outlook outlook = outlook_of(run);
    return cam_outlook_fit(&outlook, frozen);
}

static cam_status check_weights(cam_run *run) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_weights_open(run->model_folder, &run->weights));
    if (run->is_sound) {
        cam_model_source source = cam_run_trainer_options(run, NULL).source;
        CAM_TRY(cam_model_check(&source));
    }
out:
    return st;
}

static cam_status check_folder(cam_run *run) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_run_folder_check(run->config, run->model_folder));
    CAM_TRY(cam_resume_find(run));
out:
    return st;
}

/* A file that was corrected after a run. The failure to read that run is no failure of this one. */
static void compare_with_earlier(cam_run *run) {
    cam_earlier_run_compare(run->config, &run->corpus, &run->comparison);
    cam_strbuf_puts(&run->corpus.warnings, cam_strbuf_text(&run->comparison));
}

/* The stages that read the model; `failures` has grown where one failed. */
static cam_status prepare_model(cam_run *run, cam_failures *failures) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_failures_take(failures, find_model(run)));
    if (cam_group_rank(run->group) == 0)
        CAM_TRY(cam_failures_take(failures, check_folder(run)));
    CAM_TRY(cam_failures_take(failures, cam_run_find_teacher(run)));
    if (run->model_folder && (run->teacher.hidden_size > 0 || !cam_run_is_begun_from_teacher(run->config)))
        CAM_TRY(cam_failures_take(failures, open_model(run)));
    if (run->model.hidden_size > 0)
        CAM_TRY(cam_failures_take(failures, open_tokenizer(run)));
out:
    return st;
}

/* What the output folder gets: the model with its tokenizer, what is written of every row, and checkpoints, each with the
 * trained weights and their two moments; the model in them is the same file. A better model, and the next checkpoint, are
 * written before the ones before are removed. */
static cam_status check_room(cam_run *run) {
    cam_status st = CAM_OK;
    enum { ROW_BYTES = 40, OTHER_BYTES = 1 << 16 };
    const cam_config *config = run->config;
    cam_trainer_options options = cam_run_trainer_options(run, NULL);
    cam_saved_bytes saved;
    CAM_TRY(cam_trainer_count_saved(&options, &saved));
    double model = (double)saved.model;
    double others =
        ROW_BYTES * (double)run->corpus.rows + (double)cam_tokenizer_saved_bytes(run->tokenizer) + OTHER_BYTES;
    double checkpoint = config->save_strategy == CAM_CONFIG_SAVE_NO ? 0 : (double)saved.state + OTHER_BYTES;
    int is_replaced = config->load_best_model_at_end && config->eval_strategy != CAM_CONFIG_EVAL_NO &&
                      run->corpus.part_count[CAM_PART_VALIDATION] > 0;
    cam_run_folder_need need = {.first_bytes = model + others + checkpoint,
                                .most_bytes = (is_replaced ? 2 : 1) * model + others +
                                              checkpoint * (double)(config->save_total_limit + 1)};
    if (run->resume.kind == CAM_RUN_GOES_ON) /* the rest is there */
        need = (cam_run_folder_need){OTHER_BYTES + checkpoint, OTHER_BYTES + checkpoint + (is_replaced ? model : 0)};
    if (run->resume.kind != CAM_RUN_IS_FINISHED)
        CAM_TRY(cam_run_folder_check_room(config, &need, &run->corpus.warnings));
out:
    return st;
}

static cam_status check_stop(const cam_run *run) {
    return cam_cancel_requested(&run->cancel) ? cam_fail(CAM_E_STOPPED, "stopped by a signal before the first step")
                                              : CAM_OK;
}

/* The labelled rows of a classifier. */
static cam_status prepare_rows(cam_run *run, cam_failures *failures, int *has_data) {
    cam_status st = CAM_OK, data;
    cam_phase_enter(CAM_PHASE_DATA);
    data = open_data(run);
    CAM_TRY(cam_failures_take(failures, data));
    CAM_TRY(check_stop(run));
    cam_phase_enter(CAM_PHASE_TOKENS);
    if (run->tokenizer && run->corpus.rows > 0)
        CAM_TRY(cam_failures_take(failures,
                                  cam_corpus_tokenize(&run->corpus, run->tokenizer, run->max_length, &run->cancel)));
    cam_phase_enter(CAM_PHASE_CHECKS);
    *has_data = data == CAM_OK;
    run->is_sound = data == CAM_OK && run->corpus.tokens.rows > 0;
out:
    return st;
}

/* The texts of pretraining. To tokenise them can take long, so all else must be well; the other ranks follow once rank 0
 * has made the cache (share_texts). */
static cam_status prepare_texts(cam_run *run, cam_failures *failures, int *has_data) {
    cam_status st = CAM_OK;
    cam_phase_enter(CAM_PHASE_TOKENS);
    CAM_TRY(cam_failures_take(failures, cam_text_files_find(&run->text_files, run->config)));
    CAM_TRY(check_stop(run));
    if (failures->count == 0 && run->tokenizer && cam_group_rank(run->group) == 0)
        CAM_TRY(cam_failures_take(failures, open_texts(run)));
    cam_phase_enter(CAM_PHASE_CHECKS);
    *has_data = run->is_sound;
out:
    return st;
}

static cam_status prepare_stages(cam_run *run, cam_failures *failures) {
    cam_status st = CAM_OK;
    int is_pretraining = run->config->task == CAM_CONFIG_TASK_PRETRAIN, has_data = 0;
    cam_phase_enter(CAM_PHASE_MODEL);
    CAM_TRY(prepare_model(run, failures));
    CAM_TRY((is_pretraining ? prepare_texts : prepare_rows)(run, failures, &has_data));
    if (run->model.hidden_size > 0 && run->config->init == CAM_CONFIG_INIT_PRETRAINED)
        CAM_TRY(cam_failures_take(failures, check_weights(run)));
    if (run->model.hidden_size > 0)
        CAM_TRY(cam_failures_take(failures, cam_run_check_teacher(run)));
    if (has_data)
        CAM_TRY(cam_failures_take(failures, weigh_classes(run)));
    if (has_data)
        CAM_TRY(cam_failures_take(failures, check_outlook(run)));
    if (has_data && !is_pretraining && cam_group_rank(run->group) == 0)
        compare_with_earlier(run);
    if (run->is_sound && failures->count == 0 && cam_group_rank(run->group) == 0)
        CAM_TRY(cam_failures_take(failures, cam_resume_decide(run)));
    if (run->is_sound && cam_group_rank(run->group) == 0)
        CAM_TRY(cam_failures_take(failures, check_room(run)));
out:
    return st;
}

static cam_status prepare(cam_run *run) {
    cam_failures failures = {0};
    cam_status st = prepare_stages(run, &failures);
    run->failures = failures.count;
    if (st == CAM_OK)
        st = cam_failures_status(&failures);
    cam_failures_release(&failures);
    return st;
}

/* --- ranks ----------------------------------------------------------------------------------------------------- */

static uint64_t hash_of_configuration(const cam_run *run) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_config_show(run->config, CAM_COMMENTS_NONE, &text);
    uint64_t hash = cam_hash_bytes(CAM_HASH_START, cam_strbuf_text(&text), text.length);
    cam_strbuf_release(&text);
    return hash;
}

static uint64_t hash_of_model(const cam_run *run) {
    const cam_model_config *m = &run->model;
    const int32_t sizes[] = {m->num_hidden_layers,
                             m->hidden_size,
                             m->intermediate_size,
                             m->num_attention_heads,
                             m->vocab_size,
                             m->num_labels,
                             m->max_position_embeddings,
                             run->keep_head,
                             run->weights != NULL,
                             run->teacher.num_hidden_layers,
                             run->teacher.hidden_size,
                             run->teacher.num_labels};
    return cam_hash_bytes(CAM_HASH_START, sizes, sizeof sizes);
}

/* Ranks with different inputs would make different collective calls, and wait for each other without end. */
static cam_status compare_ranks(const cam_run *run) {
    cam_status st = CAM_OK;
    if (cam_group_ranks(run->group) == 1)
        return CAM_OK;
    CAM_TRY(cam_group_require_equal(run->group, "configuration", hash_of_configuration(run)));
    CAM_TRY(cam_group_require_equal(run->group, "model", hash_of_model(run)));
    CAM_TRY(cam_group_require_equal(run->group, "data", cam_run_data_hash(run)));
out:
    return st;
}

/* The ranks above 0 take the cache that rank 0 has made; without a common folder each makes its own. */
static cam_status share_texts(cam_run *run) {
    cam_status st = CAM_OK;
    if (run->config->task != CAM_CONFIG_TASK_PRETRAIN || cam_group_ranks(run->group) == 1)
        return CAM_OK;
    if (cam_group_rank(run->group) > 0)
        st = open_texts(run);
    return cam_group_agree_status(run->group, "reading the texts", st);
}

/* All ranks prepare. They wait for one another as long as the tokenising of a large corpus takes. */
static cam_status prepare_together(cam_run *run) {
    double timeout_s = run->group ? run->group->timeout_s : 0;
    if (run->group && run->config->task == CAM_CONFIG_TASK_PRETRAIN)
        run->group->timeout_s = CAM_MODEL_GET_S;
    cam_status st = cam_group_agree_status(run->group, "reading model and data", prepare(run));
    if (st == CAM_OK)
        st = share_texts(run);
    if (run->group)
        run->group->timeout_s = timeout_s;
    return st;
}

cam_status cam_run_prepare(cam_run *run, const cam_config *config, const cam_cancel *cancel, cam_group *group) {
    cam_status st = CAM_OK;
    *run = (cam_run){.config = config, .group = group};
    if (cancel)
        run->cancel = *cancel;
    CAM_TRY(prepare_together(run));
    CAM_TRY(cam_resume_share(run));
    CAM_TRY(compare_ranks(run));
out:
    return st;
}
