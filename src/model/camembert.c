/* camembert.c: the forward pass; see camembert.h.
 *
 * Memory: trained layers keep their activations in the arena. Frozen layers, evaluation and gradient checkpointing
 * release them as soon as the layer's output is computed.
 */
#include "camembert.h"
#include "camembert_internal.h"
#include <math.h>
#include <stdlib.h>

#define PASS_OP(op)                                                                                                    \
    cam_status cam_pass_##op(cam_pass *pass, cam_##op##_args *args) {                                                  \
        cam_backend *backend = pass->model->backend;                                                                   \
        size_t mark = cam_arena_mark(pass->arena), bytes = cam_##op##_workspace(backend, args);                        \
        cam_##op##_set_workspace(args, (cam_workspace){cam_arena_take(pass->arena, bytes), bytes});                    \
        cam_status st = cam_arena_is_counting(pass->arena) ? CAM_OK : cam_##op(backend, args);                         \
        cam_arena_release(pass->arena, mark);                                                                          \
        return st;                                                                                                     \
    }
CAM_PASS_OPS(PASS_OP)
#undef PASS_OP

cam_status cam_camembert_open(cam_camembert *model, const cam_model_config *config, const cam_parameters *params,
                              cam_backend *backend) {
    *model = (cam_camembert){.config = config, .params = params, .backend = backend};
    model->saved = calloc((size_t)params->layers, sizeof *model->saved);
    if (!model->saved)
        return cam_fail(CAM_E_MEMORY, "no memory for %d layers", params->layers);
    return CAM_OK;
}

void cam_camembert_close(cam_camembert *model) {
    free(model->saved);
    *model = (cam_camembert){0};
}

uint32_t cam_pass_threshold(const cam_pass *pass, int depth, double probability) {
    const cam_camembert *model = pass->model;
    /* What an encoder without a head has to learn is a function of the text: noise would only be in its way. */
    int active = pass->training && model->params->task != CAM_TASK_ENCODER &&
                 (depth >= model->frozen_depth || model->frozen_dropout);
    return active ? cam_dropout_threshold(probability) : 0;
}

cam_dropout cam_layer_dropout(const cam_pass *pass, int layer, enum cam_site site) {
    int last = cam_pass_is_last(pass, layer);
    return (cam_dropout){.threshold = cam_pass_threshold(pass, layer + 1, pass->model->config->hidden_dropout_prob),
                         .site = (uint32_t)site + 4 * (uint32_t)layer,
                         .row = last ? pass->batch->list_row : pass->batch->token_row,
                         .index = last ? pass->batch->list_index : pass->batch->token_index};
}

cam_dropout cam_embedding_dropout(const cam_pass *pass) {
    return (cam_dropout){.threshold = cam_pass_threshold(pass, 0, pass->model->config->hidden_dropout_prob),
                         .site = CAM_SITE_EMBEDDING,
                         .row = pass->batch->token_row,
                         .index = pass->batch->token_index};
}

cam_dropout cam_head_dropout_of(const cam_pass *pass, enum cam_site site) {
    double probability = cam_model_config_head_dropout(pass->model->config);
    return (cam_dropout){.threshold = cam_pass_threshold(pass, pass->model->params->layers + 1, probability),
                         .site = (uint32_t)site,
                         .row = pass->batch->list_row,
                         .index = pass->batch->list_index};
}

uint32_t cam_attention_site(int layer) {
    return CAM_SITE_ATTENTION + 4 * (uint32_t)layer;
}

float cam_attention_scale(const cam_pass *pass) {
    const cam_model_config *config = pass->model->config;
    return (float)(1.0 / sqrt((double)config->hidden_size / config->num_attention_heads));
}

int cam_layer_is_trained(const cam_pass *pass, int layer) {
    return pass->training && layer + 1 >= pass->model->frozen_depth;
}

/* Memory for dropout decisions that this layer's backward pass reads; none where the backend draws them again. */
static cam_tensor new_mask(cam_pass *pass, int layer, uint32_t threshold, int64_t words) {
    int stores = pass->model->backend->dropout_masks && threshold > 0 && cam_layer_is_trained(pass, layer);
    return stores ? cam_arena_1d(pass->arena, CAM_I32, words) : CAM_NONE;
}

