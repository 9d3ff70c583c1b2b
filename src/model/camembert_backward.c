/* camembert_backward.c: the backward pass, from the logits down to the first trained tensor; see camembert.h.
 *
 * Invariant: on entry to a layer, `dy` holds the gradient of its output and may be overwritten; on return, `dx` holds
 * the gradient of its input. Depths below the first trained one are not computed.
 *
 * The chain from layer to layer runs in the main queue. What it does not read runs in the side queue: the gradients of
 * the products' weights, and the column sums of GELU and of the residual sums, which are gradients of biases and of
 * LayerNorm. It runs in sections that end with their depth as the mark. The chain goes on while they read its buffers,
 * so with a side queue nothing that they read is reused before a wait: within a layer every buffer has memory of its
 * own, two layers in turn have buffers of their own, and a layer begins after the sections of the layer that had its
 * buffers.
 */
#include "camembert_internal.h"

static int has_side(const cam_pass *pass) {
    return cam_backend_has_side(pass->model->backend);
}

/* Buffers of a layer's backward pass; N is T, or R in the last layer. */
typedef struct layer_buffers {
    cam_tensor dz, dx1, dcontext; /* [N,H] */
    cam_tensor dup;               /* [N,F] */
    cam_tensor dqkv;              /* [T,3H] */
    cam_tensor drows, dq, dkv;    /* [N,H] [N,H] [T,2H] in the last layer */
    /* What the column sums of GELU and of the two residual sums need. */
    cam_workspace up_sums, ffn_sums, attention_sums;
} layer_buffers;

/* A buffer that is taken from the arena at its first use. */
static cam_tensor use(cam_pass *pass, cam_tensor *buffer, int64_t rows, int64_t columns) {
    if (!buffer->data)
        *buffer = cam_pass_2d(pass, rows, columns);
    return *buffer;
}

/* Releases what the chain does not need any more, unless the side queue may still read it. */
static void release_chain(cam_pass *pass, size_t mark) {
    if (!has_side(pass))
        cam_arena_release(pass->arena, mark);
}

static cam_status gradients_ready(cam_pass *pass, int depth) {
    return pass->gradients_ready && !cam_arena_is_counting(pass->arena) ? pass->gradients_ready(pass->context, depth)
                                                                        : CAM_OK;
}

static cam_status section_begin(cam_pass *pass) {
    return cam_arena_is_counting(pass->arena) ? CAM_OK : cam_backend_side_begin(pass->model->backend);
}

static cam_status section_end(cam_pass *pass, int depth, cam_status st) {
    pass->side_mark = depth;
    return cam_arena_is_counting(pass->arena) ? st : cam_backend_side_end(pass->model->backend, depth, st);
}

/* The rows of residual_bwd and of gelu_bwd. Their column sums are computed in a section, with the same arguments. */
#define ROWS_OF(op)                                                                                                    \
    static cam_status op##_rows(cam_pass *pass, cam_##op##_args *args, cam_workspace *memory) {                        \
        cam_backend *backend = pass->model->backend;                                                                   \
        args->state = pass->state;                                                                                     \
        args->accumulate = pass->accumulate;                                                                           \
        if (!memory->data) {                                                                                           \
            size_t bytes = cam_##op##_workspace(backend, args);                                                        \
            *memory = (cam_workspace){cam_arena_take(pass->arena, bytes), bytes};                                      \
        }                                                                                                              \
        args->workspace = *memory;                                                                                     \
        args->stage = CAM_STAGE_ROWS;                                                                                  \
        cam_status st = cam_arena_is_counting(pass->arena) ? CAM_OK : cam_##op(backend, args);                         \
        args->stage = CAM_STAGE_SUMS;                                                                                  \
        return st;                                                                                                     \
    }
ROWS_OF(residual_bwd)
ROWS_OF(gelu_bwd)
#undef ROWS_OF

/* Column sums that begin a section; both may be NULL. */
typedef struct column_sums {
    const cam_residual_bwd_args *residual;
    const cam_gelu_bwd_args *gelu;
} column_sums;

static cam_status add_columns(cam_pass *pass, column_sums sums) {
    cam_status st = CAM_OK;
    cam_backend *backend = pass->model->backend;
    if (cam_arena_is_counting(pass->arena))
        return CAM_OK;
    if (sums.residual)
        CAM_TRY(cam_residual_bwd(backend, sums.residual));
    if (sums.gelu)
        CAM_TRY(cam_gelu_bwd(backend, sums.gelu));
out:
    return st;
}

