/* run_facts.c: see run_facts.h. */
#include "run_facts.h"
#include "hash.h"
#include "plain.h"
#include "run.h"
#include "weights.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of these sections matter, but for those below. */
static const char *const sections[] = {"model", "data", "training"};
/* Keys whose effect another fact tells (which model, how many labels, how many rows an update has), and those without an
 * effect on the result. */
static const cam_config_key left_out[] = {CAM_KEY_model_name_or_path,
                                          CAM_KEY_revision,
                                          CAM_KEY_num_labels,
                                          CAM_KEY_output_dir,
                                          CAM_KEY_overwrite_output_dir,
                                          CAM_KEY_per_device_train_batch_size,
                                          CAM_KEY_gradient_accumulation_steps,
                                          CAM_KEY_gradient_checkpointing};
/* A section for one task is no fact of another. */
static int matters(const cam_config *config, size_t key) {
    if (strcmp(cam_config_rows[key].section, "pretraining") == 0)
        return config->task == CAM_CONFIG_TASK_PRETRAIN && key != CAM_KEY_cache_dir;
    if (strcmp(cam_config_rows[key].section, "distill") == 0)
        return config->distill_teacher && key != CAM_KEY_distill_teacher;
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if ((size_t)left_out[i] == key)
            return 0;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strcmp(cam_config_rows[key].section, sections[i]) == 0)
            return 1;
    return 0;
}

static cam_status add_keys(const cam_config *config, cam_facts *facts) {
    cam_status st = CAM_OK;
    cam_strbuf value = CAM_STRBUF_INIT;
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++) {
        if (!matters(config, key))
            continue;
        cam_strbuf_clear(&value);
        cam_config_put_value(config, (cam_config_key)key, &value);
        CAM_TRY(cam_facts_add(facts, cam_config_rows[key].leaf, cam_strbuf_text(&value)));
    }
out:
    cam_strbuf_release(&value);
    return st;
}

uint64_t cam_run_data_hash(const cam_run *run) {
    const cam_corpus *corpus = &run->corpus;
    const cam_token_rows *tokens = &corpus->tokens;
    uint64_t hash = cam_hash_bytes(CAM_HASH_START, tokens->offsets, (size_t)(tokens->rows + 1) * sizeof(int64_t));
    if (corpus->texts.map.bytes) { /* a large corpus is not read once more */
        hash = cam_hash_bytes(hash, &corpus->texts.ids_hash, sizeof corpus->texts.ids_hash);
    } else {
        hash = cam_hash_bytes(hash, tokens->ids, (size_t)tokens->offsets[tokens->rows] * sizeof(int32_t));
        hash = cam_hash_bytes(hash, corpus->label, (size_t)tokens->rows * sizeof(int32_t));
    }
    for (int part = 0; part < CAM_PARTS; part++)
        hash = cam_hash_bytes(hash, corpus->part[part], (size_t)corpus->part_count[part] * sizeof(int32_t));
    return hash;
}

static cam_status add_data(const cam_run *run, cam_facts *facts) {
    const int64_t *count = run->corpus.part_count;
    char text[120];
    snprintf(text, sizeof text, "%lld rows of training, %lld of validation, %lld of test (%016" PRIx64 ")",
             (long long)count[CAM_PART_TRAIN], (long long)count[CAM_PART_VALIDATION], (long long)count[CAM_PART_TEST],
             cam_run_data_hash(run));
    return cam_facts_add(facts, CAM_FACT_DATA, text);
}

static cam_status add_labels(const cam_run *run, cam_facts *facts) {
    const cam_labels *labels = &run->corpus.labels;
    uint64_t hash = CAM_HASH_START;
    char text[60];
    for (size_t k = 0; k < labels->count; k++)
        hash = cam_hash_bytes(hash, labels->names[k], strlen(labels->names[k]) + 1);
    snprintf(text, sizeof text, "%zu names (%016" PRIx64 ")", labels->count, hash);
    return cam_facts_add(facts, "labels of the data", text);
}

static cam_status add_model(const cam_run *run, cam_facts *facts) {
    cam_status st = CAM_OK;
    char identity[CAM_WEIGHTS_IDENTITY_BYTES] = "random";
    const cam_model_config *m = &run->model;
    char text[sizeof identity + 240];
    if (run->weights)
        CAM_TRY(cam_weights_identity(run->weights, identity));
    snprintf(text, sizeof text,
             "%d layers of %d with %d heads, vocabulary of %d, %d positions, dropout %g, %g and %g, weights %.16s",
             (int)m->num_hidden_layers, (int)m->hidden_size, (int)m->num_attention_heads, (int)m->vocab_size,
             (int)m->max_position_embeddings, m->hidden_dropout_prob, m->attention_probs_dropout_prob,
             cam_model_config_head_dropout(m), identity);
    CAM_TRY(cam_facts_add(facts, "model", text));
out:
    return st;
}

static cam_status add_teacher(const cam_run *run, cam_facts *facts) {
    cam_status st = CAM_OK;
    char identity[CAM_WEIGHTS_IDENTITY_BYTES];
    if (!run->teacher_weights)
        return CAM_OK;
    CAM_TRY(cam_weights_identity(run->teacher_weights, identity));
    identity[16] = '\0';
    CAM_TRY(cam_facts_add(facts, "weights of the teacher", identity));
out:
    return st;
}

cam_status cam_run_facts_find(const cam_run *run, cam_facts *facts) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    int64_t micro_batch = config->per_device_train_batch_size * cam_group_ranks(run->group);
    *facts = (cam_facts){0};
    CAM_TRY(add_keys(config, facts));
    CAM_TRY(cam_facts_add_integer(facts, "rows of an update", micro_batch * config->gradient_accumulation_steps));
    if (config->train_sampling_strategy == CAM_SAMPLING_GROUP_BY_LENGTH) /* it orders the rows */
        CAM_TRY(cam_facts_add_integer(facts, "rows of a micro-batch", micro_batch));
    CAM_TRY(add_data(run, facts));
    CAM_TRY(add_labels(run, facts));
    CAM_TRY(add_model(run, facts));
    CAM_TRY(add_teacher(run, facts));
out:
    return st;
}

cam_status cam_run_facts_find_arithmetic(const cam_run *run, const cam_backend *backend, cam_facts *facts) {
    cam_status st = CAM_OK;
    *facts = (cam_facts){0};
    CAM_TRY(cam_facts_add(facts, "version", CAM_VERSION));
    CAM_TRY(cam_facts_add(facts, "device", backend->arithmetic));
    CAM_TRY(cam_facts_add(facts, "precision", cam_run_trainer_options(run, backend).bf16 ? "bf16" : "f32"));
    CAM_TRY(cam_facts_add_integer(facts, "ranks", cam_group_ranks(run->group)));
out:
    return st;
}