/* Queries, keys and values: one product over all tokens; in the last layer, keys and values of all tokens, and queries
 * of the query rows only. */
static cam_status project(cam_pass *pass, int layer, cam_layer_saved *saved) {
    cam_status st = CAM_OK;
    const cam_batch *batch = pass->batch;
    int64_t tokens = batch->ids.shape[0], h = pass->model->params->hidden;
    cam_tensor w = cam_layer_view(pass, layer, CAM_QKV_W, CAM_WEIGHT);
    cam_tensor b = cam_layer_view(pass, layer, CAM_QKV_B, CAM_WEIGHT);
    if (!cam_pass_is_last(pass, layer)) {
        cam_tensor qkv = cam_pass_2d(pass, tokens, 3 * h);
        CAM_RUN(linear_fwd, .y = qkv, .x = saved->x, .w = w, .bias = b, .rows = CAM_ROWS_TOKENS);
        saved->rows = saved->x;
        saved->q = cam_tensor_columns(qkv, 0, h);
        saved->k = cam_tensor_columns(qkv, h, h);
        saved->v = cam_tensor_columns(qkv, 2 * h, h);
        return CAM_OK;
    }
    cam_tensor kv = cam_pass_2d(pass, tokens, 2 * h);
    CAM_RUN(linear_fwd, .y = kv, .x = saved->x, .w = cam_tensor_rows(w, h, 2 * h), .bias = cam_tensor_rows(b, h, 2 * h),
            .rows = CAM_ROWS_TOKENS);
    saved->rows = cam_pass_2d(pass, batch->list.shape[0], h);
    CAM_RUN(head_gather_fwd, .y = saved->rows, .x = saved->x, .list = batch->list);
    saved->q = cam_pass_2d(pass, batch->list.shape[0], h);
    CAM_RUN(linear_fwd, .y = saved->q, .x = saved->rows, .w = cam_tensor_rows(w, 0, h),
            .bias = cam_tensor_rows(b, 0, h), .rows = CAM_ROWS_HEAD);
    saved->k = cam_tensor_columns(kv, 0, h);
    saved->v = cam_tensor_columns(kv, h, h);
out:
    return st;
}

static cam_status attend(cam_pass *pass, int layer, cam_layer_saved *saved) {
    cam_status st = CAM_OK;
    const cam_model_config *config = pass->model->config;
    const cam_batch *batch = pass->batch;
    int last = cam_pass_is_last(pass, layer);
    int64_t n = saved->rows.shape[0];
    uint32_t threshold = cam_pass_threshold(pass, layer + 1, config->attention_probs_dropout_prob);
    saved->attention_mask = CAM_NONE;
    if (!last) /* the queries of the last layer are few */
        saved->attention_mask =
            new_mask(pass, layer, threshold,
                     cam_attention_mask_words(batch->row.shape[0], config->num_attention_heads, batch->longest));
    saved->context = cam_pass_2d(pass, n, config->hidden_size);
    saved->lse = cam_pass_f32_2d(pass, n, config->num_attention_heads);
    CAM_RUN(attention_fwd, .out = saved->context, .lse = saved->lse, .q = saved->q, .k = saved->k, .v = saved->v,
            .cu_q = last ? batch->list_cu : batch->cu_seqlens, .cu_k = batch->cu_seqlens,
            .q_index = last ? batch->list_index : batch->token_index, .sequence_row = batch->row,
            .heads = config->num_attention_heads, .max_keys = batch->longest, .scale = cam_attention_scale(pass),
            .q_rows = cam_layer_rows(pass, layer), .threshold = threshold, .site = cam_attention_site(layer),
            .mask = saved->attention_mask);
out:
    return st;
}