/* A section: column sums, then linear_bwd_weight, which has no workspace there: the arena's belongs to the main queue.
 * `complete`: these are the last gradients of the depth. */
static cam_status section(cam_pass *pass, int depth, int complete, column_sums sums, cam_linear_bwd_weight_args *list,
                          int count) {
    cam_status st = CAM_OK, outcome = CAM_OK;
    CAM_TRY(section_begin(pass));
    outcome = add_columns(pass, sums);
    for (int i = 0; i < count && outcome == CAM_OK; i++) {
        list[i].state = pass->state;
        list[i].accumulate = pass->accumulate;
        CAM_ASSERT(!has_side(pass) || cam_linear_bwd_weight_workspace(pass->model->backend, &list[i]) == 0);
        outcome = cam_pass_linear_bwd_weight(pass, &list[i]);
    }
    if (complete && outcome == CAM_OK)
        outcome = gradients_ready(pass, depth);
    st = section_end(pass, depth, outcome);
out:
    return st;
}
/* Of one product. */
#define WEIGHT_GRADIENT(depth, complete, ...)                                                                          \
    CAM_TRY(section(pass, depth, complete, (column_sums){0}, &(cam_linear_bwd_weight_args){__VA_ARGS__}, 1))

/* Column sums, and the weight gradient of a product in a layer: dw from dy and the product's input x. */
static cam_status layer_section(cam_pass *pass, int layer, column_sums sums, cam_layer_tensor w, cam_tensor dy,
                                cam_tensor x) {
    cam_linear_bwd_weight_args product = {
        .dw = cam_layer_view(pass, layer, w, CAM_GRADIENT), .dy = dy, .x = x, .rows = cam_layer_rows(pass, layer)};
    return section(pass, layer + 1, 0, sums, &product, 1);
}

/* The main queue waits for the sections up to the last one of this depth. */
static cam_status wait_for_side(cam_pass *pass, int depth) {
    return cam_arena_is_counting(pass->arena) ? CAM_OK : cam_backend_side_wait(pass->model->backend, depth);
}

/* The feed-forward block and its residual sum: dy -> dx1, the gradient of x1. dz receives the gradient of the last
 * product's output and may be dy. */
static cam_status feed_forward_backward(cam_pass *pass, int layer, const cam_layer_saved *saved, layer_buffers *buffers,
                                        cam_tensor dy, cam_tensor dz, cam_tensor dx1) {
    cam_status st = CAM_OK;
    int64_t n = dy.shape[0], f = saved->up.shape[1];
    cam_rows rows = cam_layer_rows(pass, layer);
    size_t mark = cam_arena_mark(pass->arena);
    cam_tensor dup = use(pass, &buffers->dup, n, f);
    cam_residual_bwd_args residual = {.dx = dz,
                                      .dresidual = dx1,
                                      .dbias = cam_layer_view(pass, layer, CAM_DOWN_B, CAM_GRADIENT),
                                      .dgamma = cam_layer_view(pass, layer, CAM_FFN_GAMMA, CAM_GRADIENT),
                                      .dbeta = cam_layer_view(pass, layer, CAM_FFN_BETA, CAM_GRADIENT),
                                      .dy = dy,
                                      .z = saved->z2,
                                      .mean = saved->mean2,
                                      .rstd = saved->rstd2,
                                      .gamma = cam_layer_view(pass, layer, CAM_FFN_GAMMA, CAM_WEIGHT),
                                      .rows = rows,
                                      .dropout = cam_layer_dropout(pass, layer, CAM_SITE_FFN_OUTPUT),
                                      .mask = saved->mask2};
    cam_gelu_bwd_args gelu = {.dx = dup,
                              .dbias = cam_layer_view(pass, layer, CAM_UP_B, CAM_GRADIENT),
                              .dy = dup,
                              .x = saved->up,
                              .bias = cam_layer_view(pass, layer, CAM_UP_B, CAM_WEIGHT),
                              .rows = rows};
    CAM_TRY(residual_bwd_rows(pass, &residual, &buffers->ffn_sums));
    CAM_TRY(layer_section(pass, layer, (column_sums){.residual = &residual}, CAM_DOWN_W, dz, saved->activated));
    CAM_RUN(linear_bwd_data, .dx = dup, .dy = dz, .w = cam_layer_view(pass, layer, CAM_DOWN_W, CAM_WEIGHT),
            .rows = rows);
    CAM_TRY(gelu_bwd_rows(pass, &gelu, &buffers->up_sums));
    CAM_TRY(layer_section(pass, layer, (column_sums){.gelu = &gelu}, CAM_UP_W, dup, saved->x1));
    CAM_RUN(linear_bwd_data, .dx = dx1, .dy = dup, .w = cam_layer_view(pass, layer, CAM_UP_W, CAM_WEIGHT), .rows = rows,
            .accumulate = 1);
out:
    release_chain(pass, mark);
    return st;
}

