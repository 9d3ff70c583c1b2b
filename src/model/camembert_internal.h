/* camembert_internal.h: helpers for the forward pass (camembert.c) and the backward pass (camembert_backward.c). */
#ifndef CAM_CAMEMBERT_INTERNAL_H
#define CAM_CAMEMBERT_INTERNAL_H

#include "camembert.h"

/* Runs an operator of a pass: adds the step state, and takes its workspace from the arena for the call. With a counting
 * arena only the workspace is counted. For functions with a parameter `cam_pass *pass`, and `st` and `out:` for
 * CAM_TRY. */
#define CAM_RUN(op, ...) CAM_TRY(cam_pass_##op(pass, &(cam_##op##_args){.state = pass->state, __VA_ARGS__}))

#define CAM_PASS_OPS(X)                                                                                                \
    X(embedding_fwd)                                                                                                   \
    X(embedding_bwd)                                                                                                   \
    X(linear_fwd)                                                                                                      \
    X(linear_bwd_data)                                                                                                 \
    X(linear_bwd_weight)                                                                                               \
    X(attention_fwd)                                                                                                   \
    X(attention_bwd)                                                                                                   \
    X(residual_fwd)                                                                                                    \
    X(residual_bwd)                                                                                                    \
    X(gelu_fwd)                                                                                                        \
    X(gelu_bwd)                                                                                                        \
    X(head_gather_fwd)                                                                                                 \
    X(head_gather_bwd)                                                                                                 \
    X(head_dropout)                                                                                                    \
    X(head_tanh_fwd)                                                                                                   \
    X(head_tanh_bwd)                                                                                                   \
    X(loss)                                                                                                            \
    X(distill_logits)                                                                                                  \
    X(distill_hidden)

#define CAM_PASS_DECLARE(op) CAM_MUST_CHECK cam_status cam_pass_##op(cam_pass *pass, cam_##op##_args *args);
CAM_PASS_OPS(CAM_PASS_DECLARE)
#undef CAM_PASS_DECLARE

/* The view of a tensor of a layer, of the embeddings or of the head, in a plane: its weight or its gradient. */
static inline cam_tensor cam_layer_view(const cam_pass *pass, int layer, cam_layer_tensor tensor, cam_plane plane) {
    const cam_parameters *params = pass->model->params;
    return cam_parameters_view(params, cam_parameter_of_layer(params, layer, tensor), plane);
}
static inline cam_tensor cam_embedding_view(const cam_pass *pass, cam_embedding_tensor tensor, cam_plane plane) {
    const cam_parameters *params = pass->model->params;
    cam_tensor view = cam_parameters_view(params, cam_parameter_of_embedding(params, tensor), plane);
    if (tensor == CAM_TYPE && view.data)
        view.shape[0] = 1; /* every token is of type 0 */
    return view;
}
static inline cam_tensor cam_head_view(const cam_pass *pass, cam_head_tensor tensor, cam_plane plane) {
    const cam_parameters *params = pass->model->params;
    return cam_parameters_view(params, cam_parameter_of_head(params, tensor), plane);
}

/* The dtype of the layers' activations. */
static inline cam_dtype cam_pass_act(const cam_pass *pass) {
    return pass->model->params->precision.bf16 ? CAM_BF16 : CAM_F32;
}
/* A new activation: of the layers; or in f32, for the head and for statistics. */
static inline cam_tensor cam_pass_2d(cam_pass *pass, int64_t rows, int64_t columns) {
    return cam_arena_2d(pass->arena, cam_pass_act(pass), rows, columns);
}
static inline cam_tensor cam_pass_f32_2d(cam_pass *pass, int64_t rows, int64_t columns) {
    return cam_arena_2d(pass->arena, CAM_F32, rows, columns);
}
static inline cam_tensor cam_pass_f32_1d(cam_pass *pass, int64_t n) {
    return cam_arena_1d(pass->arena, CAM_F32, n);
}

static inline int cam_pass_is_last(const cam_pass *pass, int layer) {
    return layer == pass->model->params->layers - 1;
}
/* The rows of a layer's computation, keys and values excepted: all tokens, or in the last layer the query rows. */
static inline cam_rows cam_layer_rows(const cam_pass *pass, int layer) {
    return cam_pass_is_last(pass, layer) ? CAM_ROWS_HEAD : CAM_ROWS_TOKENS;
}

/* Called before the weights of a depth are read. */
static inline CAM_MUST_CHECK cam_status cam_pass_need_weights(cam_pass *pass, int depth) {
    if (!pass->weights_needed || cam_arena_is_counting(pass->arena))
        return CAM_OK;
    return pass->weights_needed(pass->context, depth);
}

/* The dropout threshold in a depth: 0 outside training, and in frozen depths unless frozen_dropout. */
uint32_t cam_pass_threshold(const cam_pass *pass, int depth, double probability);
/* Dropout on rows of a layer's activations; `site` is that of layer 0. */
cam_dropout cam_layer_dropout(const cam_pass *pass, int layer, enum cam_site site);
cam_dropout cam_embedding_dropout(const cam_pass *pass);
cam_dropout cam_head_dropout_of(const cam_pass *pass, enum cam_site site);
uint32_t cam_attention_site(int layer);
float cam_attention_scale(const cam_pass *pass);

/* Whether backward passes through this layer, and so needs its activations. */
int cam_layer_is_trained(const cam_pass *pass, int layer);

/* Backward of lm_head: head_gradient -> dhidden, the gradient of `hidden`. */
CAM_MUST_CHECK cam_status cam_lm_head_backward(cam_pass *pass, cam_tensor dhidden);

/* Backward of distill: the gradients of the map; and where need_dhidden, dhidden += that of `hidden` through it. */
CAM_MUST_CHECK cam_status cam_distill_backward(cam_pass *pass, cam_tensor dhidden, int need_dhidden);

/* One layer: reads saved->x, writes y [N,H], fills the rest of `saved`. */
CAM_MUST_CHECK cam_status cam_layer_forward(cam_pass *pass, int layer, cam_layer_saved *saved, cam_tensor y);

#endif