cam_status cam_layer_forward(cam_pass *pass, int layer, cam_layer_saved *saved, cam_tensor y) {
    cam_status st = CAM_OK;
    const cam_model_config *config = pass->model->config;
    int64_t n = y.shape[0], h = config->hidden_size, f = config->intermediate_size;
    float eps = (float)config->layer_norm_eps;
    cam_rows rows = cam_layer_rows(pass, layer);
    cam_dropout dropout = cam_layer_dropout(pass, layer, CAM_SITE_ATTENTION_OUTPUT);
    CAM_TRY(project(pass, layer, saved));
    CAM_TRY(attend(pass, layer, saved));

    saved->z1 = cam_pass_2d(pass, n, h);
    saved->mean1 = cam_pass_f32_1d(pass, n);
    saved->rstd1 = cam_pass_f32_1d(pass, n);
    saved->x1 = cam_pass_2d(pass, n, h);
    saved->mask1 = new_mask(pass, layer, dropout.threshold, cam_dropout_mask_words(n, h));
    CAM_RUN(linear_fwd, .y = saved->z1, .x = saved->context, .w = cam_layer_view(pass, layer, CAM_OUTPUT_W, CAM_WEIGHT),
            .rows = rows);
    CAM_RUN(residual_fwd, .y = saved->x1, .z = saved->z1, .mean = saved->mean1, .rstd = saved->rstd1, .x = saved->z1,
            .bias = cam_layer_view(pass, layer, CAM_OUTPUT_B, CAM_WEIGHT), .residual = saved->rows,
            .gamma = cam_layer_view(pass, layer, CAM_ATTENTION_GAMMA, CAM_WEIGHT),
            .beta = cam_layer_view(pass, layer, CAM_ATTENTION_BETA, CAM_WEIGHT), .eps = eps, .rows = rows,
            .dropout = dropout, .mask = saved->mask1);

    saved->up = cam_pass_2d(pass, n, f);
    saved->activated = cam_pass_2d(pass, n, f);
    CAM_RUN(linear_fwd, .y = saved->up, .x = saved->x1, .w = cam_layer_view(pass, layer, CAM_UP_W, CAM_WEIGHT),
            .rows = rows);
    CAM_RUN(gelu_fwd, .y = saved->activated, .x = saved->up, .bias = cam_layer_view(pass, layer, CAM_UP_B, CAM_WEIGHT),
            .rows = rows);

    saved->z2 = cam_pass_2d(pass, n, h);
    saved->mean2 = cam_pass_f32_1d(pass, n);
    saved->rstd2 = cam_pass_f32_1d(pass, n);
    dropout = cam_layer_dropout(pass, layer, CAM_SITE_FFN_OUTPUT);
    saved->mask2 = new_mask(pass, layer, dropout.threshold, cam_dropout_mask_words(n, h));
    CAM_RUN(linear_fwd, .y = saved->z2, .x = saved->activated, .w = cam_layer_view(pass, layer, CAM_DOWN_W, CAM_WEIGHT),
            .rows = rows);
    CAM_RUN(residual_fwd, .y = y, .z = saved->z2, .mean = saved->mean2, .rstd = saved->rstd2, .x = saved->z2,
            .bias = cam_layer_view(pass, layer, CAM_DOWN_B, CAM_WEIGHT), .residual = saved->x1,
            .gamma = cam_layer_view(pass, layer, CAM_FFN_GAMMA, CAM_WEIGHT),
            .beta = cam_layer_view(pass, layer, CAM_FFN_BETA, CAM_WEIGHT), .eps = eps, .rows = rows, .dropout = dropout,
            .mask = saved->mask2);
out:
    return st;
}

static cam_status embed(cam_pass *pass, cam_tensor y) {
    cam_status st = CAM_OK;
    const cam_batch *batch = pass->batch;
    int64_t tokens = batch->ids.shape[0];
    CAM_TRY(cam_pass_need_weights(pass, 0));
    pass->embedded = y;
    pass->embedded_mean = cam_pass_f32_1d(pass, tokens);
    pass->embedded_rstd = cam_pass_f32_1d(pass, tokens);
    CAM_RUN(embedding_fwd, .y = y, .mean = pass->embedded_mean, .rstd = pass->embedded_rstd, .ids = batch->ids,
            .positions = batch->positions, .word = cam_embedding_view(pass, CAM_WORD, CAM_WEIGHT),
            .position = cam_embedding_view(pass, CAM_POSITION, CAM_WEIGHT),
            .type = cam_embedding_view(pass, CAM_TYPE, CAM_WEIGHT),
            .gamma = cam_embedding_view(pass, CAM_EMBEDDING_GAMMA, CAM_WEIGHT),
            .beta = cam_embedding_view(pass, CAM_EMBEDDING_BETA, CAM_WEIGHT),
            .eps = (float)pass->model->config->layer_norm_eps, .dropout = cam_embedding_dropout(pass));
out:
    return st;
}