/* Attention without its projections: dcontext -> dq, dk, dv. */
static cam_status attention_backward(cam_pass *pass, int layer, const cam_layer_saved *saved, cam_tensor dcontext,
                                     cam_tensor dq, cam_tensor dk, cam_tensor dv) {
    cam_status st = CAM_OK;
    const cam_model_config *config = pass->model->config;
    const cam_batch *batch = pass->batch;
    int last = cam_pass_is_last(pass, layer);
    CAM_RUN(attention_bwd, .dq = dq, .dk = dk, .dv = dv, .dout = dcontext, .out = saved->context, .lse = saved->lse,
            .q = saved->q, .k = saved->k, .v = saved->v, .cu_q = last ? batch->list_cu : batch->cu_seqlens,
            .cu_k = batch->cu_seqlens, .q_index = last ? batch->list_index : batch->token_index,
            .sequence_row = batch->row, .heads = config->num_attention_heads, .max_keys = batch->longest,
            .scale = cam_attention_scale(pass), .q_rows = cam_layer_rows(pass, layer),
            .threshold = cam_pass_threshold(pass, layer + 1, config->attention_probs_dropout_prob),
            .site = cam_attention_site(layer), .mask = saved->attention_mask);
out:
    return st;
}

/* One product computed q, k and v of every token. dx holds the gradient through the residual; theirs is added. */
static cam_status project_backward(cam_pass *pass, int layer, const cam_layer_saved *saved, cam_tensor dqkv,
                                   cam_tensor dx, int need_dx) {
    cam_status st = CAM_OK;
    WEIGHT_GRADIENT(layer + 1, 1, .dw = cam_layer_view(pass, layer, CAM_QKV_W, CAM_GRADIENT),
                    .dbias = cam_layer_view(pass, layer, CAM_QKV_B, CAM_GRADIENT), .dy = dqkv, .x = saved->x,
                    .rows = CAM_ROWS_TOKENS);
    if (need_dx)
        CAM_RUN(linear_bwd_data, .dx = dx, .dy = dqkv, .w = cam_layer_view(pass, layer, CAM_QKV_W, CAM_WEIGHT),
                .rows = CAM_ROWS_TOKENS, .accumulate = 1);
out:
    return st;
}

/* The last layer: keys and values give the gradient of all tokens, dx. `drows` holds the gradient of the query rows
 * through the residual; that of the queries is added, and the sum is scatter-added to dx. */
static cam_status project_query_rows_backward(cam_pass *pass, int layer, const cam_layer_saved *saved, cam_tensor dq,
                                              cam_tensor dkv, cam_tensor drows, cam_tensor dx, int need_dx) {
    cam_status st = CAM_OK;
    int64_t h = pass->model->params->hidden;
    cam_tensor w = cam_layer_view(pass, layer, CAM_QKV_W, CAM_WEIGHT);
    cam_tensor dw = cam_layer_view(pass, layer, CAM_QKV_W, CAM_GRADIENT);
    cam_tensor db = cam_layer_view(pass, layer, CAM_QKV_B, CAM_GRADIENT);
    cam_linear_bwd_weight_args gradients[] = {{.dw = cam_tensor_rows(dw, 0, h),
                                               .dbias = cam_tensor_rows(db, 0, h),
                                               .dy = dq,
                                               .x = saved->rows,
                                               .rows = CAM_ROWS_HEAD},
                                              {.dw = cam_tensor_rows(dw, h, 2 * h),
                                               .dbias = cam_tensor_rows(db, h, 2 * h),
                                               .dy = dkv,
                                               .x = saved->x,
                                               .rows = CAM_ROWS_TOKENS}};
    CAM_TRY(section(pass, layer + 1, 1, (column_sums){0}, gradients, 2));
    if (!need_dx)
        goto out;
    CAM_RUN(linear_bwd_data, .dx = dx, .dy = dkv, .w = cam_tensor_rows(w, h, 2 * h), .rows = CAM_ROWS_TOKENS);
    CAM_RUN(linear_bwd_data, .dx = drows, .dy = dq, .w = cam_tensor_rows(w, 0, h), .rows = CAM_ROWS_HEAD,
            .accumulate = 1);
    CAM_RUN(head_gather_bwd, .dx = dx, .dy = drows, .list = pass->batch->list, .accumulate = 1);
out:
    return st;
}

