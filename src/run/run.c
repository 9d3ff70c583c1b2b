/* run.c: the options of the trainer, and the end of a run; see run.h. */
#include "run.h"
#include <stdlib.h>

void cam_run_close(cam_run *run) {
    cam_corpus_close(&run->corpus);
    cam_tokenizer_close(run->tokenizer);
    cam_weights_close(run->weights);
    cam_weights_close(run->teacher_weights);
    cam_model_config_release(&run->teacher);
    cam_model_origin_release(&run->origin);
    cam_model_config_release(&run->model);
    cam_strbuf_release(&run->comparison);
    cam_strbuf_release(&run->measured);
    cam_facts_release(&run->facts);
    cam_text_files_release(&run->text_files);
    free(run->piece_kind);
    free(run->student_layers);
    free(run->teacher_folder);
    free(run->class_weights);
    free(run->model_folder);
    *run = (cam_run){0};
}

/* --- options of the trainer ------------------------------------------------------------------------------------ */

static int frozen_depth(const cam_run *run) {
    switch (run->config->freeze.kind) {
    case CAM_CONFIG_FREEZE_EMBEDDINGS:
        return 1;
    case CAM_CONFIG_FREEZE_FIRST:
        return 1 + (int)run->config->freeze.layers;
    case CAM_CONFIG_FREEZE_ENCODER:
        return 1 + run->model.num_hidden_layers;
    default:
        return 0;
    }
}

/* Whether to shard the optimizer state. auto: on the CPU, where AdamW takes a large part of a step and N ranks of one
 * machine would do it N times. Not on a GPU, where it has not been measured. */
static int is_sharded(const cam_run *run, const cam_backend *backend) {
    if (!run->comm || run->config->shard_optimizer == CAM_CONFIG_SHARD_FALSE)
        return 0;
    return run->config->shard_optimizer == CAM_CONFIG_SHARD_TRUE || (backend && backend->host_memory);
}

static int32_t mask_id(const cam_run *run) {
    return run->tokenizer ? cam_tokenizer_special_ids(run->tokenizer).mask : -1;
}

static cam_teacher teacher_of(const cam_run *run) {
    const cam_config *c = run->config;
    if (run->teacher.hidden_size == 0)
        return (cam_teacher){0};
    int is_classifier = c->task == CAM_CONFIG_TASK_CLASSIFY;
    return (cam_teacher){
        .source = {.weights = run->teacher_weights, .keep_head = is_classifier, .config = &run->teacher},
        .temperature = (float)c->distill_temperature,
        .alpha = (float)c->distill_alpha,
        .hidden_weight = (float)c->distill_hidden};
}

cam_trainer_options cam_run_trainer_options(const cam_run *run, const cam_backend *backend) {
    const cam_config *c = run->config;
    int is_masked = c->task == CAM_CONFIG_TASK_PRETRAIN;
    int bf16 = c->bf16 == CAM_CONFIG_BF16_TRUE || (c->bf16 == CAM_CONFIG_BF16_AUTO && backend && backend->bf16);
    return (cam_trainer_options){.config = &run->model,
                                 .source = {.weights = run->weights,
                                            .keep_head = run->keep_head || is_masked,
                                            .seed = (uint64_t)c->seed,
                                            .layers = run->student_layers,
                                            .checkpoint_layers = run->teacher.num_hidden_layers,
                                            .config = &run->model},
                                 .rates = {.frozen_depth = frozen_depth(run),
                                           .weight_decay = c->weight_decay,
                                           .decay_bias_and_norm = c->decay_bias_and_norm,
                                           .hidden_map = run->teacher.hidden_size > 0 && c->distill_hidden > 0,
                                           .layerwise_decay = c->layerwise_lr_decay},
                                 .adamw = {.beta1 = c->adam_beta1,
                                           .beta2 = c->adam_beta2,
                                           .eps = c->adam_epsilon,
                                           .max_grad_norm = (float)c->max_grad_norm},
                                 .schedule = c->lr_scheduler_type,
                                 .learning_rate = c->learning_rate,
                                 .warmup_ratio = c->warmup_ratio,
                                 .warmup_steps = c->warmup_steps,
                                 .plan = {.batch_rows = c->per_device_train_batch_size * cam_group_ranks(run->group),
                                          .accumulation = c->gradient_accumulation_steps,
                                          .epochs = c->num_train_epochs,
                                          .max_updates = c->max_steps},
                                 .sampling = c->train_sampling_strategy,
                                 .seed = (uint64_t)c->seed,
                                 .class_weights = run->class_weights,
                                 .label_smoothing = (float)c->label_smoothing_factor,
                                 .gradient_checkpointing = c->gradient_checkpointing,
                                 .frozen_dropout = c->frozen_dropout,
                                 .skip_nonfinite = c->on_nonfinite == CAM_CONFIG_NONFINITE_SKIP,
                                 .bf16 = bf16,
                                 .eval_batch_rows = c->per_device_eval_batch_size,
                                 .masking = {.probability = c->mlm_probability,
                                             .share_mask = 0.8,
                                             .share_random = 0.1,
                                             .whole_words = c->whole_word_mask,
                                             .mask_id = mask_id(run),
                                             .piece_kind = run->piece_kind},
                                 .teacher = teacher_of(run),
                                 .tokens = &run->corpus.tokens,
                                 .labels = run->corpus.label,
                                 .train = run->corpus.part[CAM_PART_TRAIN],
                                 .train_count = cam_corpus_train_count(&run->corpus),
                                 .cancel = run->cancel,
                                 .group = run->group,
                                 .comm = run->comm,
                                 .shard = is_sharded(run, backend)};
}