cam_status cam_camembert_encode(cam_pass *pass) {
    cam_status st = CAM_OK;
    cam_camembert *model = pass->model;
    int64_t tokens = pass->batch->ids.shape[0], queries = pass->batch->list.shape[0], h = model->params->hidden;
    pass->hidden = cam_pass_f32_2d(pass, queries, h);
    /* Layers that keep nothing for backward write their output to these two buffers in turn. */
    cam_tensor stream[2] = {cam_pass_2d(pass, tokens, h), CAM_NONE};
    int turn = 0;
    CAM_TRY(embed(pass, stream[0]));
    cam_tensor x = stream[0];
    for (int layer = 0; layer < model->params->layers; layer++) {
        int trained = cam_layer_is_trained(pass, layer);
        cam_tensor y;
        if (cam_pass_is_last(pass, layer)) {
            y = pass->hidden;
        } else if (trained) {
            y = cam_pass_2d(pass, tokens, h);
        } else {
            if (!stream[1].data)
                stream[1] = cam_pass_2d(pass, tokens, h);
            turn = 1 - turn;
            y = stream[turn];
        }
        size_t mark = cam_arena_mark(pass->arena);
        model->saved[layer] = (cam_layer_saved){.x = x};
        CAM_TRY(cam_pass_need_weights(pass, layer + 1));
        CAM_TRY(cam_layer_forward(pass, layer, &model->saved[layer], y));
        if (!trained || model->gradient_checkpointing)
            cam_arena_release(pass->arena, mark);
        x = y;
    }
out:
    return st;
}

cam_status cam_camembert_gather_features(cam_pass *pass, cam_tensor features) {
    cam_status st = CAM_OK;
    pass->hidden = cam_pass_f32_2d(pass, pass->batch->row.shape[0], pass->model->params->hidden);
    CAM_RUN(head_gather_fwd, .y = pass->hidden, .x = features, .list = pass->batch->list);
out:
    return st;
}

cam_status cam_camembert_classify(cam_pass *pass) {
    cam_status st = CAM_OK;
    int64_t n = pass->hidden.shape[0], h = pass->hidden.shape[1];
    cam_tensor w = cam_head_view(pass, CAM_CLASSIFIER_W, CAM_WEIGHT);
    pass->head_input = cam_pass_f32_2d(pass, n, h);
    pass->head_dense = cam_pass_f32_2d(pass, n, h);
    pass->head_active = cam_pass_f32_2d(pass, n, h);
    pass->logits = cam_pass_f32_2d(pass, n, w.shape[0]);
    CAM_TRY(cam_pass_need_weights(pass, pass->model->params->layers + 1));
    CAM_RUN(head_dropout, .y = pass->head_input, .x = pass->hidden,
            .dropout = cam_head_dropout_of(pass, CAM_SITE_HEAD_INPUT));
    CAM_RUN(linear_fwd, .y = pass->head_dense, .x = pass->head_input, .w = cam_head_view(pass, CAM_DENSE_W, CAM_WEIGHT),
            .rows = CAM_ROWS_HEAD);
    CAM_RUN(head_tanh_fwd, .y = pass->head_active, .x = pass->head_dense,
            .bias = cam_head_view(pass, CAM_DENSE_B, CAM_WEIGHT),
            .dropout = cam_head_dropout_of(pass, CAM_SITE_HEAD_OUTPUT));
    CAM_RUN(linear_fwd, .y = pass->logits, .x = pass->head_active, .w = w,
            .bias = cam_head_view(pass, CAM_CLASSIFIER_B, CAM_WEIGHT), .rows = CAM_ROWS_HEAD);
out:
    return st;
}

cam_status cam_camembert_loss(cam_pass *pass) {
    cam_status st = CAM_OK;
    pass->row_loss = cam_pass_f32_1d(pass, pass->logits.shape[0]);
    CAM_RUN(loss, .row_loss = pass->row_loss, .dlogits = pass->training ? pass->logits : CAM_NONE,
            .logits = pass->logits, .labels = pass->batch->labels, .weights = pass->class_weights,
            .rows = CAM_ROWS_HEAD, .smoothing = pass->label_smoothing, .accumulate = pass->accumulate);
out:
    return st;
}