/* dy [N,H] -> dx [T,H]. dx holds its result only if need_dx, but is always needed: it is the buffer of the gradient
 * through the residual. */
static cam_status layer_backward(cam_pass *pass, int layer, const cam_layer_saved *saved, layer_buffers *buffers,
                                 cam_tensor dy, cam_tensor dx, int need_dx) {
    cam_status st = CAM_OK;
    int last = cam_pass_is_last(pass, layer);
    int64_t tokens = saved->x.shape[0], n = dy.shape[0], h = dy.shape[1];
    cam_rows rows = cam_layer_rows(pass, layer);
    cam_tensor dx1 = use(pass, &buffers->dx1, n, h);
    cam_tensor drows = last ? use(pass, &buffers->drows, n, h) : dx;
    /* The gradient from the head is f32 and needs another buffer in mixed precision; elsewhere dz reuses dy. */
    cam_tensor dz = dy.dtype == cam_pass_act(pass) ? dy : use(pass, &buffers->dz, n, h);
    cam_residual_bwd_args residual = {.dx = dx1,
                                      .dresidual = drows,
                                      .dbias = cam_layer_view(pass, layer, CAM_OUTPUT_B, CAM_GRADIENT),
                                      .dgamma = cam_layer_view(pass, layer, CAM_ATTENTION_GAMMA, CAM_GRADIENT),
                                      .dbeta = cam_layer_view(pass, layer, CAM_ATTENTION_BETA, CAM_GRADIENT),
                                      .dy = dx1,
                                      .z = saved->z1,
                                      .mean = saved->mean1,
                                      .rstd = saved->rstd1,
                                      .gamma = cam_layer_view(pass, layer, CAM_ATTENTION_GAMMA, CAM_WEIGHT),
                                      .rows = rows,
                                      .dropout = cam_layer_dropout(pass, layer, CAM_SITE_ATTENTION_OUTPUT),
                                      .mask = saved->mask1};
    CAM_TRY(feed_forward_backward(pass, layer, saved, buffers, dy, dz, dx1));
    CAM_TRY(residual_bwd_rows(pass, &residual, &buffers->attention_sums));
    CAM_TRY(layer_section(pass, layer, (column_sums){.residual = &residual}, CAM_OUTPUT_W, dx1, saved->context));
    cam_tensor dcontext = has_side(pass) ? use(pass, &buffers->dcontext, n, h) : dz; /* dz is not read any more */
    CAM_RUN(linear_bwd_data, .dx = dcontext, .dy = dx1, .w = cam_layer_view(pass, layer, CAM_OUTPUT_W, CAM_WEIGHT),
            .rows = rows);
    if (last) {
        cam_tensor dq = use(pass, &buffers->dq, n, h), dkv = use(pass, &buffers->dkv, tokens, 2 * h);
        CAM_TRY(attention_backward(pass, layer, saved, dcontext, dq, cam_tensor_columns(dkv, 0, h),
                                   cam_tensor_columns(dkv, h, h)));
        CAM_TRY(project_query_rows_backward(pass, layer, saved, dq, dkv, drows, dx, need_dx));
    } else {
        cam_tensor dqkv = use(pass, &buffers->dqkv, tokens, 3 * h);
        CAM_TRY(attention_backward(pass, layer, saved, dcontext, cam_tensor_columns(dqkv, 0, h),
                                   cam_tensor_columns(dqkv, h, h), cam_tensor_columns(dqkv, 2 * h, h)));
        CAM_TRY(project_backward(pass, layer, saved, dqkv, dx, need_dx));
    }
out:
    return st;
}

static cam_status embedding_backward(cam_pass *pass, cam_tensor dy) {
    cam_status st = CAM_OK;
    const cam_batch *batch = pass->batch;
    const cam_parameters *params = pass->model->params;
    int32_t pad = pass->model->config->pad_token_id;
    CAM_RUN(embedding_bwd, .dword = cam_embedding_view(pass, CAM_WORD, CAM_GRADIENT),
            .dposition = cam_embedding_view(pass, CAM_POSITION, CAM_GRADIENT),
            .dtype = cam_embedding_view(pass, CAM_TYPE, CAM_GRADIENT),
            .dgamma = cam_embedding_view(pass, CAM_EMBEDDING_GAMMA, CAM_GRADIENT),
            .dbeta = cam_embedding_view(pass, CAM_EMBEDDING_BETA, CAM_GRADIENT), .dy = dy, .mean = pass->embedded_mean,
            .rstd = pass->embedded_rstd, .ids = batch->ids, .positions = batch->positions,
            .word = cam_embedding_view(pass, CAM_WORD, CAM_WEIGHT),
            .position = cam_embedding_view(pass, CAM_POSITION, CAM_WEIGHT),
            .type = cam_embedding_view(pass, CAM_TYPE, CAM_WEIGHT),
            .gamma = cam_embedding_view(pass, CAM_EMBEDDING_GAMMA, CAM_WEIGHT),
            .pad_word = params->word_row ? params->word_row[pad] : pad, .pad_position = pad,
            .accumulate = pass->accumulate, .tied_word = params->task == CAM_TASK_MASKED_LM,
            .dropout = cam_embedding_dropout(pass));
out:
    return st;
}

/* The head: the gradient of the logits, which the loss has written -> dhidden, the gradient of `hidden`; dhidden only
 * if need_dhidden. */
static cam_status head_backward(cam_pass *pass, cam_tensor dhidden, int need_dhidden) {
    cam_status st = CAM_OK;
    int depth = pass->model->params->layers + 1;
    int64_t n = pass->logits.shape[0], h = pass->hidden.shape[1];
    size_t mark = cam_arena_mark(pass->arena);
    cam_tensor dlogits = pass->logits, dactive = cam_pass_f32_2d(pass, n, h);
    WEIGHT_GRADIENT(depth, 0, .dw = cam_head_view(pass, CAM_CLASSIFIER_W, CAM_GRADIENT),
                    .dbias = cam_head_view(pass, CAM_CLASSIFIER_B, CAM_GRADIENT), .dy = dlogits, .x = pass->head_active,
                    .rows = CAM_ROWS_HEAD);
    CAM_RUN(linear_bwd_data, .dx = dactive, .dy = dlogits, .w = cam_head_view(pass, CAM_CLASSIFIER_W, CAM_WEIGHT),
            .rows = CAM_ROWS_HEAD);
    CAM_RUN(head_tanh_bwd, .dx = dactive, .dbias = cam_head_view(pass, CAM_DENSE_B, CAM_GRADIENT), .dy = dactive,
            .x = pass->head_dense, .bias = cam_head_view(pass, CAM_DENSE_B, CAM_WEIGHT), .accumulate = pass->accumulate,
            .dropout = cam_head_dropout_of(pass, CAM_SITE_HEAD_OUTPUT));
    WEIGHT_GRADIENT(depth, !pass->mapped.data, .dw = cam_head_view(pass, CAM_DENSE_W, CAM_GRADIENT), .dy = dactive,
                    .x = pass->head_input, .rows = CAM_ROWS_HEAD);
    if (!need_dhidden)
        goto out;
    CAM_RUN(linear_bwd_data, .dx = dhidden, .dy = dactive, .w = cam_head_view(pass, CAM_DENSE_W, CAM_WEIGHT),
            .rows = CAM_ROWS_HEAD);
    CAM_RUN(head_dropout, .y = dhidden, .x = dhidden, .dropout = cam_head_dropout_of(pass, CAM_SITE_HEAD_INPUT));
out:
    release_chain(pass, mark);
    return st;
}

/* With gradient checkpointing: recomputes the activations that the layer's forward pass released. */
static cam_status recompute(cam_pass *pass, int layer, int64_t n) {
    cam_layer_saved *saved = &pass->model->saved[layer];
    int64_t h = pass->model->params->hidden;
    cam_tensor y = cam_pass_is_last(pass, layer) ? cam_pass_f32_2d(pass, n, h) : cam_pass_2d(pass, n, h);
    return cam_layer_forward(pass, layer, saved, y);
}

/* The layers down to the first trained one: dy, the gradient of the last one's output -> *dx, that of the embeddings'
 * output. Layer l writes its input's gradient to one of three streams: the side queue may still read that of layer l + 2
 * as the dy of layer l + 1. With gradient checkpointing the recomputed activations would be needed twice, too: each
 * layer waits for its own sections instead. */
static cam_status layers_backward(cam_pass *pass, cam_tensor dy, cam_tensor *dx) {
    cam_status st = CAM_OK;
    cam_camembert *model = pass->model;
    int layers = model->params->layers, keeps = has_side(pass) && !model->gradient_checkpointing;
    int64_t tokens = pass->batch->ids.shape[0], h = model->params->hidden;
    int streams = keeps ? 3 : 2;
    cam_tensor stream[3] = {0};
    layer_buffers own[3] = {0}; /* of even and odd layers, and of the last one */
    for (int i = 0; i < streams; i++)
        stream[i] = cam_pass_2d(pass, tokens, h);
    for (int layer = layers - 1; layer >= 0 && layer + 1 >= model->frozen_depth; layer--) {
        size_t mark = cam_arena_mark(pass->arena);
        layer_buffers fresh = {0}, *buffers = keeps ? &own[cam_pass_is_last(pass, layer) ? 2 : layer % 2] : &fresh;
        *dx = stream[layer % streams];
        if (model->gradient_checkpointing)
            CAM_TRY(recompute(pass, layer, dy.shape[0]));
        if (keeps && layer + 2 < layers - 1) /* the last layer's buffers are not used again */
            CAM_TRY(wait_for_side(pass, layer + 3));
        CAM_TRY(layer_backward(pass, layer, &model->saved[layer], buffers, dy, *dx, layer >= model->frozen_depth));
        if (!keeps) {
            CAM_TRY(wait_for_side(pass, layer + 1));
            cam_arena_release(pass->arena, mark);
        }
        dy = *dx;
    }
out:
    return st;
}

/* All gradients of a depth are computed in the main queue. */
static cam_status complete(cam_pass *pass, int depth) {
    cam_status st = CAM_OK;
    CAM_TRY(section_begin(pass));
    CAM_TRY(section_end(pass, depth, gradients_ready(pass, depth)));
out:
    return st;
}

static cam_status lm_head_backward(cam_pass *pass, cam_tensor dhidden) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_lm_head_backward(pass, dhidden));
    CAM_TRY(complete(pass, pass->model->params->layers + 1));
out:
    return st;
}

/* The map to a teacher's hidden states, the last part of the head. */
static cam_status map_backward(cam_pass *pass, cam_tensor dhidden, int need_dhidden) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_distill_backward(pass, dhidden, need_dhidden));
    CAM_TRY(complete(pass, pass->model->params->layers + 1));
out:
    return st;
}

cam_status cam_camembert_backward(cam_pass *pass) {
    cam_status st = CAM_OK;
    cam_camembert *model = pass->model;
    int layers = model->params->layers, encoder_trained = model->frozen_depth <= layers;
    size_t mark = cam_arena_mark(pass->arena);
    cam_tensor dy = cam_pass_f32_2d(pass, pass->hidden.shape[0], model->params->hidden), dx = CAM_NONE;
    if (model->params->task == CAM_TASK_MASKED_LM)
        CAM_TRY(lm_head_backward(pass, dy));
    else if (model->params->task == CAM_TASK_CLASSIFY)
        CAM_TRY(head_backward(pass, dy, encoder_trained));
    if (pass->mapped.data)
        CAM_TRY(map_backward(pass, dy, encoder_trained));
    if (encoder_trained)
        CAM_TRY(layers_backward(pass, dy, &dx));
    if (model->frozen_depth == 0) {
        CAM_TRY(embedding_backward(pass, dx));
        CAM_TRY(complete(pass, 0));
    }
    CAM_TRY(wait_for_side(pass, pass->side_mark));
out:
    cam_arena_release(pass->arena, mark);
    return st;
}
